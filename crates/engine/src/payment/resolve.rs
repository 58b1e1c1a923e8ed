//! Asks the provider how a payment is, and does what follows. Whoever asks, and however many at once: a state changes only from
//! the one that was read, and the money is credited once.

use std::sync::Arc;

use sambac_domain::payment::PaymentState;
use sambac_domain::time::Timestamp;
use sambac_store::StoreError;
use sambac_store::rows::PaymentIntentRow;
use secrecy::ExposeSecret as _;
use tokio::sync::oneshot;

use super::provider::{Fault, Provider, Standing, Told};
use super::settings::PaymentSettings;
use crate::alert::AlertKind;
use crate::commit::{Credit, Credited, Settles, Write};
use crate::{Inner, kill_point, ledger};

/// What follows from an answer.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// The payment is like this now.
    Keep(PaymentIntentRow),
    /// The money has come.
    Credit(PaymentIntentRow),
    /// It is like this, and a person has to look at it.
    Alert(PaymentIntentRow, AlertKind),
}

/// Asks, and does what follows.
pub(super) async fn resolve(inner: &Arc<Inner>, row: PaymentIntentRow) -> Result<(), StoreError> {
    let settings = &inner.settings.payments;
    if !inner.settings.seal.chain_key().proves(&row) {
        return unproven(inner, &row).await;
    }
    let Some(provider) = inner.payments.provider(&row.provider) else {
        // Another provider is configured now: it is looked at again when this one is back, or given up.
        let gone = Err(Fault::Unanswered(format!("the provider {} is not configured", row.provider)));
        return take(inner, &row, next(settings, &row, &gone, inner.clock.now()), None).await;
    };
    let asked = ask(&*provider, &row, is_overdue(&row, inner.clock.now())).await;
    let step = next(settings, &row, &asked, inner.clock.now());
    take(inner, &row, step, asked.ok()).await
}

/// Whose payment it is, or how much, is not what was written: nobody is asked about it, and nothing is credited. It is not written
/// anew either: it stays without a proof.
async fn unproven(inner: &Inner, row: &PaymentIntentRow) -> Result<(), StoreError> {
    let name = ledger::Told { table: "payment_intents", number: row.id.raw(), id: row.id };
    inner.alerts.unproven(&name, row.proof.is_some());
    let why = Some("what is stored of the payment is not what was written".to_owned());
    let stopped = PaymentIntentRow { why, next_check_at: None, ..row.clone() };
    inner.store.move_payment_intent(&stopped, row).await.map(drop)
}

fn is_overdue(row: &PaymentIntentRow, now: Timestamp) -> bool {
    !row.state.is_final() && now >= row.expires_at
}

async fn ask(provider: &dyn Provider, row: &PaymentIntentRow, overdue: bool) -> Result<Told, Fault> {
    // Without an answer so far, the same is asked for again: it is made once.
    let Some(id) = &row.provider_payment_id else { return provider.create(row).await };
    let told = provider.fetch(row, id).await?;
    let open = matches!(told.state, Standing::Waiting | Standing::Declined);
    if overdue && open { provider.cancel(row, id).await } else { Ok(told) }
}

/// What follows, without doing it.
fn next(settings: &PaymentSettings, before: &PaymentIntentRow, asked: &Result<Told, Fault>, now: Timestamp) -> Step {
    let row = PaymentIntentRow { checks: before.checks.saturating_add(1), ..before.clone() };
    let told = match asked {
        Ok(told) => told,
        Err(Fault::Refused(why)) if row.provider_payment_id.is_none() => {
            return Step::Keep(ended(row, PaymentState::Declined, Some(why.clone()), now));
        }
        Err(fault) => return doubtful(settings, row, fault.to_string(), now),
    };
    let is_ours = told.payment.is_none_or(|id| id == row.id)
        && before.provider_payment_id.as_ref().is_none_or(|id| *id == told.id)
        && (told.amount_micros, told.currency) == (row.amount_micros, row.currency);
    let overdue = is_overdue(before, now);
    let row = PaymentIntentRow { provider_payment_id: Some(told.id.clone()), ..row };
    match told.state {
        _ if !is_ours => mismatch(before, told),
        Standing::Succeeded => Step::Credit(row),
        Standing::Waiting if row.state.is_final() => Step::Keep(PaymentIntentRow { next_check_at: None, ..row }),
        Standing::Waiting => {
            let at = pause_from(settings, &row, now);
            let at = if row.expires_at > now { at.min(row.expires_at) } else { at };
            Step::Keep(PaymentIntentRow { state: PaymentState::Pending, why: None, next_check_at: Some(at), ..row })
        }
        Standing::Declined => Step::Keep(ended(row, PaymentState::Declined, told.why.clone(), now)),
        Standing::Canceled => {
            let state = if overdue { PaymentState::Expired } else { PaymentState::Canceled };
            Step::Keep(ended(row, state, None, now))
        }
    }
}

