//! Named starting points. A preset holds only what differs from the defaults.

/// A named set of settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub meaning: &'static str,
    /// Its settings, as JSON.
    pub settings: &'static str,
}

/// Presets of connectors.
pub const PRESETS: &[Preset] = &[
    Preset { name: "generic", meaning: "Any SMSC: liberal in what it takes, careful in what it sends", settings: "{}" },
    Preset {
        name: "strict_3_4",
        meaning: "An SMSC that keeps to SMPP 3.4 by the letter, and expects the same",
        settings: r#"{
            "session": { "take_broken_tlvs": false },
            "receipt": { "detect": "bits" },
            "receipt_id": { "propose_rule": false, "match_without_id": false }
        }"#,
    },
    Preset {
        name: "kannel",
        meaning: "An SMSC that expects the habits of Kannel's client",
        settings: r#"{
            "submit": { "esm_mode": 3, "validity": "absolute" },
            "session": { "response_timeout_ms": 60000, "inactivity_timeout_s": 0 },
            "bind": { "reconnect_min_ms": 10000, "system_type": "VMA" },
            "receipt": { "detect": "bits_or_tlv" }
        }"#,
    },
    Preset {
        name: "jasmin",
        meaning: "A Jasmin gateway as the next hop: UUIDs as ids, its own bind refusals and limits",
        settings: r#"{
            "bind": { "refusals": { "0x0E": "credentials", "0x0D": "limit" }, "reconnect_min_ms": 10000, "password_octets_max": 16 },
            "receipt_id": { "strip_zeros": false },
            "errors": { "actions": { "0x08": { "action": "fail_over" }, "0x45": { "action": "retry" } } }
        }"#,
    },
    Preset {
        name: "smpp_5_0",
        meaning: "An SMSC of SMPP 5.0: congestion_state steers the window",
        settings: r#"{ "session": { "interface_version": "5.0" }, "flow": { "heed_congestion": true } }"#,
    },
    Preset {
        name: "india_dlt",
        meaning: "Example of Indian operators: entity and template of the DLT registry go with each message",
        settings: r#"{
            "tlvs": { "out": [
                { "tag": "0x1400", "name": "dlt_entity_id", "kind": "c_string", "required": true, "octets_max": 30 },
                { "tag": "0x1401", "name": "dlt_template_id", "kind": "c_string", "required": true, "octets_max": 30 },
                { "tag": "0x1402", "name": "dlt_telemarketer_id", "kind": "c_string", "octets_max": 70 }
            ] }
        }"#,
    },
];

/// Presets of SMPP accounts.
pub const CLIENT_PRESETS: &[Preset] = &[
    Preset { name: "generic", meaning: "Any ESME that keeps to SMPP 3.4", settings: "{}" },
    Preset {
        name: "jasmin",
        meaning: "An ESME that was built for Jasmin: UUIDs, its receipts and its refusals",
        settings: r#"{
            "receipt": { "message_id": "uuid", "full_text": false },
            "operations": { "data_sm": false, "submit_multi": false, "query_sm": false, "cancel_sm": false },
            "text": { "data_codings_passed": [5, 6, 7, 9, 10, 13, 14] },
            "limits": { "schedule_past_s": 86400 },
            "errors": { "statuses": {
                "invalid_destination": 11, "no_route": 11, "invalid_sender": 10, "forbidden": 15,
                "insufficient_funds": 8, "no_price": 8, "rate_limited": 88, "unknown_command": 8,
                "service_unavailable": 69, "queue_full": 69, "internal": 255, "invalid_request": 255
            } }
        }"#,
    },
];
