//! Prices and costs from the shell down to charges and CDRs, with the real binary: sheets out of files, operator groups, policies,
//! margins.

use anyhow::Result;
use sambac_testkit::scenario::{Site, World};
use serde_json::{Value, json};

use crate::admin_shell::{REFUSED, SCOPES, Shell};
use crate::world;

/// The simulator's operator and its connector are both called alpha.
const TARIFF: &str = "operator_group;prefix;class;price;charge\n\
    Example Mobile Ltd;;;0,08;accepted\n\
    Example Mobile Ltd;;otp;0,09;submit\n\
    ;44;;0,07;delivered\n";
const COSTS: &str = "prefix,country,price,charge\n44,,0.03,accepted\n,default,0.085,delivered\n";

#[tokio::test]
async fn a_sheet_from_the_shell_prices_messages_down_to_their_cdrs() -> Result<()> {
    let world = world("prices")?;
    let operator = world.simulator("alpha", "").await?;
    let site = Site::with_one_account("10").connector("alpha", &operator, "").route("all", &["alpha"], "");
    let secrets = world.apply(&site.table("admin_key", SCOPES)).await?;
    let service = world.admin_key("prices", "balances:read").await?;
    let platform = world.platform(&[]).await?;
    platform.until_bound().await?;
    let shell = Shell::new(platform.http(), secrets.admin_key("operations")?);
    let rest = platform.rest(&secrets)?;

    import(&world, &shell).await?;
    let mut ids = Vec::new();
    for (to, class) in [("+999000000001", "otp"), ("+999000000001", "transactional"), ("+447700900123", "otp")] {
        ids.push(rest.accepted(&json!({ "to": to, "from": "Bank", "text": "x", "class": class })).await?);
    }
    for id in &ids {
        assert_eq!(rest.ended(id).await?["state"], "delivered");
    }
    let mut database = world.database().await?;
    let sql = "SELECT c.policy, c.amount_micros, d.cost_micros, m.cost_micros, d.cost_currency FROM charges c \
        JOIN cdr_sms d ON d.id = c.id JOIN messages m ON m.id = c.id & ~255 ORDER BY c.id";
    let told = database.rows::<(i64, i64, i64, i64, String)>(sql).await?;
    let eur = || "EUR".to_owned();
    let expected =
        [(0, 90_000, 85_000, 85_000, eur()), (1, 80_000, 85_000, 85_000, eur()), (2, 70_000, 30_000, 30_000, eur())];
    assert_eq!(told, expected, "policy, price, cost in the end, cost when it was taken");

    // One of them is at a loss, which nobody bounds yet; who runs the platform is told by how much.
    let account = shell.ask(&["account", "show", "bank"]).await?["id"].clone();
    let enquiry = json!({ "account": account, "to": "+999000000001", "from": "Bank", "text": "x" });
    let priced = platform.service(&service)?.post("/charges/price", &enquiry, &[]).await?;
    let cost = &priced.body["costs"][0];
    assert_eq!(
        (&cost["cost"]["amount"], &cost["margin"]["amount"]),
        (&json!("0.085"), &json!("-0.005")),
        "{}",
        priced.text
    );
    shell.ask(&["route", "update", "all", "--set", "margin_floor=\"0\""]).await?;
    let refused = rest.send(&json!({ "to": "+999000000001", "from": "Bank", "text": "x" })).await?;
    assert_eq!((refused.status, &refused.body["code"]), (422, &json!("margin_too_low")), "{}", refused.text);
    rest.accepted(&json!({ "to": "+447700900123", "from": "Bank", "text": "x" })).await?;

    refuse(&world, &shell).await?;
    database.audit().await?;
    world.passed();
    Ok(())
}

/// Makes the group, the tariff's sheet and the operator's costs.
async fn import(world: &World, shell: &Shell) -> Result<()> {
    // The group has what the platform takes +999 numbers for, and an alias that the sheet uses.
    let network = shell.ask(&["catalogue", "number", "+999000000001"]).await?["mcc_mnc"].clone();
    let networks = format!("networks=[{network}]");
    let names = ["--set", "name=Example Mobile", "--set", "aliases=[\"Example Mobile Ltd\"]"];
    shell.ask(&[&["operator-group", "create", "--set", &networks], &names[..]].concat()).await?;
    assert_eq!(shell.ask(&["catalogue", "number", "999000000001"]).await?["operator_group"], "Example Mobile");
    let listed = shell.text(&["catalogue", "list", "--country", "GB"]).await?;
    assert!(listed.contains("mcc-mnc-list-1.1.11") && listed.contains("23410"), "{listed}");

    let tariff = world.path("2027.csv");
    std::fs::write(&tariff, TARIFF)?;
    let tariff = tariff.to_string_lossy();
    let dry = shell.ask(&["tariff", "import", "standard", &tariff, "--dry-run"]).await?;
    assert_eq!(
        (&dry["sheet"], &dry["changes"]["new"], &dry["changes"]["removed"]),
        (&Value::Null, &json!(3), &json!(1))
    );
    let made = shell.ask(&["tariff", "import", "standard", &tariff, "--note", "contract 17"]).await?;
    assert_eq!((&made["sheet"]["version"], &made["sheet"]["note"]), (&json!(2), &json!("contract 17")));
    shell.ask(&["cost", "create", "alpha", "--currency", "EUR"]).await?;
    let costs = world.path("alpha.csv");
    std::fs::write(&costs, COSTS)?;
    let costs = costs.to_string_lossy();
    shell.ask(&["cost", "import", "alpha", &costs]).await?;
    let shown = shell.text(&["cost", "show", "alpha"]).await?;
    assert!(shown.contains("1 ← now") && shown.contains("import alpha.csv"), "{shown}");
    let exported = shell.text(&["tariff", "export", "standard"]).await?;
    assert!(exported.contains(",Example Mobile,,,,,otp,0.09,EUR,submit"), "{exported}");
    Ok(())
}

/// Sheets that never count.
async fn refuse(world: &World, shell: &Shell) -> Result<()> {
    let tariff = world.path("2027.csv");
    // A sheet to come can be taken back; one with a wrong line never comes.
    let coming = ["--effective-from", "2999-01-01T00:00:00Z"];
    shell.ask(&[&["tariff", "import", "standard", &tariff.to_string_lossy()], &coming[..]].concat()).await?;
    shell.ask(&["tariff", "withdraw", "standard", "3"]).await?;
    shell.refused(&["tariff", "withdraw", "standard", "2"], REFUSED, "wrong_state").await?;
    std::fs::write(world.path("wrong.csv"), "prefix,price\n44,0.01\n45,dear\n")?;
    let wrong = world.path("wrong.csv");
    shell.refused(&["tariff", "import", "standard", &wrong.to_string_lossy()], REFUSED, "line 3").await?;
    shell.refused(&["catalogue", "list"], 2, "--country").await?;
    assert_eq!(shell.ask(&["tariff", "diff", "standard", "1", "2"]).await?["new"], 3);
    Ok(())
}
