//! Clients of the API: each sends now and then, asks again under the same key when it was not answered, and sometimes leaves before.

use std::sync::Arc;
use std::time::Duration;

use sambac_domain::id::ApiKeyId;
use sambac_domain::message::Origin;
use sambac_domain::number::Msisdn;
use sambac_engine::Engine;
use sambac_engine::submit::{Content, Idempotency, SubmitRequest, Submitted};

use crate::order::{Known, Way};
use crate::site::Account;
use crate::world::{World, locked};

/// Attempts before a client gives up.
const ATTEMPTS_MAX: u32 = 12;

/// Sends for one account until the process ends, beginning with what the last one left unanswered.
pub(crate) async fn run(world: Arc<World>, engine: Engine, account: Account) {
    for no in unanswered(&world, account.no) {
        tokio::spawn(ask(Arc::clone(&world), engine.clone(), account.clone(), no));
    }
    loop {
        let (pause, burst) = {
            let mut orders = locked(&world.orders);
            let dice = orders.dice(account.no);
            (dice.around(world.pause), if dice.per_mille(30) { dice.between(5, 40) } else { 1 })
        };
        tokio::time::sleep(pause).await;
        if world.is_healed() {
            return;
        }
        for _ in 0..burst {
            let no = locked(&world.orders).add(account.no, Way::Api);
            tokio::spawn(ask(Arc::clone(&world), engine.clone(), account.clone(), no));
        }
    }
}

/// What a client still wants to know.
pub(crate) fn unanswered(world: &World, account: usize) -> Vec<usize> {
    let mut orders = locked(&world.orders);
    let mine = |order: &crate::order::Order| order.account == account && order.known == Known::Nothing;
    let places: Vec<_> = (0..orders.all.len()).filter(|no| mine(&orders.all[*no])).collect();
    for no in &places {
        let order = &mut orders.all[*no];
        order.in_doubt = true;
        if order.way == Way::Smpp {
            // Nobody can ask what became of it.
            order.known = Known::GivenUp;
        }
    }
    places.into_iter().filter(|no| orders.all[*no].way == Way::Api).collect()
}

/// Asks until there is an answer.
async fn ask(world: Arc<World>, engine: Engine, account: Account, no: usize) {
    for attempt in 0..ATTEMPTS_MAX {
        let request = request(&world, &account, no);
        let (patience, pause) = {
            let mut orders = locked(&world.orders);
            let dice = orders.dice(account.no);
            let leaves = dice.per_mille(15);
            (leaves.then(|| dice.millis(0, 4)), dice.millis(300, 4_000) * (attempt + 1))
        };
        let submit = engine.submit(request);
        let answer = match patience {
            Some(patience) => tokio::time::timeout(patience, submit).await.ok(),
            None => Some(submit.await),
        };
        match answer {
            Some(Ok(submitted)) => return accepted(&world, no, &submitted),
            Some(Err(refusal)) if refusal.code.retry().is_worthwhile() => {
                world.note(format_args!("#{no} is to come again: {}", refusal.code.code()));
            }
            Some(Err(refusal)) => {
                world.note(format_args!("#{no} is refused: {}", refusal.code.code()));
                let code = refusal.code.code().to_owned();
                locked(&world.orders).all[no].known = Known::Refused { code };
                return;
            }
            None => {
                world.note(format_args!("#{no} is left"));
                locked(&world.orders).all[no].in_doubt = true;
            }
        }
        tokio::time::sleep(pause).await;
    }
    world.note(format_args!("#{no} is given up"));
    locked(&world.orders).all[no].known = Known::GivenUp;
}

fn accepted(world: &World, no: usize, submitted: &Submitted) {
    let id = submitted.message_id.to_string();
    world.note(format_args!("#{no} is {id}, again: {}", submitted.replayed));
    let known = Known::Accepted { id, expires_at: Some(submitted.expires_at), at: world.now() };
    locked(&world.orders).all[no].known = known;
}

fn request(world: &World, account: &Account, no: usize) -> SubmitRequest {
    let order = locked(&world.orders).all[no].clone();
    SubmitRequest {
        account_id: account.id,
        origin: Origin::Rest { api_key: ApiKeyId::from_raw(1) },
        sender: account.sender,
        destination: Msisdn::from_digits(order.to.as_bytes()).unwrap_or(account.nobody),
        content: Content::Text(order.text, None),
        class: order.class,
        validity: Some(order.validity),
        client_ref: Some(no.to_string()),
        receipt_wanted: true,
        registered_delivery: 1,
        price_micros_max: None,
        test_only: false,
        idempotency: Some(Idempotency { key: format!("order-{no}"), fingerprint: format!("print-{no}") }),
        options: None,
        part: None,
    }
}

/// How long a client rests whose bind came to nothing.
pub(crate) const REBIND: Duration = Duration::from_secs(3);
