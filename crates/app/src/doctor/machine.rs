//! This machine: what the system lets one process have.

use std::fs::read_to_string;

use super::finding::Findings;

/// Files and sockets that a platform with its defaults may have open: 2,000 connections of clients, as many of HTTP, the database's.
const FILES_WANTED: u64 = 8_192;
/// Connections that may wait to be accepted.
const BACKLOG_WANTED: u64 = 1_024;
const MIB: u64 = 1_024;
/// Memory that a platform under load has, with its database's cache.
const MEMORY_WANTED_MIB: u64 = 512;

pub(super) fn look(findings: &mut Findings) {
    match read_to_string("/proc/self/limits").ok().as_deref().and_then(files_limit) {
        Some(limit) => findings.advise(
            "open files",
            limit >= FILES_WANTED,
            format!("a process may have {limit} open"),
            "raise it to 65536: `LimitNOFILE=65536` in the unit, or `ulimit -n 65536`; else connections are refused when many come",
        ),
        None => findings.skipped("open files", "/proc/self/limits does not tell"),
    }
    match read_to_string("/proc/sys/net/core/somaxconn").ok().and_then(|text| text.trim().parse::<u64>().ok()) {
        Some(backlog) => findings.advise(
            "accept queue",
            backlog >= BACKLOG_WANTED,
            format!("{backlog} connections may wait"),
            "set `sysctl net.core.somaxconn=4096`; else connections that come at once are dropped",
        ),
        None => findings.skipped("accept queue", "net.core.somaxconn cannot be read"),
    }
    match read_to_string("/proc/meminfo").ok().as_deref().and_then(memory_mib) {
        Some(mib) => findings.advise(
            "memory",
            mib >= MEMORY_WANTED_MIB,
            format!("{mib} MiB are free to be used"),
            "give the platform 512 MiB at least",
        ),
        None => findings.skipped("memory", "/proc/meminfo does not tell"),
    }
}

/// The soft limit of open files in `/proc/<pid>/limits`.
fn files_limit(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    let soft = line.split_whitespace().next()?;
    if soft == "unlimited" { Some(u64::MAX) } else { soft.parse().ok() }
}

/// `MemAvailable` of `/proc/meminfo`.
fn memory_mib(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? / MIB)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_tells_is_read() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units\n\
                      Max open files            1024                 524288               files\n";
        assert_eq!(files_limit(limits), Some(1_024));
        assert_eq!(
            files_limit("Max open files            unlimited            unlimited            files"),
            Some(u64::MAX)
        );
        assert_eq!(files_limit("Max processes 5 5 processes"), None);
        assert_eq!(memory_mib("MemTotal:  100 kB\nMemAvailable:    2097152 kB\n"), Some(2_048));
    }
}
