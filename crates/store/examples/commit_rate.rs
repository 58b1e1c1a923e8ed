//! What the database work of one single-segment message costs: CPU and time, by batch size.
//!
//! `cargo run --release -p sambac-store --example commit_rate [URL] [MESSAGES]`; without a URL it writes a SQLite file
//! in the temporary folder. Linux only: CPU time of all threads is read from `/proc`. For PostgreSQL that is the
//! client's share.

#![expect(clippy::print_stdout, reason = "a measuring tool prints what it measured")]
#![expect(clippy::unwrap_used, clippy::float_arithmetic, reason = "it may stop at any failure, and shows microseconds")]

#[path = "../tests/contract/fixture.rs"]
#[expect(dead_code, reason = "the contract tests' rows, of which this uses some")]
mod fixture;

use std::time::Instant;

use fixture::{
    HELD, NOW, PRICE_MICROS, REVENUE, WALLET, WEBHOOK, cdr, charge, intent, message_id, new_message, posting,
    posting_id, segment, segment_id, submit, submitted,
};
use sambac_domain::{MessageState, SegmentId, TargetId, Timestamp};
use sambac_store::rows::{ChargeState, OutboxKind, OutboxRow, PostingKind};
use sambac_store::{BalanceDelta, Batch, MessageFinal, Settlement, Store};

/// The steps of a message's life; each is a part of a batch.
const STAGES: [fn(&mut Batch, i64, i64); 5] = [accept, begin, answer, finish, notify];

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = std::env::temp_dir().join(format!("sambac-commit-rate-{}", std::process::id()));
    let url = arguments.next().filter(|url| url.contains("://"));
    let messages: i64 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(20_000);
    std::fs::create_dir_all(&folder).unwrap();
    let url = url.unwrap_or_else(|| format!("sqlite://{}", folder.join("rate.db").display()));
    let store = Store::open(&url).await.unwrap();
    store.migrate().await.unwrap();
    fixture::seed(&store).await;
    println!("how        batch  messages/s  CPU µs/message  commit ms p50   p99    max");
    let mut next = store.greatest_id().await.unwrap().max(message_id(1 << 21).raw()) >> 20;
    for (batch, messages) in [(1, messages / 20), (20, messages / 2), (100, messages), (500, messages)] {
        for mixed in [false, true] {
            next += 1;
            measure(&store, mixed, batch, next, messages / batch).await;
            next += messages;
        }
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    println!(
        "{}",
        status
            .lines()
            .filter(|line| line.starts_with("VmHWM") || line.starts_with("VmRSS"))
            .collect::<Vec<_>>()
            .join(" ")
    );
    let breaches = sambac_domain::ledger::check(&store.trial(NOW).await.unwrap());
    println!("sums that are wrong: {}", breaches.len());
    store.close().await;
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Writes `count` batches. Apart: each stage in a commit of its own. Mixed: the stages of five batches in each commit,
/// as under load.
async fn measure(store: &Store, mixed: bool, size: i64, first: i64, count: i64) {
    let (mut took, mut batch) = (Vec::new(), Batch::default());
    let (cpu, start) = (cpu_us(), Instant::now());
    let steps = if mixed { count + 4 } else { count };
    for step in 0..steps {
        for (stage, write) in (0..).zip(STAGES) {
            let turn = if mixed { step - stage } else { step };
            if (0..count).contains(&turn) {
                write(&mut batch, first + turn * size, size);
            }
            if !mixed || stage == 4 {
                let begun = Instant::now();
                store.commit(&batch).await.unwrap();
                took.push(begun.elapsed().as_secs_f64() * 1_000.0);
                batch.clear();
            }
        }
    }
    took.sort_by(f64::total_cmp);
    let (elapsed, cpu, messages) = (start.elapsed().as_secs_f64(), cpu_us() - cpu, (size * count) as f64);
    let (p50, p99, max) = (took[took.len() / 2], took[took.len() * 99 / 100], took[took.len() - 1]);
    let how = if mixed { "mixed" } else { "apart" };
    println!("{how:9} {size:6} {:11.0} {:15.1} {p50:14.2} {p99:6.2} {max:6.2}", messages / elapsed, cpu / messages);
}

/// CPU time of all threads so far.
fn cpu_us() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path().join("schedstat"));
    let nanos = |path| std::fs::read_to_string(path).ok()?.split(' ').next()?.parse::<u64>().ok();
    tasks.filter_map(nanos).sum::<u64>() as f64 / 1_000.0
}

fn moved(batch: &mut Batch, from: i64, to: i64, amount_micros: i64) {
    batch.balances.push(BalanceDelta { id: from, delta_micros: -amount_micros });
    batch.balances.push(BalanceDelta { id: to, delta_micros: amount_micros });
}

fn accept(batch: &mut Batch, first: i64, size: i64) {
    let numbers = first..first + size;
    batch.messages.extend(numbers.clone().map(new_message));
    batch.segments.extend(numbers.clone().map(segment));
    batch.charges.extend(numbers.clone().map(|number| charge(number, posting_id(first << 1))));
    batch.outbox.extend(numbers.map(submit));
    batch.postings.push(posting(first << 1, PostingKind::Hold, size * PRICE_MICROS));
    moved(batch, WALLET, HELD, size * PRICE_MICROS);
}

fn begin(batch: &mut Batch, first: i64, size: i64) {
    let segments: Vec<SegmentId> = (first..first + size).map(segment_id).collect();
    batch.intents.push(intent(first, segments));
}

fn answer(batch: &mut Batch, first: i64, size: i64) {
    let numbers = first..first + size;
    batch.segment_updates.extend(numbers.clone().map(submitted));
    batch.outbox_done.extend(numbers.map(|number| submit(number).key()));
    batch.intents_done.push(intent(first, Vec::new()).id);
}

fn finish(batch: &mut Batch, first: i64, size: i64) {
    let at = Timestamp(NOW.0 + 3);
    for number in first..first + size {
        let mut delivered = submitted(number);
        delivered.state = MessageState::Delivered;
        delivered.final_at = Some(at);
        batch.segment_updates.push(delivered);
        let id = message_id(number);
        batch.message_finals.push(MessageFinal { id, state: MessageState::Delivered, error: None, final_at: at });
        let (id, posting) = (segment_id(number), posting_id((first << 1) + 1));
        let captured_micros = PRICE_MICROS;
        batch.settlements.push(Settlement { id, state: ChargeState::Captured, captured_micros, posting, block_id: 0 });
        batch.cdrs.push(cdr(number));
        batch.outbox.push(notice(number));
    }
    batch.postings.push(posting((first << 1) + 1, PostingKind::Capture, size * PRICE_MICROS));
    moved(batch, HELD, REVENUE, size * PRICE_MICROS);
}

fn notify(batch: &mut Batch, first: i64, size: i64) {
    batch.outbox_done.extend((first..first + size).map(|number| notice(number).key()));
}

fn notice(number: i64) -> OutboxRow {
    OutboxRow {
        target: TargetId(WEBHOOK.raw()),
        id: (1 << 52) + (number << 8),
        kind: OutboxKind::Webhook,
        payload: Some(r#"{"type":"message.delivered","id":"msg_0000000000000","state":"delivered"}"#.to_owned()),
        ..submit(number)
    }
}
