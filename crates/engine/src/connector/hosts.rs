//! Which of an SMSC's hosts a bind goes to, and when it may be tried again.

use std::fmt;
use std::time::Duration;

use sambac_domain::profile::{BindSettings, HostPolicy};
use sambac_smpp::BindKind;
use sambac_store::rows::{self, ConnectorRow};
use tokio::time::Instant;

use super::backoff::Backoff;

/// A host and its port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) host: String,
    pub(super) port: u16,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// The hosts in the order in which they are preferred, each with its pauses.
pub(super) struct Hosts {
    candidates: Vec<Candidate>,
    /// After a session has ended, no host is tried before.
    rest_until: Option<Instant>,
    reconnect: (Duration, Duration),
}

struct Candidate {
    target: Target,
    backoff: Backoff,
    not_before: Option<Instant>,
}

/// All hosts that a bind of this kind may go to, the connector's own first.
pub(super) fn targets(row: &ConnectorRow, bind: &BindSettings, kind: BindKind) -> Vec<Target> {
    let receives_elsewhere = row.bind_kind == rows::BindKind::Pair && kind == BindKind::Receiver;
    let (host, port) = match receives_elsewhere {
        true => (bind.receive_host.clone(), bind.receive_port),
        false => (None, None),
    };
    let own = Target { host: host.unwrap_or_else(|| row.host.clone()), port: port.unwrap_or(row.port) };
    let further =
        bind.hosts.iter().map(|further| Target { host: further.host.clone(), port: port.unwrap_or(further.port) });
    std::iter::once(own).chain(further).collect()
}

impl Hosts {
    /// `number` is the bind's, from 0: spread binds begin each with another host.
    pub(super) fn new(mut targets: Vec<Target>, bind: &BindSettings, number: usize) -> Self {
        if bind.host_policy == HostPolicy::Spread && !targets.is_empty() {
            let first = number % targets.len();
            targets.rotate_left(first);
        }
        let (min, max) = (Duration::from_millis(bind.reconnect_min_ms), Duration::from_millis(bind.reconnect_max_ms));
        let candidate = |target| Candidate { target, backoff: Backoff::new(min, max), not_before: None };
        Self { candidates: targets.into_iter().map(candidate).collect(), rest_until: None, reconnect: (min, max) }
    }

    /// Other settings: every pause begins anew, but for the rest after the last session.
    #[must_use]
    pub(super) fn changed(self, targets: Vec<Target>, bind: &BindSettings, number: usize) -> Self {
        Self { rest_until: self.rest_until, ..Self::new(targets, bind, number) }
    }

    /// The most preferred host that may be tried now, or when to ask again.
    pub(super) fn next(&self, now: Instant) -> Result<(usize, Target), Instant> {
        if let Some(until) = self.rest_until.filter(|until| now < *until) {
            return Err(until);
        }
        let is_ready = |candidate: &Candidate| candidate.not_before.is_none_or(|at| at <= now);
        match self.candidates.iter().position(is_ready) {
            Some(at) => Ok((at, self.candidates[at].target.clone())),
            None => {
                let soonest = self.candidates.iter().filter_map(|candidate| candidate.not_before).min();
                Err(soonest.unwrap_or(now + self.reconnect.1))
            }
        }
    }

    /// A host failed: it is tried again after `pause`, or after a pause that grows with each failure.
    pub(super) fn failed(&mut self, at: usize, pause: Option<Duration>, now: Instant) {
        if let Some(candidate) = self.candidates.get_mut(at) {
            let pause = pause.unwrap_or_else(|| candidate.backoff.next());
            candidate.not_before = Some(now + pause);
        }
    }

    /// A session ended by itself after `lived`. One that lived longer than the pause before it has earned a fresh start.
    pub(super) fn ended(&mut self, at: usize, lived: Duration, now: Instant) {
        let (min, max) = self.reconnect;
        self.rest_until = Some(now + Backoff::new(min, max).next());
        if let Some(candidate) = self.candidates.get_mut(at) {
            candidate.backoff.lived(lived);
            candidate.not_before = Some(now + candidate.backoff.next());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sambac_domain::profile::Host;

    const LONG: Duration = Duration::from_secs(600);

    fn bind(policy: HostPolicy) -> BindSettings {
        let further = |host: &str| Host { host: host.to_owned(), port: 2776 };
        BindSettings { hosts: vec![further("b"), further("c")], host_policy: policy, ..BindSettings::default() }
    }

    fn hosts(policy: HostPolicy, number: usize) -> Hosts {
        let targets = ["a", "b", "c"].map(|host| Target { host: host.to_owned(), port: 2775 });
        Hosts::new(targets.to_vec(), &bind(policy), number)
    }

    fn next(hosts: &Hosts, now: Instant) -> Option<String> {
        hosts.next(now).ok().map(|(_, target)| target.host)
    }

    #[tokio::test(start_paused = true)]
    async fn a_standby_is_tried_at_once_and_the_primary_comes_first_again() {
        let mut hosts = hosts(HostPolicy::PrimaryStandby, 1);
        let now = Instant::now();
        assert_eq!(next(&hosts, now).as_deref(), Some("a"));
        hosts.failed(0, None, now);
        assert_eq!(next(&hosts, now).as_deref(), Some("b"));
        // The standby's session ends later: the primary is tried first, after a rest.
        let later = now + LONG;
        hosts.ended(1, LONG, later);
        assert!(hosts.next(later).is_err(), "a rest comes first");
        assert_eq!(next(&hosts, later + Duration::from_secs(2)).as_deref(), Some("a"));
    }

    #[tokio::test(start_paused = true)]
    async fn when_all_failed_the_first_that_may_be_tried_again_is_waited_for() {
        let mut hosts = hosts(HostPolicy::PrimaryStandby, 0);
        let now = Instant::now();
        for (at, seconds) in [(0, 60), (1, 35), (2, 90)] {
            hosts.failed(at, Some(Duration::from_secs(seconds)), now);
        }
        let soonest = hosts.next(now).expect_err("none may be tried");
        assert_eq!(soonest, now + Duration::from_secs(35));
        assert_eq!(next(&hosts, soonest).as_deref(), Some("b"));
    }

    #[tokio::test(start_paused = true)]
    async fn spread_binds_begin_each_with_another_host() {
        let now = Instant::now();
        let first: Vec<_> = (0..4).filter_map(|number| next(&hosts(HostPolicy::Spread, number), now)).collect();
        assert_eq!(first, ["a", "b", "c", "a"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_drops_every_link_at_once_gives_way_to_the_next() {
        let mut hosts = hosts(HostPolicy::PrimaryStandby, 0);
        let mut now = Instant::now();
        let rest = Duration::from_secs(2);
        let pauses_longer = |hosts: &Hosts, now| hosts.candidates[0].not_before > Some(now + rest);
        // Pauses grow by chance: a short one may come again and again, but not for ever.
        for _ in 0..100 {
            now += LONG;
            hosts.ended(0, Duration::ZERO, now);
            if pauses_longer(&hosts, now) {
                break;
            }
        }
        assert_eq!(next(&hosts, now + rest).as_deref(), Some("b"));
    }
}
