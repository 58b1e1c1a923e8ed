//! Starting a code: drawn, told in a message, and stored with it in one commit.

use sambac_domain::error::ErrorCode;
use sambac_domain::fraud::{RateKey, RateKeyKind};
use sambac_domain::id::{AccountId, ApiKeyId, MessageId, OtpId};
use sambac_domain::money::{Currency, Money};
use sambac_domain::number::{Msisdn, Sender};
use sambac_domain::otp::{Link, OtpSettings, OtpState, app_hash_fits, origin_fits};
use sambac_domain::sandbox::is_sandbox;
use sambac_store::rows::{OtpRow, OtpSendRow};
use sambac_store::{Sealed, StoreError};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use super::content::{OtpContent, Sending};
use super::secret::new_salt;
use crate::Engine;
use crate::commit::OtpSend;
use crate::refusal::Refusal;
use crate::submit::{Idempotency, Submitted, country_of};

/// The profile that everybody has.
const DEFAULT_PROFILE: &str = "default";

/// A code that a client wants sent.
#[derive(Clone, Debug)]
pub struct StartOtp {
    /// Whose it is. Comes from the credentials.
    pub account_id: AccountId,
    /// The key that it came by.
    pub api_key: ApiKeyId,
    /// The person's number.
    pub destination: Msisdn,
    /// The sender; that of the profile if not given.
    pub sender: Option<Sender>,
    /// Name of the account's profile; the defaults hold if not given.
    pub profile: Option<String>,
    /// In which language it is told, `en` if not given.
    pub locale: Option<String>,
    /// What it is bound to (PSD2).
    pub link: Option<Link>,
    /// The 11 characters by which an Android app knows its messages; those of the profile if not given.
    pub app_hash: Option<String>,
    /// The website that may fill it in; that of the profile if not given.
    pub origin: Option<String>,
    /// The client's own reference.
    pub client_ref: Option<String>,
    /// The most that a message of it may cost, in micros.
    pub price_micros_max: Option<i64>,
    /// Who asks for it, as the client knows them: an address, a device, a user.
    pub keys: Vec<(RateKeyKind, String)>,
    /// The key is for tests.
    pub test_only: bool,
    /// Makes a repeat give the first answer again.
    pub idempotency: Option<Idempotency>,
}

/// A code as its client may see it.
#[derive(Clone, Debug)]
pub struct OtpView {
    /// Its row. What is secret in it stays where it is.
    pub row: OtpRow,
    /// The messages by which it was sent, oldest first.
    pub sends: Vec<OtpSendRow>,
    /// What the message costs that was sent by this request.
    pub price: Option<Money>,
    /// True when this answers a repeat of an earlier request.
    pub replayed: bool,
    /// The code itself, of one that was just sent to a number of the sandbox with a test key.
    pub sandbox_code: Option<SecretString>,
}

impl Engine {
    /// Draws a code and sends it: answers when code and message are durable.
    ///
    /// # Errors
    /// A [`Refusal`]; nothing is stored, held or sent then.
    pub async fn start_otp(&self, start: StartOtp) -> Result<OtpView, Refusal> {
        let snapshot = self.snapshot();
        let name = start.profile.as_deref().unwrap_or(DEFAULT_PROFILE);
        let settings = match snapshot.otp_profile(start.account_id, name) {
            Some(settings) => settings.clone(),
            None if name == DEFAULT_PROFILE => OtpSettings::default(),
            None => {
                return Err(Refusal::new(ErrorCode::InvalidRequest, "the account has no such profile").at("/profile"));
            }
        };
        let now = self.0.clock.now();
        let id = OtpId::from_raw(self.0.ids.next(now));
        let salt = new_salt().map_err(|_| Refusal::from(ErrorCode::Internal))?;
        let code = self.0.otp.keys.code(id, &salt, settings.code).ok_or(ErrorCode::Internal)?;
        let content = content(&start, &settings)?;
        let expires_at = now.saturating_add(settings.ttl());
        let request = content.message(Sending {
            id,
            account_id: start.account_id,
            destination: start.destination,
            expires_at,
            now,
            code: code.expose_secret(),
            step: 0,
            idempotency: start.idempotency.clone(),
        })?;
        let network = snapshot.networks.lookup(start.destination);
        let hash = self.0.otp.keys.hash(id, code.expose_secret(), start.link.as_ref());
        let row = OtpRow {
            id,
            account_id: start.account_id,
            profile: name.to_owned(),
            destination: start.destination,
            country: country_of(network).map_or_else(String::new, |country| country.to_string()),
            mcc_mnc: network.map(|network| network.mcc_mnc),
            attempts_max: settings.attempts_max,
            sends_max: settings.sends_max,
            resend_gap_s: settings.resend_gap_s,
            steps: u8::try_from(settings.steps.len()).unwrap_or(u8::MAX),
            by_verification: false,
            link_hash: start.link.as_ref().map(|link| link_hash(id, link)),
            created_at: now,
            expires_at,
            salt: Some(Sealed(salt)),
            code_hash: Some(Sealed(hash.to_vec())),
            content: Some(Sealed(self.0.settings.seal.seal_once(id.raw(), &sealed_form(&content)))),
            state: OtpState::Pending,
            attempts: 0,
            sends: 0,
            step: 0,
            message_id: MessageId::from_raw(0),
            resend_at: now.saturating_add(settings.resend_gap(1)),
            next_at: (settings.steps.len() > 1)
                .then(|| now.saturating_add(std::time::Duration::from_secs(settings.steps[0].next_after_s.into()))),
            settle_due: false,
            ended_at: None,
        };
        let keys: Vec<RateKey> = start.keys.iter().map(|(kind, key)| self.0.otp.keys.rate_key(*kind, key)).collect();
        let send = OtpSend::First(Box::new(row.clone()));
        let submitted = self.submit_for(request, Some(send), &keys).await?;
        if submitted.replayed {
            return self.replayed_otp(start.account_id, submitted).await;
        }
        let is_played = start.test_only && is_sandbox(start.destination);
        Ok(OtpView { sandbox_code: is_played.then_some(code), ..OtpView::sent(row, &submitted) })
    }

