//! One message's whole life, as the engine writes it, and a restart in the middle of it.

use sambac_domain::{MessageState, Timestamp};
use sambac_store::rows::{ChargeState, OutboxKind, OutboxRow, PostingKind};
use sambac_store::{BalanceDelta, Batch, MessageFinal, Store};

use crate::both::on_both_databases;
use crate::fixture::{
    self, ACCOUNT, HELD, NOW, OTP_LANE, PRICE_MICROS, QUEUE, REVENUE, WALLET, WEBHOOK, answer, cdr, charge, intent,
    message_id, new_message, payment, posting, posting_id, segment, segment_id, submit, submitted,
};

fn moved(from: i64, to: i64) -> Vec<BalanceDelta> {
    vec![BalanceDelta { id: from, delta_micros: -PRICE_MICROS }, BalanceDelta { id: to, delta_micros: PRICE_MICROS }]
}

on_both_databases! {
    async fn from_accept_to_notice(store: Store) {
        fixture::seed(&store).await;
        store.credit(&payment(9, "p", PRICE_MICROS), &posting(9, PostingKind::Credit, PRICE_MICROS), &fixture::chain_key()).await.unwrap();
        let accept = Batch {
            messages: vec![new_message(1)],
            segments: vec![segment(1)],
            charges: vec![charge(1, posting_id(1))],
            outbox: vec![submit(1)],
            idempotency: vec![answer("k", 1)],
            postings: vec![posting(1, PostingKind::Hold, PRICE_MICROS)],
            balances: moved(WALLET, HELD),
            ..Batch::default()
        };
        store.commit(&accept).await.unwrap();
        let work = store.outbox_page(QUEUE, OTP_LANE, 0, 10).await.unwrap();
        assert_eq!(work, [submit(1)]);

        let begun = intent(1, vec![segment_id(1)]);
        store.commit(&Batch { intents: vec![begun.clone()], ..Batch::default() }).await.unwrap();
        assert_eq!(store.intents().await.unwrap(), std::slice::from_ref(&begun));
        let answered = Batch {
            segment_updates: vec![submitted(1)],
            intents_done: vec![begun.id],
            outbox_done: vec![work[0].key()],
            ..Batch::default()
        };
        store.commit(&answered).await.unwrap();

        let found = store.segments_by_receipt_keys(&[31]).await.unwrap();
        assert_eq!(found, [submitted(1)]);
        let mut delivered = submitted(1);
        delivered.state = MessageState::Delivered;
        delivered.final_at = Some(Timestamp(NOW.0 + 3));
        let notice = OutboxRow {
            target: sambac_domain::TargetId(WEBHOOK.raw()),
            id: 1 << 50,
            kind: OutboxKind::Webhook,
            payload: Some("{}".to_owned()),
            ..submit(1)
        };
        let outcome = Batch {
            segment_updates: vec![delivered.clone()],
            message_finals: vec![MessageFinal {
                id: message_id(1),
                state: MessageState::Delivered,
                error: None,
                final_at: Timestamp(NOW.0 + 3),
            }],
            settlements: vec![fixture::settle(1, ChargeState::Captured, 2)],
            cdrs: vec![cdr(1)],
            postings: vec![posting(2, PostingKind::Capture, PRICE_MICROS)],
            balances: moved(HELD, REVENUE),
            outbox: vec![notice.clone()],
            ..Batch::default()
        };
        store.commit(&outcome).await.unwrap();
        store.commit(&Batch { outbox_done: vec![notice.key()], ..Batch::default() }).await.unwrap();

        let view = store.message(ACCOUNT, message_id(1)).await.unwrap().unwrap();
        assert_eq!(view.row.state, MessageState::Delivered);
        assert_eq!(view.segments, [delivered]);
        assert_eq!(view.charges[0].state, ChargeState::Captured);
        assert_eq!(store.outbox_targets().await.unwrap(), []);
        assert_eq!(sambac_domain::ledger::check(&store.trial(NOW).await.unwrap()), []);
    }
}
