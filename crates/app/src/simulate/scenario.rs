//! What a simulated operator does, read from a TOML file. Everything has a default: the empty file is a healthy operator.
//!
//! ```toml
//! seed = 7
//! [answer]
//! delay_ms = [5, 50]       # evenly spread
//! throttle = 0.02          # 2 % of the answers are ESME_RTHROTTLED
//! [receipt]
//! delay_ms = 200
//! states = { delivered = 97, undelivered = 3 }
//! [[rule]]                 # the first rule that matches overrides the settings above
//! destination = "1202"
//! answer = { reject = 1.0 }
//! ```

mod settings;

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

pub(crate) use settings::{AnswerSettings, ReceiptSettings};

use super::accept::Accept;
use super::alert::AlertSettings;
use super::chance::{Chance, Delay};
use super::connection::{OutbindSettings, TlsSettings};
use super::echo::EchoSettings;
use super::flow::FlowSettings;
use super::handset::{Mo, MoTable};
use super::manage::ManageSettings;
use super::refusals::Refusal;
use super::replay::Replay;
use super::shape::{IdShape, ReceiptShape, Shape};
use super::state::ReceiptState;
use super::wire::WireSettings;

/// A whole scenario, checked and with every default filled in.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    /// Seed of every random choice.
    pub(crate) seed: u64,
    /// Whether destinations in +999 choose their outcome by their last three digits.
    pub(crate) magic: bool,
    /// Who may bind.
    pub(crate) bind: BindSettings,
    /// What goes wrong on the way.
    pub(crate) wire: WireSettings,
    /// TLS, when it is spoken.
    pub(crate) tls: Option<TlsSettings>,
    /// Where an outbind goes to, when we open the connection.
    pub(crate) outbind: Option<OutbindSettings>,
    /// Whether messages come back.
    pub(crate) echo: EchoSettings,
    /// What is sent again from a capture; not in the file.
    pub(crate) replay: Option<Replay>,
    /// For what no rule matches.
    pub(crate) profile: Profile,
    /// The first that matches is used.
    pub(crate) rules: Vec<Rule>,
    /// What handsets send.
    pub(crate) handsets: Vec<Mo>,
    /// Refusals; the first that applies is the answer.
    pub(crate) status: Vec<Refusal>,
    /// How much it takes, and how it tells.
    pub(crate) flow: FlowSettings,
    /// Whether subscribers are told of that can be reached again.
    pub(crate) alert: AlertSettings,
    /// What who asks about a message is told.
    pub(crate) manage: ManageSettings,
}

/// Who may bind, and how often.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct BindSettings {
    /// Only this system_id; any when absent.
    pub(crate) system_id: Option<String>,
    /// Only with this password; any when absent.
    pub(crate) password: Option<String>,
    /// Most binds at a time; 0 = any number.
    pub(crate) max: u32,
    /// So many binds are refused before one is taken.
    pub(crate) refuse_first: u32,
    /// With this command_status.
    pub(crate) refuse_status: u32,
    /// Only with this system_type, and this address_range; any when absent.
    pub(crate) system_type: Option<String>,
    /// See `system_type`.
    pub(crate) address_range: Option<String>,
    /// Only these kinds: `transmitter`, `receiver`, `transceiver`; any when absent.
    pub(crate) kinds: Option<Vec<String>>,
    /// For so long after a session was lost without an unbind, binds are refused as already bound. 0 = never.
    pub(crate) stale_ms: u64,
    /// What we call ourselves.
    pub(crate) answer_system_id: String,
    /// Whether the answer to a bind tells our SMPP version.
    pub(crate) tell_version: bool,
    /// Most submits that an ESME may have unanswered; above it the answer is ESME_RTHROTTLED. 0 = any number.
    pub(crate) window_max: u32,
}

/// How a message is answered and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Profile {
    pub(crate) answer: AnswerProfile,
    pub(crate) receipt: ReceiptProfile,
    /// How ids and receipts look, when that is told.
    pub(crate) shape: Option<Arc<Shape>>,
    /// What it insists on, when that is told.
    pub(crate) accept: Option<Arc<Accept>>,
}

/// How a `submit_sm` is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AnswerProfile {
    pub(crate) delay: Delay,
    pub(crate) message_id: IdForm,
    pub(crate) throttle: Chance,
    pub(crate) throttle_first: u32,
    pub(crate) reject: Chance,
    pub(crate) reject_status: u32,
    pub(crate) temporary: Chance,
    pub(crate) temporary_status: u32,
    pub(crate) temporary_first: u32,
    pub(crate) drop_answer: Chance,
    pub(crate) close: Chance,
    pub(crate) close_taken: Chance,
    pub(crate) close_first: u32,
    pub(crate) close_every: u32,
    pub(crate) throughput_per_s_max: u32,
}

