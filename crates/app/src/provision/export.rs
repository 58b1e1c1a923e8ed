//! The `export` command: the whole configuration as a file that `sambac apply` reads.
//!
//! Secrets are not in it. Applied to the same database it changes nothing; for a new one, each connector's password has to be
//! given, by the variable that a comment proposes.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use sambac_engine::admin::{self, File, file};
use sambac_engine::clock::Clock;
use serde_json::json;

use crate::config::Flags;
use crate::config::command::load;
use crate::config::keys::PASSWORD_PREFIX;
use crate::data_folder;
use crate::exit::{Exit, Failure};
use crate::output::{self, Output};
use crate::platform;

const HEAD: &str = "# The configuration of Sambac, as `sambac apply` reads it. Secrets are not in it: applied to the same database, they stay as\n\
    # they are. For a new database, give each connector its password by the variable named in the comment above it; SMPP\n\
    # passwords, API keys, admin keys and webhook secrets are made anew and shown once.\n";

/// Write the whole configuration to a file that `sambac apply` reads. Secrets are left out.
#[derive(Args, Debug)]
pub(crate) struct Export {
    /// Where to; `-` is the standard output.
    file: PathBuf,
    #[command(flatten)]
    flags: Flags,
}

impl Export {
    /// Exports.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        let config = load(&self.flags)?.config;
        let store = platform::open_existing(&config).await?;
        let text = text(&admin::export(&store, Clock::system().now()).await?)?;
        store.close().await;
        if self.file.as_os_str() == "-" {
            return output::text(&text);
        }
        let path = self.file.display().to_string();
        data_folder::write_private(&self.file, &text)
            .map_err(|error| Failure::because(Exit::Failed, format!("{path}: {error}")))?;
        output.print(&json!({"file": path}), || format!("exported to {path}"))
    }
}

/// The file.
pub(crate) fn text(file: &File) -> Result<String, toml::ser::Error> {
    Ok(format!("{HEAD}\n{}", blocks(file)?))
}

/// A block for each thing, in the order in which they depend on each other.
pub(crate) fn blocks(file: &File) -> Result<String, toml::ser::Error> {
    let mut text = String::new();
    macro_rules! blocks {
        ($($kind:ident $comment:expr;)+) => {$(
            for entry in &file.$kind {
                let block = toml::to_string(&File { $kind: vec![entry.clone()], ..File::default() })?;
                let comment: fn(&_) -> Option<String> = $comment;
                let between = if text.is_empty() { "" } else { "\n" };
                // Writing to a String cannot fail.
                let _ = write!(text, "{between}{}{block}", comment(entry).unwrap_or_default());
            }
        )+};
    }
    blocks! {
        network |_| None;
        number_prefix |_| None;
        operator_group |_| None;
        tariff |_| None;
        account |_| None;
        operator |_| None;
        connector |connector| hint(connector);
        route |_| None;
        smpp_account |_| None;
        api_key |_| None;
        issuer |_| None;
        webhook |_| None;
        mo_route |_| None;
        admin_key |_| None;
    }
    Ok(text)
}

fn hint(connector: &file::Connector) -> Option<String> {
    if connector.password_env.is_some() {
        return None;
    }
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    let name: String = connector.name.chars().map(letter).collect();
    Some(format!("# password_env = \"{PASSWORD_PREFIX}{name}\"\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_exported_reads_as_the_same_file() {
        let page = include_str!("../../../../docs/reference/provisioning.md");
        let example = page.split("```toml").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
        let mut file: File = toml::from_str(example).expect("it is well formed");
        // The platform keeps no name of a variable.
        file.connector.iter_mut().for_each(|connector| connector.password_env = None);
        let exported = text(&file).expect("it can be written");
        assert!(exported.contains("# password_env = \"SAMBAC_PASSWORD_ALPHA_1\"\n[[connector]]"), "{exported}");
        let again: File = toml::from_str(&exported).expect("it is well formed");
        let json = |file: &File| serde_json::to_value(file).expect("it can be written");
        assert_eq!(json(&again), json(&file));
        file.operator[0].name.push('x');
        assert_ne!(json(&again), json(&file));
    }
}
