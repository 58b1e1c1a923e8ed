//! `[retention]` of the configuration, as the engine takes it.

use std::time::Duration;

use sambac_engine::cdr::archive::ArchiveFolder;
use sambac_engine::retention::RetentionSettings;

use crate::config::Config;

/// The engine's settings.
pub(crate) fn settings(config: &Config) -> RetentionSettings {
    let retention = &config.retention;
    RetentionSettings {
        archives: Some(folder(config)),
        cdr_months: retention.cdr_months,
        restored_days: retention.restored_days,
        hour: retention.hour,
        handset_text: Duration::from_secs(retention.handset_text_h.saturating_mul(3_600)),
    }
}

/// Where days of CDRs are kept in files.
pub(crate) fn folder(config: &Config) -> ArchiveFolder {
    let retention = &config.retention;
    ArchiveFolder::new(retention.folder.clone().unwrap_or_else(|| config.data.dir.join("archives")))
}
