//! A record in one line, and with its octets beside the fields.

use serde_json::Value;

/// Octets in one row.
const ROW_OCTETS: usize = 16;

/// A record, or how many were lost, for people.
pub(super) fn line(record: &Value, with_hex: bool) -> String {
    if let Some(lost) = record["lost"].as_u64() {
        return format!("… {lost} PDUs were not shown: too many went by\n");
    }
    let head = head(record);
    let fields: Vec<_> =
        record["fields"].as_object().into_iter().flatten().map(|(name, value)| (name, text(value))).collect();
    if !with_hex {
        let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        return format!("{head}  {}\n", fields.join(" "));
    }
    let rows: Vec<String> = fields.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    let dump = dump(record["hex"].as_str().unwrap_or_default());
    let mut lines = head + "\n";
    for at in 0..dump.len().max(rows.len()) {
        let (hex, row) = (dump.get(at).map_or("", String::as_str), rows.get(at).map_or("", String::as_str));
        lines.push_str(format!("    {hex:<47}  {row}").trim_end());
        lines.push('\n');
    }
    lines
}

fn head(record: &Value) -> String {
    let at = record["at"].as_str().unwrap_or_default();
    let who = record["connector"].as_str().or(record["system_id"].as_str()).unwrap_or_default();
    let arrow = if record["direction"] == "sent" { "→" } else { "←" };
    let mut head =
        format!("{at} {who}/{} {arrow} {} #{}", record["session"], text(&record["command"]), record["sequence"]);
    if let Some(status) = record["status"].as_str() {
        head.push_str(&format!(" {status}"));
    }
    if let Some(micros) = record["latency_us"].as_i64() {
        head.push_str(&format!(" {}.{:03} ms", micros / 1_000, micros % 1_000));
    }
    if let Some(message) = record["message_id"].as_str() {
        head.push_str(&format!(" {message}"));
    }
    head
}

fn dump(hex: &str) -> Vec<String> {
    let octets: Vec<&str> = (0..hex.len() / 2).filter_map(|at| hex.get(2 * at..2 * at + 2)).collect();
    octets.chunks(ROW_OCTETS).map(|row| row.join(" ")).collect()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn octets_stand_beside_the_fields() {
        let record = json!({
            "at": "2026-11-26T06:00:00.000001Z", "session": 3, "connector": "alpha", "direction": "received",
            "command": "submit_sm_resp", "status": "ESME_ROK", "sequence": 2, "latency_us": 1500,
            "fields": {"message_id": "1"}, "hex": "0000001280000004000000000000000231".to_owned() + "00",
        });
        assert_eq!(
            line(&record, false),
            "2026-11-26T06:00:00.000001Z alpha/3 ← submit_sm_resp #2 ESME_ROK 1.500 ms  message_id=1\n"
        );
        let lines = line(&record, true);
        let rows: Vec<_> = lines.lines().collect();
        assert_eq!(rows[1], "    00 00 00 12 80 00 00 04 00 00 00 00 00 00 00 02  message_id = 1");
        assert_eq!(rows[2], "    31 00");
        assert!(line(&json!({"lost": 7}), true).contains("7 PDUs"));
    }
}
