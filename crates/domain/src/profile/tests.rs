use std::collections::HashSet;

use super::*;

fn error(text: &str) -> String {
    Profile::parse(text).unwrap_err().to_string()
}

#[test]
fn every_preset_parses_and_differs() {
    let mut seen = HashSet::new();
    for preset in PRESETS {
        let profile = Profile::parse(&format!("{{ \"preset\": \"{}\" }}", preset.name)).expect(preset.name);
        assert_eq!(profile.preset, preset.name);
        assert!(
            seen.insert(serde_json::to_string(&Profile { preset: String::new(), ..profile }).unwrap()),
            "{}",
            preset.name
        );
    }
    for preset in CLIENT_PRESETS {
        ClientProfile::parse(&format!("{{ \"preset\": \"{}\" }}", preset.name)).expect(preset.name);
    }
}

#[test]
fn overrides_are_laid_over_the_preset_key_by_key() {
    let profile = Profile::parse(
        r#"{ "preset": "jasmin", "errors": { "actions": { "0x14": { "action": "pause", "after_ms": 7 } } } }"#,
    )
    .unwrap();
    assert_eq!(profile.bind.reconnect_min_ms, 10_000, "of the preset");
    let of = |status| profile.errors.actions.get(status).map(|action| action.action);
    assert_eq!((of(0x08), of(0x14), of(0x58)), (Some(Action::FailOver), Some(Action::Pause), None));
}

#[test]
fn nothing_given_is_the_default() {
    assert_eq!(Profile::parse("").unwrap(), Profile::default());
    assert_eq!(ClientProfile::parse(" {} ").unwrap(), ClientProfile::default());
}

#[test]
fn a_profile_reads_what_it_writes() {
    for preset in PRESETS {
        let profile = Profile::parse(&format!("{{ \"preset\": \"{}\" }}", preset.name)).unwrap();
        assert_eq!(Profile::parse(&serde_json::to_string(&profile).unwrap()).unwrap(), profile);
    }
}

#[test]
fn all_faults_of_a_profile_are_told_at_once() {
    let text = r#"{ "preset": "jasmin", "sessions": {}, "session": { "pdu_octets_max": 15, "enquire_link_s": "often" },
        "bind": { "reconnect_min_ms": 0, "outbind_listen": "nowhere" },
        "flow": { "throttle_pause_min_ms": 9000, "throttle_pause_max_ms": 4000 }, "tls": { "ca_pem": "none" } }"#;
    let faults = Profile::parse_all(text).unwrap_err();
    let mut settings: Vec<_> = faults.iter().map(|fault| fault.setting.as_str()).collect();
    settings.sort_unstable();
    // What depends on settings of a section that is wrong already is not told.
    let expected = [
        "bind.reconnect_min_ms",
        "flow.throttle_pause_min_ms",
        "session.enquire_link_s",
        "session.pdu_octets_max",
        "sessions",
        "tls.ca_pem",
    ];
    assert_eq!(settings, expected, "{faults:?}");
    let often = faults.iter().find(|fault| fault.setting == "session.enquire_link_s").unwrap();
    assert!(often.why.ends_with("expected a whole number from 0"), "{often}");
}

#[test]
fn refusals_name_the_setting() {
    for (text, expected) in [
        (r#"{ "preset": "unheard_of" }"#, "preset: there is no \"unheard_of\""),
        (r#"{ "sessions": {} }"#, "sessions: unknown field `sessions`"),
        (r#"{ "session": { "enquire": 1 } }"#, "session.enquire: unknown field `enquire`"),
        (r#"{ "session": { "pdu_octets_max": 15 } }"#, "session.pdu_octets_max: must be from 1024 to 1048576"),
        (r#"{ "receipt_id": { "submit_radix": "octal" } }"#, "receipt_id.submit_radix: unknown variant `octal`"),
        (
            r#"{ "errors": { "actions": { "x": { "action": "retry" } } } }"#,
            "errors.actions: \"x\" is no command_status",
        ),
        (r#"{ "bind": { "reconnect_min_ms": 100000 } }"#, "bind.reconnect_min_ms: is above bind.reconnect_max_ms"),
        (r#"{ "bind": { "outbind_listen": "smsc" } }"#, "bind.outbind_listen: is an address and a port"),
        (r#"{ "tls": { "fingerprints_sha256": ["ab:cd"] } }"#, "tls.fingerprints_sha256: \"ab:cd\" is no SHA-256"),
        (r#"{ "tls": { "ca_pem": "trust me" } }"#, "tls.ca_pem: holds no certificate"),
        (r#"{ "tls": { "client_key_file": "key.pem" } }"#, "tls.client_key_file: goes with"),
        ("[]", "settings: must be a table"),
        ("{", "settings: EOF"),
    ] {
        assert!(error(text).starts_with(expected), "{text}: {}", error(text));
    }
}

#[test]
fn every_quirk_of_a_setting_is_in_the_catalogue_and_ids_are_unique() {
    let ids: HashSet<_> = QUIRKS.iter().map(|quirk| quirk.id).collect();
    assert_eq!(ids.len(), QUIRKS.len());
    let sections = Profile::reference().into_iter().chain(ClientProfile::reference());
    for setting in sections.flat_map(|(_, _, settings)| settings) {
        // Whom an account is for is nobody's quirk.
        let is_ours = (setting.section, setting.key) == ("limits", "test_only");
        assert!(is_ours || !setting.quirks.is_empty(), "{}.{} answers no quirk", setting.section, setting.key);
        for quirk in setting.quirks {
            assert!(ids.contains(quirk), "{}.{}: {quirk}", setting.section, setting.key);
        }
    }
}

#[test]
fn refused_binds_have_their_usual_meaning_unless_told_otherwise() {
    let usual = BindSettings::default();
    assert_eq!(
        [0x05, 0x0e, 0x0f, 0x0d, 0x08].map(|status| usual.refusal(status)),
        [
            BindRefusal::Stale,
            BindRefusal::Credentials,
            BindRefusal::Credentials,
            BindRefusal::Limit,
            BindRefusal::Temporary
        ]
    );
    let profile = Profile::parse(r#"{ "bind": { "refusals": { "0x0D": "credentials" } } }"#).unwrap();
    assert_eq!(profile.bind.refusal(0x0d), BindRefusal::Credentials);
}