fn ended(row: PaymentIntentRow, state: PaymentState, why: Option<String>, now: Timestamp) -> PaymentIntentRow {
    if !row.state.may_become(state) {
        return PaymentIntentRow { next_check_at: None, ..row };
    }
    PaymentIntentRow { state, why, next_check_at: None, ended_at: Some(now), ..row }
}

/// It is not known how it is: asked again by the schedule, and told to a person when that has gone on for too long.
fn doubtful(settings: &PaymentSettings, row: PaymentIntentRow, why: String, now: Timestamp) -> Step {
    let state = if row.state.may_become(PaymentState::Unknown) { PaymentState::Unknown } else { row.state };
    let over = now >= row.expires_at.saturating_add(settings.unknown_kept);
    let next_check_at = (!over).then(|| pause_from(settings, &row, now));
    let row = PaymentIntentRow { state, why: Some(why), next_check_at, ..row };
    if over { Step::Alert(row, AlertKind::PaymentUnknown) } else { Step::Keep(row) }
}

/// What the provider has under this id is another payment: nothing is credited before a person has looked.
fn mismatch(before: &PaymentIntentRow, told: &Told) -> Step {
    let why = format!("the provider tells of {} {}, which is another payment", told.id, told.currency);
    let state = if before.state.may_become(PaymentState::Unknown) { PaymentState::Unknown } else { before.state };
    let row = PaymentIntentRow { state, why: Some(why), next_check_at: None, ..before.clone() };
    Step::Alert(row, AlertKind::PaymentMismatch)
}

fn pause_from(settings: &PaymentSettings, row: &PaymentIntentRow, now: Timestamp) -> Timestamp {
    let place = usize::try_from(row.checks.saturating_sub(1)).unwrap_or(usize::MAX);
    let pause = settings.check_after.get(place).or(settings.check_after.last());
    now.saturating_add(pause.copied().unwrap_or(settings.timeout))
}

async fn take(inner: &Inner, before: &PaymentIntentRow, step: Step, told: Option<Told>) -> Result<(), StoreError> {
    let key = inner.settings.seal.chain_key();
    let secret = told.and_then(|told| told.client_secret);
    let sealed = secret.and_then(|secret| inner.settings.seal.seal_text(before.id.raw(), secret.expose_secret()).ok());
    let with_secret =
        |row: PaymentIntentRow| PaymentIntentRow { client_secret: row.client_secret.clone().or(sealed.clone()), ..row };
    match step {
        Step::Keep(row) => inner.store.move_payment_intent(&key.prove(with_secret(row)), before).await.map(drop),
        Step::Alert(row, kind) => {
            let why = row.why.clone().unwrap_or_default();
            inner.alerts.raise(kind, &row.id.to_string(), &why);
            inner.store.move_payment_intent(&row, before).await.map(drop)
        }
        Step::Credit(row) => {
            // The provider's id first, by itself: that it is no other payment's is for the database to say.
            let row = key.prove(with_secret(row));
            let named = before.provider_payment_id.is_some()
                || inner
                    .store
                    .move_payment_intent(&PaymentIntentRow { state: before.state, ..row.clone() }, before)
                    .await?;
            if named { credit(inner, row).await } else { Ok(()) }
        }
    }
}

