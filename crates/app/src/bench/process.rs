//! What a process costs, from `/proc`: CPU time, of each kind of thread too, and memory.

use std::collections::BTreeMap;
use std::fs;

/// The kernel counts in hundredths of a second (USER_HZ) on every architecture that we run on.
const TICK_MS: u64 = 10;

/// CPU time of a process so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cpu {
    /// Threads that have ended included.
    pub(crate) total_ms: u64,
    /// Of that in the kernel.
    pub(crate) system_ms: u64,
    /// Of the threads that run, summed by their names without digits.
    pub(crate) by_thread_ms: BTreeMap<String, u64>,
}

/// Memory of a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Now.
    pub(crate) resident_kib: u64,
    /// The most it ever was.
    pub(crate) peak_kib: u64,
}

/// CPU time of process `pid`; nothing when it is gone.
pub(crate) fn cpu(pid: u32) -> Cpu {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let (user_ms, system_ms) = times_ms(&stat).unwrap_or_default();
    Cpu { total_ms: user_ms + system_ms, system_ms, by_thread_ms: threads(pid) }
}

/// Memory of process `pid`; zeros when it is gone.
pub(crate) fn memory(pid: u32) -> Memory {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let value = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        line.and_then(|rest| rest.split_whitespace().next()).and_then(|kib| kib.parse().ok()).unwrap_or_default()
    };
    Memory { resident_kib: value("VmRSS:"), peak_kib: value("VmHWM:") }
}

/// Files that process `pid` has open; none when it is gone.
pub(crate) fn files(pid: u32) -> u64 {
    fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, |files| files.count() as u64)
}

/// CPU time of the whole machine that was not idle.
pub(crate) fn machine_busy_ms() -> u64 {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let Some(line) = stat.lines().next().and_then(|line| line.strip_prefix("cpu ")) else { return 0 };
    let ticks: Vec<u64> = line.split_whitespace().filter_map(|ticks| ticks.parse().ok()).collect();
    // user nice system idle iowait irq softirq steal; guest times are part of user and nice.
    let busy = [0, 1, 2, 5, 6, 7].iter().filter_map(|at| ticks.get(*at)).sum::<u64>();
    busy * TICK_MS
}

impl Cpu {
    /// With that of another process.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.total_ms += other.total_ms;
        self.system_ms += other.system_ms;
        for (name, ms) in other.by_thread_ms {
            *self.by_thread_ms.entry(name).or_default() += ms;
        }
        self
    }

    /// What was used since `earlier`.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        let by_thread = self.by_thread_ms.iter().map(|(name, ms)| {
            let before = earlier.by_thread_ms.get(name).copied().unwrap_or_default();
            (name.clone(), ms.saturating_sub(before))
        });
        Self {
            total_ms: self.total_ms.saturating_sub(earlier.total_ms),
            system_ms: self.system_ms.saturating_sub(earlier.system_ms),
            by_thread_ms: by_thread.filter(|(_, ms)| *ms > 0).collect(),
        }
    }
}

fn threads(pid: u32) -> BTreeMap<String, u64> {
    let mut sums: BTreeMap<String, u64> = BTreeMap::new();
    for thread in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
        let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        if let (Some(name), Some((user_ms, system_ms))) = (name(&stat), times_ms(&stat)) {
            *sums.entry(name).or_default() += user_ms + system_ms;
        }
    }
    sums
}

/// The name in brackets, without the digits that number alike threads.
fn name(stat: &str) -> Option<String> {
    let name = &stat[stat.find('(')? + 1..stat.rfind(')')?];
    Some(name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-').to_owned())
}

/// utime and stime, the 14th and 15th field; names may hold spaces, so counting begins after them.
fn times_ms(stat: &str) -> Option<(u64, u64)> {
    let mut fields = stat.get(stat.rfind(')')? + 1..)?.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok().map(|ticks| ticks * TICK_MS);
    Some((next()?, next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "12 (tokio worker-3) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20";

    #[test]
    fn times_and_names_are_read_past_spaces_and_brackets() {
        assert_eq!(times_ms(STAT), Some((2_500, 500)));
        assert_eq!(name(STAT).as_deref(), Some("tokio worker"));
        assert_eq!(times_ms("12 (a) b) S 1 2 3 4 5 6 7 8 9 10 1 2"), Some((10, 20)));
        assert_eq!(times_ms(""), None);
    }

    #[test]
    fn this_process_uses_memory_and_a_missing_one_none() {
        let own = memory(std::process::id());
        assert!(own.resident_kib > 0 && own.peak_kib >= own.resident_kib, "{own:?}");
        assert_eq!(memory(u32::MAX), Memory::default());
        assert!(files(std::process::id()) > 0 && files(u32::MAX) == 0);
        assert_eq!(cpu(u32::MAX), Cpu::default());
        assert!(machine_busy_ms() > 0);
    }

    #[test]
    fn what_was_used_is_the_difference() {
        let at = |total_ms, ms| Cpu { total_ms, system_ms: 1, by_thread_ms: [("a".to_owned(), ms)].into() };
        let used = at(500, 300).since(&at(200, 100));
        assert_eq!((used.total_ms, used.system_ms, used.by_thread_ms["a"]), (300, 0, 200));
    }
}
