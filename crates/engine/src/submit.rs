//! The only way in: every ingress (REST, SMPP, later campaigns) calls [`Engine::submit`].
//!
//! First the pure part: `prepare` checks, encodes, segments, routes and prices against one snapshot, without I/O. Then the
//! draft goes to the group commit, which admits it against the balance, gives it its id and stores it. The answer is given
//! only after that commit is flushed: acknowledged means durable.

use std::sync::Arc;
use std::time::Duration;

use sambac_domain::class::TrafficClass;
use sambac_domain::error::ErrorCode;
use sambac_domain::fraud::RateKey;
use sambac_domain::id::{AccountId, ConnectorId, MessageId, RouteId};
use sambac_domain::message::{MessageBody, Origin};
use sambac_domain::money::{Currency, Money};
use sambac_domain::number::{Country, MccMnc, Msisdn, Network, Sender};
use sambac_domain::options::MessageOptions;
use sambac_domain::planted::{Bug, planted};
use sambac_domain::rating::{ChargePolicy, Cost, Priced, RateQuery, price_of_segments};
use sambac_domain::routing::{Explanation, RouteQuery};
use sambac_domain::state::MessageState;
use sambac_domain::text::Encoding;
use sambac_domain::time::Timestamp;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::Engine;
use crate::commit::{Accept, OtpSend, Reply, Write};
use crate::compose::{Composed, compose};
use crate::content;
use crate::opt_out;
use crate::refusal::Refusal;
use crate::sandbox;
use crate::snapshot::{Account, Snapshot};
use crate::tariff::cost::{QuotedCost, keep_profitable, margin_too_low, quoted_costs};
use crate::templates;

/// The longest that a message may wait, whatever the client asks for.
pub const VALIDITY_MAX: Duration = Duration::from_secs(72 * 3600);
/// How far ahead a message may be given.
pub const SCHEDULE_MAX: Duration = Duration::from_secs(7 * 86_400);

/// What a client wants sent.
#[derive(Clone, Debug)]
pub struct SubmitRequest {
    /// Who pays. Comes from the credentials, never from the request's body.
    pub account_id: AccountId,
    /// By which credentials it came in.
    pub origin: Origin,
    /// Source address.
    pub sender: Sender,
    /// Destination in E.164.
    pub destination: Msisdn,
    /// Text or octets.
    pub content: Content,
    /// Decides lane, validity and what happens when the operator's answer is missing.
    pub class: TrafficClass,
    /// How long it may wait before it is worthless; the class's default if not given.
    pub validity: Option<Duration>,
    /// The client's own reference, at most 64 characters.
    pub client_ref: Option<String>,
    /// Whether the client wants to be told of the final state.
    pub receipt_wanted: bool,
    /// Which outcomes it wants to be told of, as SMPP's registered_delivery; 1 for all final ones.
    pub registered_delivery: u8,
    /// Refuse when all segments together would cost more than this, in micros of the account's currency.
    pub price_micros_max: Option<i64>,
    /// The key is for tests: it reaches test numbers (+999…) only.
    pub test_only: bool,
    /// Makes a repeat of this request give the first answer again.
    pub idempotency: Option<Idempotency>,
    /// What few messages have.
    pub options: Option<Box<MessageOptions>>,
    /// The octets are a part of a long message that the client cut itself: its parts keep together.
    pub part: Option<Part>,
}

/// Which long message of a client a part belongs to: with the same account, sender and destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// What ties the parts together.
    pub reference: u16,
    /// How many there are.
    pub total: u8,
}

/// The content to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A text; the encoding is chosen when not given.
    Text(String, Option<Encoding>),
    /// Octets with the `data_coding` that an ESME chose; `udhi` says that they begin with a user data header.
    Octets {
        /// The user data.
        data: Vec<u8>,
        /// SMPP data_coding.
        data_coding: u8,
        /// The UDH indicator of esm_class.
        udhi: bool,
    },
}

/// An `Idempotency-Key` and the digest of the request it came with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// The client's key, at most 255 characters.
    pub key: String,
    /// Digest of the request: the same key with another request is refused.
    pub fingerprint: String,
}

/// A message that was taken: durable, paid for, on its way.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Submitted {
    /// Our id.
    pub message_id: MessageId,
    /// Segments it takes.
    pub segments: u8,
    /// How it is encoded.
    #[serde(default = "unknown_encoding")]
    pub encoding: Encoding,
    /// For all segments, in micros.
    pub price_micros: i64,
    /// The account's currency.
    pub currency: Currency,
    /// When it was taken.
    pub accepted_at: Timestamp,
    /// Not sent after this.
    pub expires_at: Timestamp,
    /// Not sent before this, when that was still to come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send_at: Option<Timestamp>,
    /// True when this is the stored answer to an earlier request with the same idempotency key.
    #[serde(skip)]
    pub replayed: bool,
}

