//! The `tariff` and `cost` commands: price books from the shell.
//!
//! ```text
//! sambac tariff import standard 2027.csv --effective-from 2027-01-01T00:00:00Z --dry-run
//! sambac tariff export standard > standard.csv
//! sambac cost show alpha
//! ```

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::thing::cell;
use crate::client::Access;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::table::Table;

/// Tariffs, which accounts pay by: list, show, create, import, export, diff, withdraw.
#[derive(Args, Debug)]
pub(crate) struct TariffCommand {
    #[command(subcommand)]
    what: What,
}

/// Costs, which operators are paid by: list, show, create, import, export, diff, withdraw.
#[derive(Args, Debug)]
pub(crate) struct CostCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// List them all, each with the sheet that counts now.
    List(Listed),
    /// Show one with all its sheets.
    Show(Named),
    /// Make one without prices: a tariff by its name, costs by their operator's.
    Create(Created),
    /// Import a sheet from a CSV file. The file is checked first; one wrong line and nothing is written.
    Import(Import),
    /// Write a sheet as a CSV file that an import reads.
    Export(Export),
    /// Tell how two sheets differ.
    Diff(Diff),
    /// Take back a sheet that has not taken effect.
    Withdraw(Withdraw),
}

#[derive(Args, Debug)]
struct Listed {
    #[command(flatten)]
    access: Access,
}

#[derive(Args, Debug)]
struct Named {
    /// Its name or id.
    name: String,
    #[command(flatten)]
    access: Access,
}

#[derive(Args, Debug)]
struct Created {
    #[command(flatten)]
    named: Named,
    /// Of its prices.
    #[arg(long)]
    currency: String,
}

#[derive(Args, Debug)]
struct Import {
    #[command(flatten)]
    named: Named,
    /// The file; `-` is the standard input.
    file: PathBuf,
    /// From when it counts, as in 2027-01-01T00:00:00Z; from now on when not given.
    #[arg(long)]
    effective_from: Option<String>,
    /// Until when; until the next sheet when not given.
    #[arg(long)]
    effective_to: Option<String>,
    /// The file names only what changes.
    #[arg(long)]
    merge: bool,
    /// Only tell what would change.
    #[arg(long)]
    dry_run: bool,
    /// Why there is a new sheet.
    #[arg(long)]
    note: Option<String>,
}

#[derive(Args, Debug)]
struct Export {
    #[command(flatten)]
    named: Named,
    /// Which version; the one that counts now when not given.
    #[arg(long)]
    version: Option<u64>,
}

#[derive(Args, Debug)]
struct Diff {
    #[command(flatten)]
    named: Named,
    /// The version before.
    from: u32,
    /// The version after.
    to: u32,
}

#[derive(Args, Debug)]
struct Withdraw {
    #[command(flatten)]
    named: Named,
    /// Which version.
    version: u32,
}

impl TariffCommand {
    /// Asks the platform and prints.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        self.what.run("/v1/admin/tariffs", "name", output).await
    }
}

impl CostCommand {
    /// Asks the platform and prints.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        self.what.run("/v1/admin/costs", "operator", output).await
    }
}

impl What {
    async fn run(self, books: &str, name_field: &str, output: Output) -> Result<(), Failure> {
        match self {
            Self::List(Listed { access }) => {
                let list = access.admin_client()?.get(books).await?;
                output.print(&list, || listed(&list))
            }
            Self::Show(named) => {
                let book = named.access.admin_client()?.get(&named.path(books)).await?;
                output.print(&book, || sheets(&book))
            }
            Self::Create(Created { named, currency }) => {
                let new = json!({ name_field: named.name, "currency": currency });
                let book = named.access.admin_client()?.post(books, &new).await?;
                output.print(&book, || format!("made {} ({})", cell(&book["name"]), cell(&book["id"])))
            }
            Self::Import(import) => import.run(books, output).await,
            Self::Export(export) => export.run(books).await,
            Self::Diff(Diff { named, from, to }) => {
                let path = format!("{}/diff?from={from}&to={to}", named.path(books));
                let changes = named.access.admin_client()?.get(&path).await?;
                output.print(&changes, || compared(&changes))
            }
            Self::Withdraw(Withdraw { named, version }) => {
                let path = format!("{}/sheets/{version}", named.path(books));
                named.access.admin_client()?.delete(&path, None).await?;
                output.print(&json!({ "withdrawn": version }), || format!("sheet {version} was withdrawn"))
            }
        }
    }
}

impl Named {
    fn path(&self, books: &str) -> String {
        format!("{books}/{}", escaped(&self.name))
    }
}

impl Import {
    async fn run(self, books: &str, output: Output) -> Result<(), Failure> {
        let file = self.read()?;
        let name = self.file.file_name().map(|name| name.to_string_lossy().into_owned()).filter(|name| name != "-");
        let given = [
            ("effective_from", self.effective_from),
            ("effective_to", self.effective_to),
            ("note", self.note),
            ("file_name", name),
            ("merge", self.merge.then(|| "true".to_owned())),
            ("dry_run", self.dry_run.then(|| "true".to_owned())),
        ];
        let query = given.into_iter().filter_map(|(key, value)| Some(format!("{key}={}", escaped(&value?))));
        let path = format!("{}/sheets?{}", self.named.path(books), query.collect::<Vec<_>>().join("&"));
        let done = self.named.access.admin_client()?.post_csv(&path, file).await?;
        output.print(&done, || {
            let changes = compared(&done["changes"]);
            let warning = match done["no_prices_from"].as_str() {
                Some(from) => format!("from {from} on nothing can be priced: import a sheet that begins then\n"),
                None => String::new(),
            };
            match done["sheet"]["version"].as_u64() {
                Some(version) => {
                    let from = cell(&done["sheet"]["effective_from"]);
                    format!("sheet {version}: {} rates from {from} on\n{warning}{changes}", done["rates"])
                }
                None => format!("would be a sheet of {} rates\n{warning}{changes}", done["rates"]),
            }
        })
    }

