//! Records of what was sent, as people outside get them: pages and files of the services listener say what the ledger says.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use sambac_testkit::scenario::wait::until_true;
use sambac_testkit::scenario::{Platform, Rest, Site, World, raw_id};

use crate::world;

/// What is said of one segment's price: what it is in micros, and what became of it.
type Told = (i64, String);

/// By message and segment.
type Records = BTreeMap<(i64, i64), Told>;

/// Ends of messages by the last digits of their numbers: delivered, undelivered, taken then rejected, refused.
const ENDINGS: [&str; 4] = ["000", "010", "012", "040"];

#[tokio::test]
async fn what_is_listed_and_written_to_files_is_what_was_charged() -> Result<()> {
    let world = world("cdr")?;
    let operator = world.simulator("alpha", "").await?;
    let site = Site::with_one_account("10").connector("alpha", &operator, "").route("all", &["alpha"], "");
    let secrets = world.apply(&site).await?;
    let key = world.admin_key("reports", "cdr:read,numbers:read").await?;
    let platform = world.platform(&[]).await?;
    platform.until_bound().await?;
    let rest = platform.rest(&secrets)?;
    for (number, ending) in ENDINGS.iter().cycle().take(12).enumerate() {
        // Every third is of two segments.
        let text = if number % 3 == 0 { "long ".repeat(50) } else { "short".to_owned() };
        let sent = rest.send_text(&format!("+999000{number:03}{ending}"), &text).await?;
        rest.ended(&sent).await?;
    }
    let charged = charged(&world).await?;
    ensure!(charged.len() == 16, "12 messages, 4 of them of two segments: {charged:?}");

    let listed = listed(&platform.service(&key)?).await?;
    ensure!(listed == charged, "listed {listed:?}\ncharged {charged:?}");
    for file in ["all.csv", "all.parquet"] {
        let path = world.path(file);
        export(&platform, &key, &path).await?;
        let written = if file.ends_with("csv") { of_csv(&path)? } else { of_parquet(&path)? };
        ensure!(written == charged, "{file} {written:?}\ncharged {charged:?}");
    }
    let summed: i64 = charged.values().filter(|(_, state)| state == "captured").map(|(micros, _)| micros).sum();
    let usage = rest.get("/v1/usage").await?;
    ensure!(usage.status == 200 && total(&usage.body)? == summed, "{} is not {summed}", usage.text);
    world.prove_ledger().await?;
    world.passed();
    Ok(())
}

/// `sambac cdr export`.
async fn export(platform: &Platform, key: &str, file: &Path) -> Result<()> {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_sambac"));
    command.args(["cdr", "export", "--services-url", &format!("http://{}", platform.services())]).arg(file);
    let output = command.env("SAMBAC_ADMIN_KEY", key).output().await?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// The ledger's charges.
async fn charged(world: &World) -> Result<Records> {
    let mut database = world.database().await?;
    until_true("every charge has ended", async || {
        Ok(database.number("SELECT COUNT(*) FROM charges WHERE state = 0").await? == 0)
    })
    .await?;
    let rows: Vec<(i64, i64, i64)> = database.rows("SELECT id, amount_micros, state FROM charges").await?;
    let word = |state| if state == 1 { "captured" } else { "voided" };
    let told = |(id, micros, state)| ((id >> 8, id & 255), (micros, word(state).to_owned()));
    Ok(rows.into_iter().map(told).collect())
}

/// Page by page, and only what may be seen.
async fn listed(service: &Rest) -> Result<Records> {
    let (mut records, mut path) = (Records::new(), "/cdr?limit=5".to_owned());
    loop {
        let page = service.get(&path).await?;
        ensure!(page.status == 200, "{}", page.text);
        for record in page.body["data"].as_array().context("no data")? {
            let text = |name: &str| record[name].as_str().context("no text");
            let segment = record["segment"].as_i64().context("no segment")?;
            add(&mut records, text("message_id")?, segment, (micros(text("price")?)?, text("charge")?.to_owned()))?;
        }
        match page.body["next_cursor"].as_str() {
            Some(next) => path = format!("/cdr?limit=5&cursor={next}"),
            None => return Ok(records),
        }
    }
}

fn of_csv(path: &Path) -> Result<Records> {
    let mut lines = csv::Reader::from_path(path)?;
    let header = lines.headers()?.clone();
    let place = |name: &str| header.iter().position(|column| column == name).context("no such column");
    let (message, segment, price, charge) =
        (place("message_id")?, place("segment")?, place("price")?, place("charge")?);
    let mut records = Records::new();
    for line in lines.records() {
        let line = line?;
        add(&mut records, &line[message], line[segment].parse()?, (micros(&line[price])?, line[charge].to_owned()))?;
    }
    Ok(records)
}

fn of_parquet(path: &Path) -> Result<Records> {
    let reader = SerializedFileReader::new(std::fs::File::open(path)?)?;
    let mut records = Records::new();
    for row in reader.get_row_iter(None)? {
        let row = row?;
        let text = |name: &str| {
            let field = row.get_column_iter().find(|(column, _)| *column == name).context("no such column")?.1;
            Ok::<_, anyhow::Error>(field.to_string().trim_matches('"').to_owned())
        };
        let told = (micros(&text("price")?)?, text("charge")?);
        add(&mut records, &text("message_id")?, text("segment")?.parse()?, told)?;
    }
    Ok(records)
}

fn add(records: &mut Records, message: &str, segment: i64, told: Told) -> Result<()> {
    let message = raw_id(message)? >> 8;
    ensure!(records.insert((message, segment), told).is_none(), "a record came twice");
    Ok(())
}

/// `0.05` or `0.050000` in micros.
fn micros(text: &str) -> Result<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    Ok(whole.parse::<i64>()? * 1_000_000 + format!("{part:0<6}").parse::<i64>()?)
}

fn total(usage: &serde_json::Value) -> Result<i64> {
    let lines = usage["data"].as_array().context("no data")?;
    lines.iter().map(|line| micros(line["charged"].as_str().context("no sum")?)).sum()
}
