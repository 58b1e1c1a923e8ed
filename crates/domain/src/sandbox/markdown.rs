//! The sandbox's numbers as a page for people. `UPDATE_DOCS=1` on the test below writes it anew.

use std::fmt::Write as _;

use super::{Group, PREFIX, error_number};
use crate::error::ErrorCode;

const HEAD: &str = "\
# The sandbox

Made from `crates/domain/src/sandbox`; do not edit. The test of `sandbox_markdown` writes it anew when `UPDATE_DOCS=1` is set.

Messages to these numbers play an outcome: they are checked, stored, told by receipts and webhooks, and listed as all others are, but they cost nothing, count in no spending limit, and no operator gets them.
They are for **test keys** (`sambac_test_…`, made with `environment = \"test\"`) and for SMPP accounts with `limits.test_only = true`. A live key is refused at these numbers, and a test key at all
numbers outside of the test network (+999), each as `invalid_destination`. The other numbers of the test network go by routes, as far as there are any, and are priced: they are for operators that you simulate yourself.

The platform has a sandbox when it has a connector whose host is `sandbox`; it needs no route. `sambac demo` has one. Several are of no use.

```toml
[[operator]]
name = \"sandbox\"

[[connector]]
name = \"sandbox\"
operator = \"sandbox\"
host = \"sandbox\"
port = 2775
system_id = \"sandbox\"   # these three say nothing here
password = \"sandbox\"
window_max = 100
```

```
curl http://127.0.0.1:8080/v1/sms/send -H \"authorization: Bearer $TEST_KEY\" -H 'content-type: application/json' -d '{\"to\": \"+99955000001\", \"from\": \"Bank\", \"text\": \"hello\"}'
```

The answer to `POST /v1/otp` tells the code (`sandbox_code`) when the number is the sandbox's and the key a test key: nobody has a handset to read it from.

## Numbers

`n` stands for any digit; the last ones are yours to choose where nothing is said of them.

| Number | What happens |
|---|---|
";

const ERRORS: &str = "
## Numbers for each error

A send to one of these is refused with the error, as [errors](errors.md) tells it; nothing is kept.

| Number | Error |
|---|---|
";

/// The text of `docs/reference/sandbox.md`.
pub fn sandbox_markdown() -> String {
    let mut page = HEAD.to_owned();
    let prefix = String::from_utf8_lossy(PREFIX);
    for (digits, group) in Group::ALL {
        // Writing to a String cannot fail.
        let _ = writeln!(page, "| `+{prefix}{digits}{}` | {} |", group.rest(), group.told());
    }
    page.push_str(ERRORS);
    for error in ErrorCode::ALL {
        let _ = writeln!(page, "| `+{prefix}90{:06}` | `{}` |", error_number(*error), error.code());
    }
    page
}

impl Group {
    const fn rest(self) -> &'static str {
        match self {
            Self::Late => "ssss",
            Self::Undeliverable | Self::Expired | Self::Rejected | Self::Unknown | Self::Deleted => "neee",
            Self::Refused => "cccc",
            Self::Problem => "nnnnnn",
            Self::Delivered | Self::NoReceipt | Self::NoAnswer => "nnnn",
        }
    }

    const fn told(self) -> &'static str {
        match self {
            Self::Delivered => "Delivered at once",
            Self::Late => "Delivered after `ssss` seconds, 300 at most",
            Self::Undeliverable => "Not delivered, with the operator's error `eee`",
            Self::Expired => "Expired at the operator, with its error `eee`",
            Self::Rejected => "Refused by the operator's receipt, with its error `eee`",
            Self::Unknown => "The operator does not know what became of it; error `eee`",
            Self::NoReceipt => "Taken by the operator, and no receipt comes (`receipt_timeout` in the end)",
            Self::Deleted => "Removed at the operator; error `eee`",
            Self::Refused => {
                "The operator refuses it with the command_status `cccc` (decimal); with 69 where that would stop or slow the link"
            }
            Self::NoAnswer => "The operator does not answer (`submit_unknown`)",
            Self::Problem => "Refused by the platform with an error: see below",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_page_is_fresh() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/sandbox.md");
        let page = sandbox_markdown();
        if std::env::var_os("UPDATE_DOCS").is_some_and(|value| value == "1") {
            std::fs::write(path, &page).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(committed == page, "docs/reference/sandbox.md is stale: run this test with UPDATE_DOCS=1");
    }
}
