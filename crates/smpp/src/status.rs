//! Command statuses (SMPP 3.4 §5.1.3, 5.0 §4.7.6).
//!
//! ```
//! use sambac_smpp::CommandStatus;
//! assert_eq!(CommandStatus::RTHROTTLED.name(), "ESME_RTHROTTLED");
//! assert_eq!(CommandStatus(0x401).name(), "0x00000401");
//! ```

use crate::named::named_set;

named_set! {
    /// How a request ended. An open set: vendors use 0x400 and above, and more.
    CommandStatus(u32), prefix "ESME_", unknown "0x{:08X}";
    /// No error.
    ROK = 0x0000;
    /// Message length is invalid.
    RINVMSGLEN = 0x0001;
    /// Command length is invalid.
    RINVCMDLEN = 0x0002;
    /// Unknown command id.
    RINVCMDID = 0x0003;
    /// Command not allowed in this bind state.
    RINVBNDSTS = 0x0004;
    /// Already bound.
    RALYBND = 0x0005;
    /// Invalid priority flag.
    RINVPRTFLG = 0x0006;
    /// Invalid registered_delivery.
    RINVREGDLVFLG = 0x0007;
    /// System error.
    RSYSERR = 0x0008;
    /// Invalid source address.
    RINVSRCADR = 0x000A;
    /// Invalid destination address.
    RINVDSTADR = 0x000B;
    /// Invalid message_id.
    RINVMSGID = 0x000C;
    /// Bind failed.
    RBINDFAIL = 0x000D;
    /// Invalid password.
    RINVPASWD = 0x000E;
    /// Invalid system_id.
    RINVSYSID = 0x000F;
    /// cancel_sm failed.
    RCANCELFAIL = 0x0011;
    /// replace_sm failed.
    RREPLACEFAIL = 0x0013;
    /// Message queue full.
    RMSGQFUL = 0x0014;
    /// Invalid service_type.
    RINVSERTYP = 0x0015;
    /// Invalid number of destinations.
    RINVNUMDESTS = 0x0033;
    /// Invalid distribution list name.
    RINVDLNAME = 0x0034;
    /// Invalid dest_flag.
    RINVDESTFLAG = 0x0040;
    /// Submit with replace is not supported.
    RINVSUBREP = 0x0042;
    /// Invalid esm_class.
    RINVESMCLASS = 0x0043;
    /// Cannot submit to a distribution list.
    RCNTSUBDL = 0x0044;
    /// submit_sm or submit_multi failed.
    RSUBMITFAIL = 0x0045;
    /// Invalid source type of number.
    RINVSRCTON = 0x0048;
    /// Invalid source numbering plan.
    RINVSRCNPI = 0x0049;
    /// Invalid destination type of number.
    RINVDSTTON = 0x0050;
    /// Invalid destination numbering plan.
    RINVDSTNPI = 0x0051;
    /// Invalid system_type.
    RINVSYSTYP = 0x0053;
    /// Invalid replace_if_present flag.
    RINVREPFLAG = 0x0054;
    /// Invalid number of messages.
    RINVNUMMSGS = 0x0055;
    /// Throttled: the allowed message rate was exceeded.
    RTHROTTLED = 0x0058;
    /// Invalid scheduled delivery time.
    RINVSCHED = 0x0061;
    /// Invalid validity period.
    RINVEXPIRY = 0x0062;
    /// Predefined message is invalid or was not found.
    RINVDFTMSGID = 0x0063;
    /// ESME receiver: temporary error.
    RX_T_APPN = 0x0064;
    /// ESME receiver: permanent error.
    RX_P_APPN = 0x0065;
    /// ESME receiver: message rejected.
    RX_R_APPN = 0x0066;
    /// query_sm failed.
    RQUERYFAIL = 0x0067;
    /// The optional part of the body is malformed (3.4: RINVOPTPARSTREAM).
    RINVTLVSTREAM = 0x00C0;
    /// A TLV is not allowed (3.4: ROPTPARNOTALLWD).
    RTLVNOTALLWD = 0x00C1;
    /// A TLV has an invalid length (3.4: RINVPARLEN).
    RINVTLVLEN = 0x00C2;
    /// An expected TLV is missing (3.4: RMISSINGOPTPARAM).
    RMISSINGTLV = 0x00C3;
    /// A TLV has an invalid value (3.4: RINVOPTPARAMVAL).
    RINVTLVVAL = 0x00C4;
    /// Delivery failure (`data_sm_resp`).
    RDELIVERYFAILURE = 0x00FE;
    /// Unknown error.
    RUNKNOWNERR = 0x00FF;
    /// Not authorised to use this service_type (5.0).
    RSERTYPUNAUTH = 0x0100;
    /// Prohibited from using this operation (5.0).
    RPROHIBITED = 0x0101;
    /// This service_type is unavailable (5.0).
    RSERTYPUNAVAIL = 0x0102;
    /// This service_type is denied (5.0).
    RSERTYPDENIED = 0x0103;
    /// Invalid data_coding (5.0).
    RINVDCS = 0x0104;
    /// Invalid source address subunit (5.0).
    RINVSRCADDRSUBUNIT = 0x0105;
    /// Invalid destination address subunit (5.0).
    RINVDSTADDRSUBUNIT = 0x0106;
    /// Invalid broadcast frequency interval (5.0).
    RINVBCASTFREQINT = 0x0107;
    /// Invalid broadcast alias name (5.0).
    RINVBCASTALIAS_NAME = 0x0108;
    /// Invalid broadcast area format (5.0).
    RINVBCASTAREAFMT = 0x0109;
    /// Invalid number of broadcast areas (5.0).
    RINVNUMBCAST_AREAS = 0x010A;
    /// Invalid broadcast content type (5.0).
    RINVBCASTCNTTYPE = 0x010B;
    /// Invalid broadcast message class (5.0).
    RINVBCASTMSGCLASS = 0x010C;
    /// broadcast_sm failed (5.0).
    RBCASTFAIL = 0x010D;
    /// query_broadcast_sm failed (5.0).
    RBCASTQUERYFAIL = 0x010E;
    /// cancel_broadcast_sm failed (5.0).
    RBCASTCANCELFAIL = 0x010F;
    /// Invalid number of repeated broadcasts (5.0).
    RINVBCAST_REP = 0x0110;
    /// Invalid broadcast service group (5.0).
    RINVBCASTSRVGRP = 0x0111;
    /// Invalid broadcast channel indicator (5.0).
    RINVBCASTCHANIND = 0x0112;
}

impl CommandStatus {
    /// Whether the request succeeded.
    #[must_use]
    pub const fn is_ok(self) -> bool {
        self.0 == 0
    }
}