    /// One of this account's codes.
    ///
    /// # Errors
    /// `not_found`, also when it is another's; [`ErrorCode::ServiceUnavailable`].
    pub async fn otp(&self, account: AccountId, id: OtpId) -> Result<OtpView, Refusal> {
        let row = self.0.store.otp(account, id).await.map_err(unread)?.ok_or(ErrorCode::NotFound)?;
        let sends = self.0.store.otp_sends(id).await.map_err(unread)?;
        Ok(OtpView { row, sends, price: None, replayed: false, sandbox_code: None })
    }

    /// The code that an earlier request with the same key has sent.
    pub(super) async fn replayed_otp(&self, account: AccountId, submitted: Submitted) -> Result<OtpView, Refusal> {
        let id = self.0.store.otp_of_message(submitted.message_id).await.map_err(unread)?;
        // The key was used for something else than a code.
        let id = id.ok_or(ErrorCode::IdempotencyMismatch)?;
        let view = self.otp(account, id).await?;
        let price = Some(price(submitted.price_micros, submitted.currency));
        Ok(OtpView { price, replayed: true, ..view })
    }
}

impl OtpView {
    fn sent(row: OtpRow, submitted: &Submitted) -> Self {
        let (id, step, at) = (submitted.message_id, row.step, submitted.accepted_at);
        let send = OtpSendRow { id, otp_id: row.id, no: 1, step, channel: "sms".to_owned(), at };
        let row = OtpRow { message_id: id, sends: 1, ..row };
        let price = Some(price(submitted.price_micros, submitted.currency));
        Self { row, sends: vec![send], price, replayed: false, sandbox_code: None }
    }
}

fn content(start: &StartOtp, settings: &OtpSettings) -> Result<OtpContent, Refusal> {
    let bad = |field: &'static str, detail: &str| Refusal::new(ErrorCode::InvalidRequest, detail).at(field);
    let app_hash = start.app_hash.clone().or_else(|| settings.app_hash.clone());
    if app_hash.as_ref().is_some_and(|hash| !app_hash_fits(hash)) {
        return Err(bad("/app_hash", "must be the 11 characters that Android's tools print"));
    }
    let origin = start.origin.clone().or_else(|| settings.origin.clone());
    if origin.as_ref().is_some_and(|origin| !origin_fits(origin)) {
        return Err(bad("/origin", "must be the host of a website, as in bank.example"));
    }
    let locale = start.locale.as_deref().unwrap_or("en");
    let sender = start.sender.as_ref().map(|sender| sender.as_str().to_owned()).or_else(|| settings.sender.clone());
    Ok(OtpContent {
        form: settings.code,
        template: settings.text(locale, start.link.is_some()).to_owned(),
        link: start.link.as_ref().map(|link| (link.amount_text(), link.payee.clone())),
        app_hash,
        origin,
        sender,
        steps: settings.steps.clone(),
        api_key: start.api_key,
        client_ref: start.client_ref.clone(),
        price_micros_max: start.price_micros_max,
        test_only: start.test_only,
    })
}

fn sealed_form(content: &OtpContent) -> Vec<u8> {
    // A struct of numbers and texts always serialises.
    serde_json::to_vec(content).unwrap_or_default()
}

/// What the evidence says of amount and payee: whoever knows both can make it again.
pub(super) fn link_hash(id: OtpId, link: &Link) -> Vec<u8> {
    let mut digest = Sha256::new();
    digest.update(id.to_string());
    digest.update(Link::canonical(Some(link)));
    digest.finalize().to_vec()
}

pub(super) fn price(micros: i64, currency: Currency) -> Money {
    Money { micros, currency }
}

#[expect(clippy::needless_pass_by_value, reason = "the signature that map_err wants")]
pub(super) fn unread(error: StoreError) -> Refusal {
    tracing::error!(%error, "a one-time code was not read");
    ErrorCode::ServiceUnavailable.into()
}
