//! The flags that override the configuration, shared by all commands that read it. Secrets have none: a command line can be
//! read by everybody on the machine.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

/// Where the configuration is and what overrides it.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Flags {
    /// Configuration file (TOML).
    #[arg(long, env = "SAMBAC_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Folder of the database, the master key and the lock.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Address of the public API; port 0 takes any free one.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) http_listen: Option<SocketAddr>,
    /// Address of health and metrics.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) services_listen: Option<SocketAddr>,
    /// Address where clients' ESMEs bind.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) smpp_listen: Option<SocketAddr>,
    /// What this process does where several share the work: worker, connector, api, smsc, or all.
    #[arg(long, value_name = "ROLES")]
    pub(crate) roles: Option<String>,
    /// Log level or filter.
    #[arg(long, value_name = "LEVEL")]
    pub(crate) log_level: Option<String>,
    /// text or json.
    #[arg(long, value_name = "FORMAT")]
    pub(crate) log_format: Option<String>,
}

impl Flags {
    /// The flags that were given: their name, the key they set, and its value.
    pub(super) fn given(&self) -> Vec<(&'static str, &'static str, String)> {
        let address = |listen: &Option<SocketAddr>| listen.map(|address| address.to_string());
        [
            ("--data-dir", "data.dir", self.data_dir.as_ref().map(|path| path.display().to_string())),
            ("--http-listen", "http.listen", address(&self.http_listen)),
            ("--services-listen", "services.listen", address(&self.services_listen)),
            ("--smpp-listen", "smpp.listen", address(&self.smpp_listen)),
            ("--roles", "roles", self.roles.clone()),
            ("--log-level", "log.level", self.log_level.clone()),
            ("--log-format", "log.format", self.log_format.clone()),
        ]
        .into_iter()
        .filter_map(|(flag, path, value)| value.map(|value| (flag, path, value)))
        .collect()
    }
}