/// What becomes of an accepted message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReceiptProfile {
    pub(crate) given: Chance,
    pub(crate) only_when_asked: bool,
    pub(crate) delay: Delay,
    pub(crate) before_answer: Chance,
    pub(crate) duplicate: Chance,
    pub(crate) format: ReceiptFormat,
    /// Upper bounds in shares of their sum, ascending.
    pub(crate) states: Vec<(ReceiptState, u32)>,
    pub(crate) window_max: u32,
    pub(crate) waiting_max: u32,
    pub(crate) resend_max: u32,
}

/// What `message_id` looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IdForm {
    Decimal,
    Hex,
    Uuid,
}

/// Where a receipt says what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReceiptFormat {
    /// In the text and in TLVs.
    Both,
    /// In the text only.
    Text,
    /// In TLVs only; `short_message` is empty.
    Tlv,
}

/// Settings for some messages only.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    destination: Option<String>,
    sender: Option<String>,
    pub(crate) profile: Profile,
}

/// A scenario that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScenarioError {
    #[error("{path}: {source}")]
    Unreadable { path: String, source: std::io::Error },
    #[error("{path}: {detail}")]
    Malformed { path: String, detail: String },
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ScenarioFile {
    seed: u64,
    magic: Option<bool>,
    bind: BindSettings,
    wire: WireSettings,
    tls: Option<TlsSettings>,
    outbind: Option<OutbindSettings>,
    answer: AnswerSettings,
    receipt: ReceiptSettings,
    accept: Option<Accept>,
    alert: AlertSettings,
    id: Option<IdShape>,
    shape: Option<ReceiptShape>,
    echo: EchoSettings,
    rule: Vec<RuleFile>,
    mo: Vec<MoTable>,
    status: Vec<Refusal>,
    flow: FlowSettings,
    manage: ManageSettings,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    destination: Option<String>,
    sender: Option<String>,
    #[serde(default)]
    answer: AnswerSettings,
    #[serde(default)]
    receipt: ReceiptSettings,
    accept: Option<Accept>,
    id: Option<IdShape>,
    shape: Option<ReceiptShape>,
}

impl Scenario {
    /// Reads and checks `path`.
    pub(crate) fn read(path: &Path) -> Result<Self, ScenarioError> {
        let name = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&name, &text),
            Err(source) => Err(ScenarioError::Unreadable { path: name, source }),
        }
    }

    /// Reads `text`; `name` is where it came from, for the error.
    pub(crate) fn parse(name: &str, text: &str) -> Result<Self, ScenarioError> {
        let malformed = |detail: String| ScenarioError::Malformed { path: name.to_owned(), detail };
        let file: ScenarioFile = toml::from_str(text).map_err(|error| malformed(error.to_string()))?;
        let shape = shape_of(file.id.as_ref(), file.shape.as_ref());
        let accept = Accept::shared(file.accept.as_ref());
        let profile = profile_of(&file.answer, &file.receipt, shape, accept).map_err(malformed)?;
        let rules = file.rule.into_iter().enumerate().map(|(at, rule)| {
            let answer = rule.answer.or(&file.answer);
            let receipt = rule.receipt.or(&file.receipt);
            let shape = shape_of(rule.id.as_ref().or(file.id.as_ref()), rule.shape.as_ref().or(file.shape.as_ref()));
            let accept = Accept::shared(rule.accept.as_ref().or(file.accept.as_ref()));
            let profile = profile_of(&answer, &receipt, shape, accept)
                .map_err(|detail| malformed(format!("rule {}: {detail}", at + 1)))?;
            let destination = rule.destination.map(|prefix| prefix.trim_start_matches('+').to_owned());
            Ok(Rule { destination, sender: rule.sender, profile })
        });
        let mut handsets = Vec::new();
        for (table, number) in file.mo.iter().zip(1..) {
            handsets.extend(table.pdus().map_err(|detail| malformed(format!("mo {number}: {detail}")))?);
        }
        Ok(Self {
            handsets,
            seed: file.seed,
            magic: file.magic.unwrap_or(true),
            bind: file.bind,
            wire: file.wire,
            tls: file.tls,
            outbind: file.outbind,
            echo: file.echo,
            replay: None,
            profile,
            rules: rules.collect::<Result<_, _>>()?,
            status: file.status,
            flow: file.flow,
            alert: file.alert,
            manage: file.manage,
        })
    }

    /// The settings for a message, and which rule they come from (0 = none, then counted from 1).
    pub(crate) fn profile_for(&self, source: &[u8], destination: &[u8]) -> (usize, &Profile) {
        let matching = self.rules.iter().position(|rule| rule.matches(source, destination));
        matching.map_or((0, &self.profile), |at| (at + 1, &self.rules[at].profile))
    }
}

