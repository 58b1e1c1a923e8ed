//! Values of single-octet fields. All of them are plain octets in the PDUs: any value may arrive.

/// `data_coding` (SMPP 3.4 §5.2.19, 5.0 §4.7.7).
pub mod data_coding {
    /// The SMSC's default alphabet, most often GSM 03.38.
    pub const DEFAULT: u8 = 0x00;
    /// IA5, ASCII.
    pub const ASCII: u8 = 0x01;
    /// Octets.
    pub const OCTETS: u8 = 0x02;
    /// Latin-1, ISO 8859-1.
    pub const LATIN_1: u8 = 0x03;
    /// Eight-bit octets.
    pub const BINARY: u8 = 0x04;
    /// JIS X 0208.
    pub const JIS: u8 = 0x05;
    /// Cyrillic, ISO 8859-5.
    pub const CYRILLIC: u8 = 0x06;
    /// Hebrew, ISO 8859-8.
    pub const HEBREW: u8 = 0x07;
    /// UCS-2, big endian.
    pub const UCS2: u8 = 0x08;
}

/// `esm_class` (SMPP 3.4 §5.2.12, 5.0 §4.7.12).
pub mod esm_class {
    /// The bits of the messaging mode.
    pub const MODE_MASK: u8 = 0x03;
    /// The SMSC's own mode.
    pub const MODE_DEFAULT: u8 = 0x00;
    /// Datagram mode.
    pub const MODE_DATAGRAM: u8 = 0x01;
    /// Forward (transaction) mode.
    pub const MODE_FORWARD: u8 = 0x02;
    /// Store and forward.
    pub const MODE_STORE_AND_FORWARD: u8 = 0x03;
    /// The bits of the message type.
    pub const TYPE_MASK: u8 = 0x3C;
    /// A receipt of the SMSC.
    pub const TYPE_RECEIPT: u8 = 0x04;
    /// An acknowledgement of the subscriber's device.
    pub const TYPE_DELIVERY_ACK: u8 = 0x08;
    /// An acknowledgement typed by the subscriber.
    pub const TYPE_USER_ACK: u8 = 0x10;
    /// An intermediate notification.
    pub const TYPE_INTERMEDIATE: u8 = 0x20;
    /// The message begins with a user data header.
    pub const UDHI: u8 = 0x40;
    /// Reply path is set.
    pub const REPLY_PATH: u8 = 0x80;
}

/// `registered_delivery` (SMPP 3.4 §5.2.17, 5.0 §4.7.21).
pub mod registered_delivery {
    /// No receipt.
    pub const NONE: u8 = 0x00;
    /// A receipt of the final outcome.
    pub const FINAL: u8 = 0x01;
    /// A receipt of failure only.
    pub const FAILURE: u8 = 0x02;
    /// A receipt of success only (5.0).
    pub const SUCCESS: u8 = 0x03;
    /// The bits of the SMSC's receipt.
    pub const MASK: u8 = 0x03;
    /// Intermediate notifications, too.
    pub const INTERMEDIATE: u8 = 0x10;
}

/// Type of number (SMPP 3.4 §5.2.5, 5.0 §4.7.1).
pub mod ton {
    /// Unknown.
    pub const UNKNOWN: u8 = 0;
    /// International.
    pub const INTERNATIONAL: u8 = 1;
    /// National.
    pub const NATIONAL: u8 = 2;
    /// Network-specific.
    pub const NETWORK: u8 = 3;
    /// Subscriber number.
    pub const SUBSCRIBER: u8 = 4;
    /// Letters.
    pub const ALPHANUMERIC: u8 = 5;
    /// Abbreviated.
    pub const ABBREVIATED: u8 = 6;
}

/// Numbering plan indicator (SMPP 3.4 §5.2.6, 5.0 §4.7.2).
pub mod npi {
    /// Unknown.
    pub const UNKNOWN: u8 = 0;
    /// ISDN (E.163, E.164).
    pub const ISDN: u8 = 1;
    /// Data (X.121).
    pub const DATA: u8 = 3;
    /// Telex (F.69).
    pub const TELEX: u8 = 4;
    /// Land mobile (E.212).
    pub const LAND_MOBILE: u8 = 6;
    /// National.
    pub const NATIONAL: u8 = 8;
    /// Private.
    pub const PRIVATE: u8 = 9;
    /// ERMES.
    pub const ERMES: u8 = 10;
    /// Internet address.
    pub const INTERNET: u8 = 14;
    /// WAP client id.
    pub const WAP: u8 = 18;
}

/// `message_state` (SMPP 3.4 §5.2.28, 5.0 §4.7.15).
pub mod message_state {
    /// Scheduled (5.0).
    pub const SCHEDULED: u8 = 0;
    /// On its way.
    pub const ENROUTE: u8 = 1;
    /// Delivered.
    pub const DELIVERED: u8 = 2;
    /// Validity period ended.
    pub const EXPIRED: u8 = 3;
    /// Deleted.
    pub const DELETED: u8 = 4;
    /// Cannot be delivered.
    pub const UNDELIVERABLE: u8 = 5;
    /// Accepted on the subscriber's behalf.
    pub const ACCEPTED: u8 = 6;
    /// Unknown.
    pub const UNKNOWN: u8 = 7;
    /// Rejected.
    pub const REJECTED: u8 = 8;
    /// Skipped (5.0).
    pub const SKIPPED: u8 = 9;
}

/// `interface_version` and `sc_interface_version` (SMPP 3.4 §5.2.4, 5.0 §4.7.13).
pub mod interface_version {
    /// SMPP 3.3: no optional parameters.
    pub const V3_3: u8 = 0x33;
    /// SMPP 3.4.
    pub const V3_4: u8 = 0x34;
    /// SMPP 5.0.
    pub const V5_0: u8 = 0x50;
}