/// What a message would cost and which way it would go: the answer to a dry run.
#[derive(Clone, Debug)]
pub struct Quote {
    /// How it would be encoded.
    pub encoding: Encoding,
    /// Segments it takes.
    pub segments: u8,
    /// Network the destination belongs to, as far as known.
    pub mcc_mnc: Option<MccMnc>,
    /// For all segments.
    pub price: Money,
    /// What a charged segment costs, by which rate, and until when.
    pub priced: Priced,
    /// The route.
    pub route_id: RouteId,
    /// Its connectors, in the order in which they would be tried.
    pub connectors: Vec<ConnectorId>,
    /// Why this route: each one considered.
    pub explanation: Explanation,
    /// Whether the balance would allow it now.
    pub affordable: bool,
    /// What the operators of these connectors would be paid for all segments: for who runs the platform, no client is told.
    pub costs: Vec<QuotedCost>,
}

/// A request that passed every check that needs no storage; the group commit turns it into a message.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) request: SubmitRequest,
    pub(crate) body: MessageBody,
    pub(crate) options: Option<Box<MessageOptions>>,
    /// Segments that are submitted.
    pub(crate) segments: u8,
    /// Segments that are charged.
    pub(crate) parts: u8,
    pub(crate) mcc_mnc: Option<MccMnc>,
    /// Where it goes, for limits by country.
    pub(crate) country: Option<Country>,
    pub(crate) route_id: RouteId,
    pub(crate) connector_id: ConnectorId,
    /// What a charged segment costs, and for how long that holds.
    pub(crate) priced: Priced,
    /// For one that is submitted, in micros.
    pub(crate) price_micros: i64,
    /// What a charged segment costs us by its connector, when that is known.
    pub(crate) cost: Option<Cost>,
    pub(crate) currency: Currency,
    pub(crate) validity: Duration,
}

impl Draft {
    /// Whether it is the sandbox's: free, and counted nowhere.
    pub(crate) fn is_played(&self) -> bool {
        self.route_id == sandbox::ROUTE
    }

    /// When it is worthless: its validity counts from when it is to be delivered.
    pub(crate) fn expires_at(&self, now: Timestamp) -> Timestamp {
        let from = self.options.as_ref().and_then(|options| options.deliver_at).unwrap_or(now);
        let validity = if planted(Bug::ValidityInWrongUnit) { self.validity / 60 } else { self.validity };
        from.max(now).saturating_add(validity)
    }
}

impl Engine {
    /// Takes a message: answers when it is durable.
    ///
    /// # Errors
    /// A [`Refusal`] with the catalogue's entry; nothing is stored or held then.
    pub async fn submit(&self, request: SubmitRequest) -> Result<Submitted, Refusal> {
        self.submit_for(request, None, &[]).await
    }

    /// The same for a message that tells a one-time code.
    pub(crate) async fn submit_for(
        &self,
        request: SubmitRequest,
        otp: Option<OtpSend>,
        keys: &[RateKey],
    ) -> Result<Submitted, Refusal> {
        let claim = self.claim_idempotency(&request)?;
        if let Some(stored) = self.replay(&request).await? {
            return Ok(stored);
        }
        let snapshot = self.snapshot();
        let avoided = otp.as_ref().map_or(&[][..], OtpSend::avoided);
        let draft = prepare_avoiding(&snapshot, request, self.0.clock.now(), avoided)?;
        self.0.check_limits(&snapshot, &draft, Instant::now()).await?;
        let place = self.place().await?;
        let guarded = match otp.as_ref().and_then(OtpSend::asked_for) {
            Some(profile) => {
                self.guard_otp(&draft, profile, keys)?;
                Some((draft.request.account_id, draft.request.destination))
            }
            None => None,
        };
        let (reply, answer) = oneshot::channel();
        let accept = Accept { draft, reply: Reply::Wait(reply), claim, otp, place };
        let submitted = match self.0.write(Write::Accept(Box::new(accept))).await {
            true => answer.await.unwrap_or_else(|_| Err(ErrorCode::ServiceUnavailable.into())),
            false => Err(ErrorCode::ServiceUnavailable.into()),
        };
        if let (Err(_), Some((account, to))) = (&submitted, guarded) {
            self.0.otp.guards.undelivered(account, to, self.0.clock.now());
        }
        submitted
    }

