//! Tags of the optional parameters (SMPP 3.4 §5.3.2, 5.0 §4.8.1).

use crate::named::named_set;

named_set! {
    /// What a TLV holds. An open set: 0x1400–0x3FFF are vendors' own, and mean different things to different vendors.
    Tag(u16), prefix "", unknown "0x{:04X}";
    /// Part of the destination device the message is for; 1 octet.
    DEST_ADDR_SUBUNIT = 0x0005;
    /// Network type of the destination; 1 octet.
    DEST_NETWORK_TYPE = 0x0006;
    /// Bearer of the destination; 1 octet.
    DEST_BEARER_TYPE = 0x0007;
    /// Telematic interworking of the destination; 2 octets.
    DEST_TELEMATICS_ID = 0x0008;
    /// Part of the device the message came from; 1 octet.
    SOURCE_ADDR_SUBUNIT = 0x000D;
    /// Network type of the source; 1 octet.
    SOURCE_NETWORK_TYPE = 0x000E;
    /// Bearer of the source; 1 octet.
    SOURCE_BEARER_TYPE = 0x000F;
    /// Telematic interworking of the source; 1 octet.
    SOURCE_TELEMATICS_ID = 0x0010;
    /// How long to keep trying, in seconds; 4 octets.
    QOS_TIME_TO_LIVE = 0x0017;
    /// What the payload is (0 default, 1 WCMP); 1 octet.
    PAYLOAD_TYPE = 0x0019;
    /// Words about the status; C-octet string.
    ADDITIONAL_STATUS_INFO_TEXT = 0x001D;
    /// The SMSC's id of the message that a receipt is for; C-octet string.
    RECEIPTED_MESSAGE_ID = 0x001E;
    /// Message-waiting indication; 1 octet.
    MS_MSG_WAIT_FACILITIES = 0x0030;
    /// Privacy of the message; 1 octet.
    PRIVACY_INDICATOR = 0x0201;
    /// Subaddress of the source; octets.
    SOURCE_SUBADDRESS = 0x0202;
    /// Subaddress of the destination; octets.
    DEST_SUBADDRESS = 0x0203;
    /// The ESME's own reference; 2 octets.
    USER_MESSAGE_REFERENCE = 0x0204;
    /// A user's response; 1 octet.
    USER_RESPONSE_CODE = 0x0205;
    /// Application port of the source; 2 octets.
    SOURCE_PORT = 0x020A;
    /// Application port of the destination; 2 octets.
    DESTINATION_PORT = 0x020B;
    /// Reference shared by the segments of a message; 2 octets.
    SAR_MSG_REF_NUM = 0x020C;
    /// Language of the text; 1 octet.
    LANGUAGE_INDICATOR = 0x020D;
    /// Number of segments; 1 octet.
    SAR_TOTAL_SEGMENTS = 0x020E;
    /// Number of this segment, from 1; 1 octet.
    SAR_SEGMENT_SEQNUM = 0x020F;
    /// SMPP version of the SMSC (0x34, 0x50); 1 octet.
    SC_INTERFACE_VERSION = 0x0210;
    /// Presentation of the call-back number; 1 octet.
    CALLBACK_NUM_PRES_IND = 0x0302;
    /// Name shown with the call-back number; octets.
    CALLBACK_NUM_ATAG = 0x0303;
    /// Messages waiting in a mail box; 1 octet.
    NUMBER_OF_MESSAGES = 0x0304;
    /// Call-back number; octets.
    CALLBACK_NUM = 0x0381;
    /// Whether the delivery-pending flag was set; 1 octet.
    DPF_RESULT = 0x0420;
    /// Asks for the delivery-pending flag; 1 octet.
    SET_DPF = 0x0421;
    /// Whether the subscriber is reachable; 1 octet.
    MS_AVAILABILITY_STATUS = 0x0422;
    /// Network type and its error code; 3 octets.
    NETWORK_ERROR_CODE = 0x0423;
    /// The message, instead of `short_message`; octets.
    MESSAGE_PAYLOAD = 0x0424;
    /// Why `data_sm` was not delivered; 1 octet.
    DELIVERY_FAILURE_REASON = 0x0425;
    /// More messages follow for this destination; 1 octet.
    MORE_MESSAGES_TO_SEND = 0x0426;
    /// State of a message in a receipt; 1 octet.
    MESSAGE_STATE = 0x0427;
    /// Load of the peer, 0 to 100 (5.0); 1 octet.
    CONGESTION_STATE = 0x0428;
    /// USSD operation; 1 octet.
    USSD_SERVICE_OP = 0x0501;
    /// Broadcast channel (5.0); 1 octet.
    BROADCAST_CHANNEL_INDICATOR = 0x0600;
    /// Network and kind of content (5.0); 3 octets.
    BROADCAST_CONTENT_TYPE = 0x0601;
    /// More about the content (5.0); octets.
    BROADCAST_CONTENT_TYPE_INFO = 0x0602;
    /// Class of a broadcast (5.0); 1 octet.
    BROADCAST_MESSAGE_CLASS = 0x0603;
    /// How often a broadcast is repeated (5.0); 2 octets.
    BROADCAST_REP_NUM = 0x0604;
    /// Time between repetitions (5.0); 3 octets.
    BROADCAST_FREQUENCY_INTERVAL = 0x0605;
    /// Where to broadcast (5.0); octets.
    BROADCAST_AREA_IDENTIFIER = 0x0606;
    /// Status for an area (5.0); 4 octets.
    BROADCAST_ERROR_STATUS = 0x0607;
    /// Success rate for an area (5.0); 1 octet.
    BROADCAST_AREA_SUCCESS = 0x0608;
    /// When a broadcast ended (5.0); C-octet string.
    BROADCAST_END_TIME = 0x0609;
    /// Group of receivers (5.0); octets.
    BROADCAST_SERVICE_GROUP = 0x060A;
    /// Billing data (5.0); octets.
    BILLING_IDENTIFICATION = 0x060B;
    /// Network of the source (5.0); C-octet string.
    SOURCE_NETWORK_ID = 0x060D;
    /// Network of the destination (5.0); C-octet string.
    DEST_NETWORK_ID = 0x060E;
    /// Node of the source (5.0); octets.
    SOURCE_NODE_ID = 0x060F;
    /// Node of the destination (5.0); octets.
    DEST_NODE_ID = 0x0610;
    /// Whether number portability was looked up (5.0); 1 octet.
    DEST_ADDR_NP_RESOLUTION = 0x0611;
    /// Number portability information (5.0); octets.
    DEST_ADDR_NP_INFORMATION = 0x0612;
    /// Country of the ported number (5.0); octets.
    DEST_ADDR_NP_COUNTRY = 0x0613;
    /// How to show the message; 1 octet.
    DISPLAY_TIME = 0x1201;
    /// Alert of the device; 2 octets.
    SMS_SIGNAL = 0x1203;
    /// How long the message is valid on the device; 1 octet or 4.
    MS_VALIDITY = 0x1204;
    /// Ask the device to alert; 0 octets or 1.
    ALERT_ON_MESSAGE_DELIVERY = 0x130C;
    /// Expected reply of an interactive session; 1 octet.
    ITS_REPLY_TYPE = 0x1380;
    /// Session and step of an interactive session; 2 octets.
    ITS_SESSION_INFO = 0x1383;
}

impl Tag {
    /// Whether the tag is in the range left to vendors (0x1400–0x3FFF).
    #[must_use]
    pub const fn is_vendor(self) -> bool {
        matches!(self.0, 0x1400..=0x3FFF)
    }
}
