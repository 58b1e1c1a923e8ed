//! `[retention]` of the configuration, as the engine takes it.

use sambac_engine::cdr::archive::ArchiveFolder;
use sambac_engine::retention::RetentionSettings;

use crate::config::Config;

/// The engine's settings.
pub(crate) fn settings(config: &Config) -> RetentionSettings {
    let retention = &config.retention;
    RetentionSettings {
        archives: (retention.cdr_months > 0).then(|| folder(config)),
        cdr_months: retention.cdr_months,
        restored_days: retention.restored_days,
        hour: retention.hour,
    }
}

/// Where days of CDRs are kept in files.
pub(crate) fn folder(config: &Config) -> ArchiveFolder {
    let retention = &config.retention;
    ArchiveFolder::new(retention.folder.clone().unwrap_or_else(|| config.data.dir.join("archives")))
}