    /// What [`Engine::submit`] would do, without doing it.
    ///
    /// # Errors
    /// The [`Refusal`] that it would give, but for a balance that is too low, which the quote tells.
    pub fn quote(&self, request: SubmitRequest) -> Result<Quote, Refusal> {
        let snapshot = self.snapshot();
        let draft = prepare(&snapshot, request, self.0.clock.now())?;
        let query = route_query(&draft.request, draft.mcc_mnc);
        let connectors = match draft.is_played() {
            true => vec![draft.connector_id],
            false => snapshot.routing.decide(&query).map_err(|_| no_route())?.connectors.to_vec(),
        };
        let total = total_price(draft.price_micros, draft.segments)?;
        let network = snapshot.networks.lookup(draft.request.destination);
        let asked = rate_query(&snapshot, &draft.request, network);
        let costs = quoted_costs(&snapshot, &draft, &connectors, (self.0.clock.now(), &asked));
        Ok(Quote {
            encoding: draft.body.encoding(),
            segments: draft.parts,
            mcc_mnc: draft.mcc_mnc,
            price: Money { micros: total, currency: draft.currency },
            priced: draft.priced,
            route_id: draft.route_id,
            connectors,
            explanation: snapshot.routing.explain(&query),
            affordable: self.balance(draft.request.account_id).is_some_and(|balance| balance.allows(total)),
            costs,
        })
    }
}

/// Policy, routing, encoding, segmentation and the price of now, in this order, against one snapshot. Pure.
pub(crate) fn prepare(snapshot: &Arc<Snapshot>, request: SubmitRequest, now: Timestamp) -> Result<Draft, Refusal> {
    prepare_avoiding(snapshot, request, now, &[])
}

/// The same, by other connectors of the route than these, where there are any.
fn prepare_avoiding(
    snapshot: &Arc<Snapshot>,
    mut request: SubmitRequest,
    now: Timestamp,
    avoided: &[ConnectorId],
) -> Result<Draft, Refusal> {
    let account = snapshot.account(request.account_id).ok_or(ErrorCode::Unauthenticated)?;
    if !account.active {
        return Err(ErrorCode::AccountSuspended.into());
    }
    let played = sandbox::way(snapshot, request.destination, request.test_only)?;
    check_reference(&request)?;
    account.message_rules.lay_over(&mut request.options);
    opt_out::obey(snapshot, &mut request)?;
    templates::obey(snapshot, account, &request)?;
    content::obey(&account.content_rules, &mut request)?;
    let validity = validity(&request)?;
    let network = snapshot.networks.lookup(request.destination);
    may_send_by(account, &request, network, now)?;
    let mcc_mnc = network.map(|network| network.mcc_mnc);
    let (route_id, mut connectors) = match played {
        Some(connector) => (sandbox::ROUTE, std::iter::once(connector).collect()),
        None => {
            let choice = snapshot.routing.decide(&route_query(&request, mcc_mnc)).map_err(|_| no_route())?;
            (choice.route.id, choice.connectors)
        }
    };
    let query = rate_query(snapshot, &request, network);
    let priced = match played {
        Some(_) => Ok(sandbox::FREE),
        None => account.tariff.price(now, &query).map(|priced| decidable(priced, request.class)).ok_or_else(no_price),
    };
    // What is wrong with the message is told first.
    let profitable = priced.as_ref().ok().filter(|_| played.is_none()).map_or(Ok(()), |priced| {
        keep_profitable(snapshot, account, route_id, &mut connectors, (now, &query, priced.price_micros))
    });
    connectors.sort_by_key(|connector| avoided.contains(connector));
    let connector_id = *connectors.first().ok_or_else(no_route)?;
    let cost = snapshot.cost(connector_id, now, &query);
    let Composed { body, options, segments, parts } = compose(snapshot, &connectors, &mut request)?;
    let priced = priced?;
    profitable?;
    let currency = account.tariff.currency();
    let price_micros = price_submitted(&priced, segments, parts)?;
    check_price(account, &request, price_micros, segments)?;
    Ok(Draft {
        request,
        body,
        options,
        segments,
        parts,
        mcc_mnc,
        country: country_of(network),
        route_id,
        connector_id,
        priced,
        price_micros,
        cost,
        currency,
        validity,
    })
}

impl Draft {
    /// Prices it anew when it is taken at a moment for which its price was not asked: a sheet has ended meanwhile.
    pub(crate) fn price_at(&mut self, snapshot: &Snapshot, now: Timestamp) -> Result<(), Refusal> {
        if self.priced.holds_at(now) {
            return Ok(());
        }
        let account = snapshot.account(self.request.account_id).ok_or(ErrorCode::Unauthenticated)?;
        let network = snapshot.networks.lookup(self.request.destination);
        let query = rate_query(snapshot, &self.request, network);
        self.priced = decidable(account.tariff.price(now, &query).ok_or_else(no_price)?, self.request.class);
        self.price_micros = price_submitted(&self.priced, self.segments, self.parts)?;
        check_price(account, &self.request, self.price_micros, self.segments)?;
        self.cost = snapshot.cost(self.connector_id, now, &query);
        self.leaves_enough(snapshot, self.cost).then_some(()).ok_or_else(margin_too_low)
    }

