//! The reference page of profiles. `UPDATE_DOCS=1` on the test below writes it anew.

use std::fmt::Write;

use serde_json::Value;

use super::{CLIENT_PRESETS, ClientProfile, PRESETS, Preset, Profile, QUIRKS, Setting};

const HEAD: &str = "\
# Profiles

Made from `crates/domain/src/profile`; do not edit. `make docs` writes it anew.

A connector's `settings` say how its operator's SMSC behaves, an SMPP account's `settings` how a client wants to be treated. Both
are tables of sections; `preset` names a starting point, and what else is given is laid over it. Unknown names and values out of
their bounds are refused with the setting's name. Names end in their unit.

```toml
[[connector]]
name = \"alpha-1\"
settings = { preset = \"smpp_5_0\", session = { enquire_link_s = 60 }, receipt_id = { submit_radix = \"hex\" } }
```
";

/// The text of `docs/reference/profiles.md`.
#[must_use]
pub fn profiles_markdown() -> String {
    let mut page = HEAD.to_owned();
    part(&mut page, "Connectors", PRESETS, Profile::reference());
    part(&mut page, "SMPP accounts", CLIENT_PRESETS, ClientProfile::reference());
    quirks(&mut page);
    page
}

// Writing to a String cannot fail, here and below.
fn part(page: &mut String, title: &str, presets: &[Preset], sections: Vec<(&str, String, Vec<Setting>)>) {
    let _ = write!(page, "\n## {title}\n\n| Preset | For |\n|---|---|\n");
    for preset in presets {
        let _ = writeln!(page, "| `{}` | {} |", preset.name, preset.meaning);
    }
    for (section, meaning, settings) in sections {
        let _ = write!(
            page,
            "\n### `{section}`\n\n{meaning}\n\n| Setting | Default | What it does | Quirks |\n|---|---|---|---|\n"
        );
        for setting in settings {
            let bounds = setting.bounds.map(|(least, greatest)| format!(" {least} to {greatest}.")).unwrap_or_default();
            let (key, default) = (setting.key, shown(&setting.default));
            let _ =
                writeln!(page, "| `{key}` | {default} | {}{bounds} | {} |", setting.meaning, setting.quirks.join(", "));
        }
    }
}

fn shown(default: &Value) -> String {
    match default {
        Value::Null => "none".to_owned(),
        Value::String(text) if text.is_empty() => "empty".to_owned(),
        Value::Array(list) if list.is_empty() => "none".to_owned(),
        Value::Object(table) if table.is_empty() => "none".to_owned(),
        other => format!("`{other}`"),
    }
}

fn quirks(page: &mut String) {
    page.push_str("\n## Quirks\n\nWhat peers do, and what becomes of it. A test carries each id in its name.\n\n");
    page.push_str("| Id | What peers do | What we do |\n|---|---|---|\n");
    for quirk in QUIRKS {
        let _ = writeln!(page, "| {} | {} | {} |", quirk.id, quirk.what, quirk.answer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_page_is_fresh() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/profiles.md");
        let page = profiles_markdown();
        if std::env::var_os("UPDATE_DOCS").is_some_and(|value| value == "1") {
            std::fs::write(path, &page).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(committed == page, "docs/reference/profiles.md is stale: run this test with UPDATE_DOCS=1");
    }
}
