//! What the engine is told at start.

use std::sync::Arc;
use std::time::Duration;

use sambac_domain::error::ErrorCode;
use sambac_domain::rating::MarginFloor;

use crate::audit::head::HeadReceiver;
use crate::events::EventSettings;
use crate::feed::FeedSettings;
use crate::lease::HeldLease;
use crate::payment::PaymentSettings;
use crate::pdu_log::PduLogLimits;
use crate::rate::SharedLimitSettings;
use crate::reconcile::NightlyHour;
use crate::retention::RetentionSettings;
use crate::seal::Seal;
use crate::snapshot::IpRange;
use crate::work::WorkSettings;

/// Settings of the engine, with safe defaults.
#[derive(Clone)]
pub struct Settings {
    /// Encrypts what is stored.
    pub seal: Seal,
    /// Where clients reach the public API: what our tokens say of who issued them, and whom they are for. Without a slash at its end.
    pub public_url: Arc<str>,
    /// Number of this process among those that share a database, 0 to 63: part of every id.
    pub node: u8,
    /// The lease by which this process may work while others wait; `None`: it takes the ledger over when it starts.
    pub lease: Option<HeldLease>,
    /// By which broker segments go to nodes that have operators' binds; `None`: this process has them itself.
    pub work: Option<WorkSettings>,
    /// Tasks that one lane of one target keeps in memory; the rest stays in the outbox table.
    pub lane_capacity: usize,
    /// Unfinished messages kept in memory; others are read back when their answer or receipt comes.
    pub live_capacity: usize,
    /// Writes that one group commit takes at most.
    pub group_max: usize,
    /// Writes that may wait for the group commit before ingresses are held back.
    pub writes_capacity: usize,
    /// Attempts at one segment over all connectors, before it fails.
    pub attempts_max: u8,
    /// How long after its validity a message without a receipt is given up.
    pub receipt_grace: Duration,
    /// Private address ranges that webhooks may be sent to all the same.
    pub webhook_private_ranges: Vec<IpRange>,
    /// Ports of receivers on the public internet.
    pub webhook_ports: Vec<u16>,
    /// Bound connections that the SMPP listener serves at once.
    pub smpp_connections_max: usize,
    /// Connections that have not bound yet, at once.
    pub smpp_unbound_max: usize,
    /// The same, from one address or one /64 of IPv6.
    pub smpp_unbound_per_source_max: usize,
    /// Bound connections from one address or one /64 of IPv6.
    pub smpp_connections_per_source_max: usize,
    /// Connections that wait for their refusal, at once; others are closed without one.
    pub smpp_refused_max: usize,
    /// command_status of every bind with wrong credentials, whatever was wrong.
    pub smpp_refused_status: u32,
    /// When a bind is refused, counted from its arrival, whatever the reason; a password not verified by then is refused.
    pub smpp_refusal_after: Duration,
    /// Bounds of the log of PDUs.
    pub pdu_log: PduLogLimits,
    /// The least margin of a segment where neither account nor route says one.
    pub margin_floor: MarginFloor,
    /// How often segments in doubt are counted.
    pub uncertain_interval: Duration,
    /// How often news is looked for that nobody has fetched in its time.
    pub notice_interval: Duration,
    /// After how long without a bind a connector is away: others get what waits for it.
    pub away_after: Duration,
    /// After how long without a bind a connector that is to run is told of in an alert.
    pub down_alert_after: Duration,
    /// How often it is added up what money has moved since the last time.
    pub audit_interval: Duration,
    /// How often all of it is added up anew.
    pub audit_whole_interval: Duration,
    /// When the day before is reconciled.
    pub reconcile_hour: NightlyHour,
    /// Where billing events are told; nowhere when there is none.
    pub events: Option<EventSettings>,
    /// Where limits are counted that several nodes share; here when there is none.
    pub shared_limits: Option<SharedLimitSettings>,
    /// How events are kept and streamed.
    pub feed: FeedSettings,
    /// How payments are taken.
    pub payments: PaymentSettings,
    /// For how long what is kept.
    pub retention: RetentionSettings,
    /// Where signed heads of the audit log are sent.
    pub audit_heads_to: Vec<HeadReceiver>,
    /// How often changed configuration is looked for.
    pub reload_interval: Duration,
    /// Who plays everybody outside, in a simulation.
    #[cfg(debug_assertions)]
    pub world: Option<Arc<dyn crate::simulated::World>>,
}

impl Settings {
    /// The defaults, with the seal that has none.
    pub fn new(seal: Seal) -> Self {
        Self {
            seal,
            public_url: Arc::from("http://127.0.0.1:8080"),
            node: 0,
            lease: None,
            work: None,
            lane_capacity: 8_192,
            live_capacity: 50_000,
            group_max: 2_000,
            writes_capacity: 16_384,
            attempts_max: 5,
            receipt_grace: Duration::from_secs(3_600),
            webhook_private_ranges: Vec::new(),
            webhook_ports: vec![80, 443],
            smpp_connections_max: 2_000,
            smpp_connections_per_source_max: 500,
            smpp_refused_max: 512,
            smpp_refused_status: ErrorCode::BindRefused.command_status(),
            smpp_unbound_max: 256,
            smpp_unbound_per_source_max: 32,
            // As many slow hashes as there are unbound connections fit in, two at a time.
            smpp_refusal_after: Duration::from_secs(3),
            pdu_log: PduLogLimits::default(),
            margin_floor: MarginFloor::Off,
            uncertain_interval: Duration::from_secs(5),
            notice_interval: Duration::from_secs(60),
            away_after: Duration::from_secs(5),
            down_alert_after: Duration::from_secs(60),
            audit_interval: Duration::from_secs(10),
            audit_whole_interval: Duration::from_secs(3_600),
            reconcile_hour: NightlyHour(Some(2)),
            events: None,
            shared_limits: None,
            feed: FeedSettings::default(),
            payments: PaymentSettings::default(),
            retention: RetentionSettings::default(),
            audit_heads_to: vec![HeadReceiver::Log],
            reload_interval: Duration::from_millis(500),
            #[cfg(debug_assertions)]
            world: None,
        }
    }
}