impl Default for Scenario {
    fn default() -> Self {
        let (answer, receipt) = (AnswerProfile::default(), ReceiptProfile::default());
        let profile = Profile { answer, receipt, shape: None, accept: None };
        Self {
            seed: 0,
            magic: true,
            bind: BindSettings::default(),
            wire: WireSettings::default(),
            tls: None,
            outbind: None,
            profile,
            rules: Vec::new(),
            handsets: Vec::new(),
            status: Vec::new(),
            flow: FlowSettings::default(),
            alert: AlertSettings::default(),
            manage: ManageSettings::default(),
            echo: EchoSettings::default(),
            replay: None,
        }
    }
}

impl Default for BindSettings {
    fn default() -> Self {
        Self {
            system_id: None,
            password: None,
            max: 0,
            refuse_first: 0,
            refuse_status: 0x0D,
            system_type: None,
            address_range: None,
            kinds: None,
            stale_ms: 0,
            answer_system_id: "simulator".to_owned(),
            tell_version: true,
            window_max: 0,
        }
    }
}

impl Default for AnswerProfile {
    fn default() -> Self {
        AnswerSettings::default().resolve()
    }
}

impl Default for ReceiptProfile {
    fn default() -> Self {
        ReceiptSettings::default().with_states(vec![(ReceiptState::Delivered, 1)])
    }
}

impl Rule {
    fn matches(&self, source: &[u8], destination: &[u8]) -> bool {
        // However a number is written, it is the same one.
        let plain = destination.strip_prefix(b"+").or_else(|| destination.strip_prefix(b"00"));
        let destination = plain.unwrap_or(destination);
        self.destination.as_ref().is_none_or(|prefix| destination.starts_with(prefix.as_bytes()))
            && self.sender.as_ref().is_none_or(|sender| source.eq_ignore_ascii_case(sender.as_bytes()))
    }
}

fn profile_of(
    answer: &AnswerSettings,
    receipt: &ReceiptSettings,
    shape: Option<Arc<Shape>>,
    accept: Option<Arc<Accept>>,
) -> Result<Profile, String> {
    Ok(Profile { answer: answer.resolve(), receipt: receipt.resolve()?, shape, accept })
}

/// Both tables, when there is one of them.
fn shape_of(id: Option<&IdShape>, receipt: Option<&ReceiptShape>) -> Option<Arc<Shape>> {
    let shape = || Shape { id: id.cloned().unwrap_or_default(), receipt: receipt.cloned().unwrap_or_default() };
    (id.is_some() || receipt.is_some()).then(|| Arc::new(shape()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Scenario, String> {
        Scenario::parse("s.toml", text).map_err(|error| error.to_string())
    }

    #[test]
    fn the_empty_file_is_a_healthy_operator() {
        let scenario = parse("").expect("nothing to object to");
        assert!(scenario.magic);
        assert_eq!(scenario.profile, Scenario::default().profile);
        assert_eq!(scenario.profile.answer.throttle, Chance::NEVER);
        assert_eq!(scenario.profile.receipt.given, Chance::ALWAYS);
    }

    #[test]
    fn a_rule_overrides_only_what_it_names() {
        let scenario = parse(
            "[answer]\ndelay_ms = 7\nreject_status = 69\n\
             [[rule]]\ndestination = \"+1202\"\nanswer = { reject = 1.0 }\n\
             [[rule]]\nsender = \"Bank\"\nreceipt = { given = 0.0 }\n",
        )
        .expect("well formed");
        let (rule, profile) = scenario.profile_for(b"Shop", b"12025550123");
        assert_eq!((rule, profile.answer.reject), (1, Chance::ALWAYS));
        assert_eq!((profile.answer.delay, profile.answer.reject_status), (scenario.profile.answer.delay, 69));
        let (rule, profile) = scenario.profile_for(b"bank", b"447700900123");
        assert_eq!((rule, profile.receipt.given), (2, Chance::NEVER));
        assert_eq!(scenario.profile_for(b"Shop", b"447700900123").0, 0);
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_place() {
        let error = parse("seed = 1\n[answer]\ndelay = 5\n").expect_err("there is no such key");
        assert!(error.starts_with("s.toml: ") && error.contains("line 3"), "{error}");
        assert!(error.contains("unknown field `delay`"), "{error}");
        let error = parse("[[rule]]\nanswer = { trottle = 1.0 }\n").expect_err("there is no such key");
        assert!(error.contains("line 2") && error.contains("trottle"), "{error}");
    }

    #[test]
    fn impossible_values_are_refused() {
        for text in [
            "[answer]\nthrottle = 1.5",
            "[answer]\ndelay_ms = [9, 2]",
            "[answer]\nmessage_id = \"roman\"",
            "[receipt]\nstates = { delivered = 0 }",
            "[receipt]\nstates = { lost = 1 }",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