    fn read(&self) -> Result<Vec<u8>, Failure> {
        let name = self.file.display().to_string();
        let file = if name == "-" {
            let mut text = Vec::new();
            std::io::Read::read_to_end(&mut std::io::stdin(), &mut text).map(|_| text)
        } else {
            std::fs::read(&self.file)
        };
        file.map_err(|error| Failure::because(Exit::Failed, format!("{name}: {error}")))
    }
}

impl Export {
    async fn run(self, books: &str) -> Result<(), Failure> {
        let client = self.named.access.admin_client()?;
        let path = self.named.path(books);
        let version = match self.version {
            Some(version) => version,
            None => client.get(&path).await?["current"]
                .as_u64()
                .ok_or_else(|| Failure::because(Exit::Refused, "no sheet counts now: name one with --version"))?,
        };
        let mut out = std::io::stdout().lock();
        client.get_text(&format!("{path}/sheets/{version}/rates"), |piece| out.write_all(piece)).await
    }
}

fn listed(list: &Value) -> String {
    let mut table = Table::new(&["name", "currency", "sheet", "from", "rates", "sheets", "id"]);
    for book in list["data"].as_array().into_iter().flatten() {
        let current = book["sheets"].as_array().into_iter().flatten().find(|sheet| sheet["version"] == book["current"]);
        let of_current = |key: &str| current.map(|sheet| cell(&sheet[key])).unwrap_or_default();
        let count = book["sheets"].as_array().map_or(0, Vec::len);
        let [name, currency, id] = ["name", "currency", "id"].map(|key| cell(&book[key]));
        let [version, from, rates] = ["version", "effective_from", "rates"].map(of_current);
        table.row([name, currency, version, from, rates, count.to_string(), id]);
    }
    table.to_string()
}

fn sheets(book: &Value) -> String {
    let mut table = Table::new(&["sheet", "from", "to", "rates", "source", "by", "note"]);
    for sheet in book["sheets"].as_array().into_iter().flatten() {
        let now = if sheet["version"] == book["current"] { " ← now" } else { "" };
        let [version, from, to, rates, source, by, note] =
            ["version", "effective_from", "effective_to", "rates", "source", "created_by", "note"]
                .map(|key| cell(&sheet[key]));
        table.row([format!("{version}{now}"), from, to, rates, source, by, note]);
    }
    let [name, currency, id] = ["name", "currency", "id"].map(|key| cell(&book[key]));
    format!("{name} in {currency} ({id})\n{table}")
}

fn compared(changes: &Value) -> String {
    let [new, up, down, charged, removed, same] = ["new", "up", "down", "charged_otherwise", "removed", "same"]
        .map(|key| changes[key].as_u64().unwrap_or_default());
    let mut text =
        format!("{new} new, {up} up, {down} down, {charged} charged otherwise, {removed} removed, {same} the same\n");
    let mut table = Table::new(&["for", "sender", "class", "before", "after", "%", "charge"]);
    for rate in changes["rates"].as_array().into_iter().flatten() {
        let [scope, sender, class, before, after, percent] =
            ["scope", "sender", "class", "before", "after", "percent"].map(|key| cell(&rate[key]));
        let charge = match (rate["charge_before"].as_str(), rate["charge_after"].as_str()) {
            (Some(before), Some(after)) => format!("{before} → {after}"),
            (before, after) => before.or(after).unwrap_or_default().to_owned(),
        };
        table.row([scope, sender, class, before, after, percent, charge]);
    }
    if changes["rates"].as_array().is_some_and(|rates| !rates.is_empty()) {
        text.push_str(&table.to_string());
    }
    if changes["is_cut"] == true {
        text.push_str("… and more\n");
    }
    text
}

/// For a path or a query: everything but letters, digits and `-_.~` as `%xx`.
fn escaped(text: &str) -> String {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || b"-_.~".contains(&octet);
    let escape = |octet: u8| if plain(octet) { char::from(octet).to_string() } else { format!("%{octet:02X}") };
    text.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_into_paths_whole() {
        assert_eq!(escaped("gold 1/2 é"), "gold%201%2F2%20%C3%A9");
        assert_eq!(escaped("2027-01-01T00:00:00+01:00"), "2027-01-01T00%3A00%3A00%2B01%3A00");
    }

    #[test]
    fn changes_are_counted_and_listed() {
        let rate = json!({ "scope": "prefix:44", "before": "0.04", "after": "0.05", "percent": "+25.00" });
        let text = compared(&json!({ "new": 0, "up": 1, "same": 9, "rates": [rate], "is_cut": true }));
        assert!(text.starts_with("0 new, 1 up, 0 down, 0 charged otherwise, 0 removed, 9 the same\n"), "{text}");
        assert!(text.contains("prefix:44") && text.contains("+25.00") && text.ends_with("… and more\n"), "{text}");
    }
}