async fn credit(inner: &Inner, row: PaymentIntentRow) -> Result<(), StoreError> {
    let Some(provider_payment_id) = row.provider_payment_id.clone() else { return Ok(()) };
    kill_point::reached("before_credit");
    let (reply, answer) = oneshot::channel();
    let credit = Credit {
        payment: row.id,
        account: row.account_id,
        micros: row.amount_micros,
        currency: row.currency,
        method: row.provider.clone(),
        reference: format!("{}:{provider_payment_id}", row.provider),
        settles: Settles::Payment { provider_payment_id },
        reply,
    };
    if !inner.write(Write::Credit(Box::new(credit))).await {
        return Ok(()); // The engine has ended; the next one asks again.
    }
    match answer.await {
        Ok(Credited::Now | Credited::Before) | Err(_) => Ok(()),
        Ok(Credited::ReferenceTaken | Credited::Impossible) => {
            let why = "the money has come and cannot be credited: the account has no wallet for it, or its reference is booked";
            inner.alerts.raise(AlertKind::PaymentMismatch, &row.id.to_string(), why);
            let stopped = PaymentIntentRow { why: Some(why.to_owned()), next_check_at: None, ..row.clone() };
            inner.store.move_payment_intent(&stopped, &row).await.map(drop)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sambac_domain::id::{AccountId, PaymentId};

    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

    fn row(state: PaymentState) -> PaymentIntentRow {
        PaymentIntentRow {
            id: PaymentId::from_raw(256),
            account_id: AccountId::from_raw(512),
            provider: "test".to_owned(),
            provider_payment_id: (state != PaymentState::Created).then(|| "p1".to_owned()),
            state,
            amount_micros: 5_000_000,
            currency: "EUR".parse().expect("a currency"),
            client_secret: None,
            play: None,
            why: None,
            idempotency_key: None,
            fingerprint: String::new(),
            checks: 0,
            next_check_at: Some(NOW),
            created_at: NOW,
            expires_at: NOW.saturating_add(Duration::from_secs(86_400)),
            ended_at: None,
            proof: None,
        }
    }

    fn told(state: Standing) -> Told {
        Told {
            id: "p1".to_owned(),
            payment: Some(PaymentId::from_raw(256)),
            state,
            amount_micros: 5_000_000,
            currency: "EUR".parse().expect("a currency"),
            client_secret: None,
            why: None,
        }
    }

    fn kept(before: &PaymentIntentRow, asked: &Result<Told, Fault>, now: Timestamp) -> PaymentIntentRow {
        match next(&PaymentSettings::default(), before, asked, now) {
            Step::Keep(row) => row,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn without_an_answer_it_is_asked_again_ever_more_seldom_until_a_person_is_told() {
        let (mut now, mut before, mut pauses) = (NOW, row(PaymentState::Created), Vec::new());
        let lost = || Err(Fault::Unanswered("time-out".to_owned()));
        loop {
            match next(&PaymentSettings::default(), &before, &lost(), now) {
                Step::Keep(row) => {
                    let at = row.next_check_at.expect("it is asked again");
                    pauses.push((at.0 - now.0) / 1_000_000);
                    assert_eq!(row.state, PaymentState::Unknown);
                    (now, before) = (at, row);
                }
                Step::Alert(row, AlertKind::PaymentUnknown) => {
                    assert_eq!((row.state, row.next_check_at), (PaymentState::Unknown, None));
                    break;
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(pauses[..7], [5, 15, 60, 300, 900, 3_600, 3_600]);
        assert!(pauses.len() < 250, "bounded: {}", pauses.len());
    }

    #[test]
    fn an_answer_resolves_what_was_unknown_and_its_time_ends_what_nobody_paid() {
        let unknown = row(PaymentState::Unknown);
        assert_eq!(kept(&unknown, &Ok(told(Standing::Waiting)), NOW).state, PaymentState::Pending);
        assert_eq!(kept(&unknown, &Ok(told(Standing::Declined)), NOW).state, PaymentState::Declined);
        assert_eq!(kept(&unknown, &Ok(told(Standing::Canceled)), NOW).state, PaymentState::Canceled);
        let late = unknown.expires_at;
        let expired = kept(&unknown, &Ok(told(Standing::Canceled)), late);
        assert_eq!((expired.state, expired.next_check_at, expired.ended_at), (PaymentState::Expired, None, Some(late)));
        let waits =
            kept(&PaymentIntentRow { checks: 9, ..row(PaymentState::Pending) }, &Ok(told(Standing::Waiting)), NOW);
        assert!(waits.next_check_at.expect("it is asked again") <= waits.expires_at);
    }

    #[test]
    fn money_that_comes_late_is_taken_and_bad_news_of_it_are_not_believed() {
        let settings = PaymentSettings::default();
        for state in [PaymentState::Pending, PaymentState::Declined, PaymentState::Expired, PaymentState::Canceled] {
            let step = next(&settings, &row(state), &Ok(told(Standing::Succeeded)), NOW);
            assert!(matches!(step, Step::Credit(_)), "{state:?}: {step:?}");
        }
        let declined = row(PaymentState::Declined);
        assert_eq!(kept(&declined, &Ok(told(Standing::Canceled)), NOW).state, PaymentState::Declined);
        assert_eq!(kept(&declined, &Err(Fault::Unanswered(String::new())), NOW).state, PaymentState::Declined);
    }

    #[test]
    fn another_amount_currency_or_payment_is_never_credited() {
        let others = [
            Told { amount_micros: 5_000_001, ..told(Standing::Succeeded) },
            Told { currency: "USD".parse().expect("a currency"), ..told(Standing::Succeeded) },
            Told { payment: Some(PaymentId::from_raw(1_024)), ..told(Standing::Succeeded) },
            Told { id: "p2".to_owned(), ..told(Standing::Succeeded) },
        ];
        for other in others {
            let step = next(&PaymentSettings::default(), &row(PaymentState::Pending), &Ok(other), NOW);
            let Step::Alert(after, AlertKind::PaymentMismatch) = step else { panic!("{step:?}") };
            assert_eq!((after.state, after.provider_payment_id.as_deref()), (PaymentState::Unknown, Some("p1")));
        }
    }

    #[test]
    fn a_payment_that_the_provider_will_not_make_has_ended() {
        let refused = kept(&row(PaymentState::Created), &Err(Fault::Refused("400: too small".to_owned())), NOW);
        assert_eq!((refused.state, refused.why.as_deref()), (PaymentState::Declined, Some("400: too small")));
        let lost = kept(&row(PaymentState::Pending), &Err(Fault::Refused("404".to_owned())), NOW);
        assert_eq!(lost.state, PaymentState::Unknown, "one that it had made has not");
    }
}