    /// What a charged segment costs by a connector of its route; `None` when nobody knows.
    pub(crate) fn cost_by(&self, snapshot: &Snapshot, connector: ConnectorId, now: Timestamp) -> Option<Cost> {
        let network = snapshot.networks.lookup(self.request.destination);
        snapshot.cost(connector, now, &rate_query(snapshot, &self.request, network))
    }

    /// Whether enough is left of its price after this cost.
    pub(crate) fn leaves_enough(&self, snapshot: &Snapshot, cost: Option<Cost>) -> bool {
        let floor = snapshot.margin_floor(snapshot.account(self.request.account_id), self.route_id);
        floor.allows(cost.and_then(|cost| cost.margin(self.priced.price_micros, self.currency)))
    }
}

/// Only what may be verified is paid for by that: everything else when it is delivered.
fn decidable(priced: Priced, class: TrafficClass) -> Priced {
    let is_never = priced.policy == ChargePolicy::Verified && class != TrafficClass::Otp;
    if is_never { Priced { policy: ChargePolicy::Delivered, ..priced } } else { priced }
}

/// The price of a submitted segment. The charged ones go in these; there are as many, or one for all of them.
fn price_submitted(priced: &Priced, segments: u8, parts: u8) -> Result<i64, Refusal> {
    total_price(priced.price_micros, parts / segments.max(1))
}

/// The most that a message may cost is the client's and the account's to say.
fn check_price(account: &Account, request: &SubmitRequest, price_micros: i64, segments: u8) -> Result<(), Refusal> {
    let total = total_price(price_micros, segments)?;
    if request.price_micros_max.is_some_and(|most| total > most) {
        return Err(Refusal::from(ErrorCode::PriceAboveMaximum).at("/max_price"));
    }
    if account.message_price_micros_max.is_some_and(|most| total > most) {
        let detail = "it costs more than a message of this account may";
        return Err(Refusal::new(ErrorCode::PriceAboveMaximum, detail));
    }
    Ok(())
}

/// The country of a network, when it is known.
pub(crate) fn country_of(network: Option<Network<'_>>) -> Option<Country> {
    network.and_then(|network| network.country.parse().ok())
}

/// What a price book is asked about a message.
fn rate_query(snapshot: &Snapshot, request: &SubmitRequest, network: Option<Network<'_>>) -> RateQuery {
    let mcc_mnc = network.map(|network| network.mcc_mnc);
    RateQuery {
        destination: request.destination,
        mcc_mnc,
        group: mcc_mnc.and_then(|network| snapshot.groups.of_network(network)),
        country: country_of(network),
        sender: request.sender.form(),
        class: request.class,
    }
}

/// Where the account sends by registered senders only, this one has to be one of them.
fn may_send_by(
    account: &Account,
    request: &SubmitRequest,
    network: Option<Network<'_>>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let allowed = account.message_rules.sender(&request.sender, country_of(network), now);
    allowed.map_err(|fault| Refusal::new(ErrorCode::SenderNotRegistered, fault.to_string()).at("/from"))
}

fn check_reference(request: &SubmitRequest) -> Result<(), Refusal> {
    let too_long = request.client_ref.as_ref().is_some_and(|text| text.chars().count() > 64);
    if too_long {
        return Err(
            Refusal::new(ErrorCode::InvalidRequest, "the reference is longer than 64 characters").at("/reference")
        );
    }
    Ok(())
}

fn validity(request: &SubmitRequest) -> Result<Duration, Refusal> {
    let default = Duration::from_secs(u64::from(request.class.default_validity_s()));
    match request.validity {
        None => Ok(default),
        Some(wanted) if wanted.is_zero() || wanted > VALIDITY_MAX => {
            Err(Refusal::new(ErrorCode::InvalidRequest, "validity must be from 1 second to 72 hours").at("/validity_s"))
        }
        Some(wanted) => Ok(wanted),
    }
}

pub(crate) fn route_query(request: &SubmitRequest, mcc_mnc: Option<MccMnc>) -> RouteQuery<'_> {
    RouteQuery {
        account: request.account_id,
        destination: request.destination,
        mcc_mnc,
        sender: &request.sender,
        class: request.class,
    }
}

/// Price of all segments, in micros.
pub(crate) fn total_price(price_micros: i64, segments: u8) -> Result<i64, Refusal> {
    price_of_segments(price_micros, segments).map_err(|_| ErrorCode::PriceAboveMaximum.into())
}

fn no_route() -> Refusal {
    Refusal::from(ErrorCode::NoRoute).at("/to")
}

fn no_price() -> Refusal {
    Refusal::from(ErrorCode::NoPrice).at("/to")
}

/// Answers that were stored before they told the encoding.
fn unknown_encoding() -> Encoding {
    Encoding::Gsm7
}

/// The state a message is in right after it was taken.
pub(crate) const STATE_TAKEN: MessageState = MessageState::Routed;
