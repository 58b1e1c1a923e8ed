//! A database in memory, the ledger in front of it as the group commit uses it, and the reference beside both.

use std::collections::BTreeMap;

use super::op::Op;
use super::reference::Reference;
use crate::id::{AccountId, HoldId, IdSource, PostingId};
use crate::ledger::{
    Answered, Balance, BalanceKind, Book, Breach, Command, Desk, Hold, HoldState, KnownHold, LedgerAccounts, Mark, Now,
    Opening, Order, PostingKind, Refusal, Trial, TrialBalance, TrialCharges, TrialHold, TrialWallet, check,
};
use crate::money::Currency;
use crate::time::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ChargeState {
    Held,
    Captured,
    Voided,
}

#[derive(Clone, Copy, Debug)]
struct Charge {
    wallet: usize,
    micros: i64,
    state: ChargeState,
    /// What it is a part of, in order.
    parts: [Option<PostingId>; 2],
    is_corrected: bool,
}

/// What the batch has not stored yet.
#[derive(Default)]
struct Pending {
    commands: Vec<(Command, bool)>,
    charges: Vec<Charge>,
    settle: Vec<(usize, bool)>,
    correct: Vec<usize>,
}

pub(super) struct World {
    book: Book,
    desk: Desk,
    ids: IdSource,
    now: Timestamp,
    /// Ledger account → kind, currency, balance, and the sum of its postings.
    balances: BTreeMap<i64, TrialBalance>,
    limits: [i64; 3],
    postings: BTreeMap<PostingId, i64>,
    parts: BTreeMap<PostingId, i64>,
    charges: Vec<Charge>,
    late: [i64; 3],
    lowered: [i64; 3],
    pending: Pending,
    sent: Vec<Command>,
    answers: Vec<Answered>,
    committed_at: Timestamp,
    reference: Reference,
    /// As it was when the batch began, with what is not new done since.
    before: Reference,
    keys: u32,
}

/// Accounts 0, 1 and 2 have wallets, 2 in dollars; account 3 pays from the wallet of 0.
const WALLET_OF: [usize; 4] = [0, 1, 2, 0];

fn account(number: usize) -> AccountId {
    AccountId::from_raw((i64::try_from(number).unwrap() + 1) << 8)
}

fn currency(wallet: usize) -> Currency {
    if wallet == 2 { "USD".parse().unwrap() } else { "EUR".parse().unwrap() }
}

fn ledger_accounts(wallet: usize) -> LedgerAccounts {
    let first = i64::try_from(wallet).unwrap() * 2 + 10;
    LedgerAccounts { wallet_id: first, held_id: first + 1 }
}

impl World {
    pub(super) fn new() -> Self {
        let mut balances = BTreeMap::new();
        let mut add = |id, kind, currency| {
            balances.insert(id, TrialBalance { id, kind, currency, balance_micros: 0, postings_micros: 0 });
        };
        for wallet in 0..3 {
            let LedgerAccounts { wallet_id, held_id } = ledger_accounts(wallet);
            add(wallet_id, BalanceKind::Wallet, currency(wallet));
            add(held_id, BalanceKind::Held, currency(wallet));
        }
        for (id, wallet) in [(1, 0), (2, 2)] {
            add(id, BalanceKind::Revenue, currency(wallet));
            add(id + 2, BalanceKind::Funding, currency(wallet));
        }
        let mut world = Self {
            book: Book::default(),
            desk: Desk::default(),
            ids: IdSource::new(0, 0),
            now: Timestamp::from_secs(1_800_000_000),
            balances,
            limits: [0; 3],
            postings: BTreeMap::new(),
            parts: BTreeMap::new(),
            charges: Vec::new(),
            late: [0; 3],
            lowered: [0; 3],
            pending: Pending::default(),
            sent: Vec::new(),
            answers: Vec::new(),
            committed_at: Timestamp(0),
            reference: Reference::default(),
            before: Reference::default(),
            keys: 0,
        };
        world.reload();
        world
    }

    /// Does it, and sees that everything agrees.
    pub(super) fn step(&mut self, op: Op) {
        match op {
            Op::Order { account, verb, micros, which } => {
                let command = self.command(account, verb, micros, which);
                self.run(&[command], false);
            }
            Op::Linked { account, orders, micros, which } => {
                let verbs = [1, 0, 2, 4];
                let commands: Vec<_> =
                    (0..orders).map(|n| self.command(account, verbs[n], micros, which + n)).collect();
                self.run(&commands, true);
            }
            Op::Again { which, other_body } => self.again(which, other_body),
            Op::Message { account, micros, segments } => self.message(account, micros, segments),
            Op::Settle { which, capture } => self.pending.settle.push((which, capture)),
            Op::Correct { which } => self.pending.correct.push(which),
            Op::Payment { account, micros } => self.payment(WALLET_OF[account], micros),
            Op::Limit { account, micros } => self.limit(WALLET_OF[account], micros),
            Op::Time { micros } => self.now = Timestamp(self.now.0 + micros),
            Op::Commit => self.commit(false),
            Op::Refused => self.commit(true),
        }
        self.agrees();
    }

    /// Stores what is left and tells the state in words that can be compared.
    pub(super) fn finish(mut self) -> Vec<String> {
        self.commit(false);
        self.agrees();
        let mut state: Vec<_> = self.balances.values().map(|row| format!("{row:?}")).collect();
        state.extend(self.postings.iter().map(|posting| format!("{posting:?}")));
        state.extend(self.charges.iter().map(|charge| format!("{charge:?}")));
        state
    }

    fn command(&mut self, account: usize, verb: u8, micros: i64, which: usize) -> Command {
        let holds: Vec<_> = self.reference.holds.keys().copied().collect();
        // Now and then one that is not there.
        let hold = HoldId::from_raw(holds.get(which % (holds.len() + 1)).copied().unwrap_or(77));
        let part = Some(micros).filter(|micros| micros % 3 != 0);
        let order = match verb {
            0 => Order::Debit { micros },
            1 => Order::Hold { micros, expires_at: Timestamp(self.now.0 + 40) },
            2 => Order::Capture { hold, micros: part, last: which.is_multiple_of(2) },
            3 => Order::Void { hold },
            _ => Order::Refund { hold, micros: part },
        };
        self.keys += 1;
        let key = format!("key {}", self.keys);
        Command { account: self::account(account), key, fingerprint: format!("{order:?}"), order }
    }

    fn run(&mut self, commands: &[Command], linked: bool) {
        let untouched = self.picture();
        let (book, desk, ids) = (&mut self.book, &mut self.desk, &self.ids);
        let at = self.now;
        let mut now = Now { next_id: &mut || ids.next(at), at };
        let answers = if linked {
            desk.run_linked(book, commands, &mut now)
        } else {
            commands.iter().map(|command| desk.run(book, command, &mut now)).collect()
        };
        let mut expected = self.reference.clone();
        let mut refused = None;
        for (place, (command, (answer, replayed))) in commands.iter().zip(&answers).enumerate() {
            assert!(!replayed, "{command:?} is new");
            let number = usize::try_from((command.account.raw() >> 8) - 1).unwrap();
            let made = answer.ok().map(|done| done.hold.raw());
            if linked && answers.iter().any(|(answer, _)| answer.is_err()) {
                // The first that the reference refuses is the one; all others say so.
                let own = match made {
                    Some(_) => panic!("one of a refused group was done: {command:?}"),
                    None => {
                        expected.order((number, WALLET_OF[number]), &command.order, self.now.0, Some(-1 - place as i64))
                    }
                };
                match (refused, own, answer) {
                    (None, Err(own), Err(told)) if own == *told => refused = Some(place),
                    (None, Ok(_), Err(Refusal::Linked(_))) => {}
                    (Some(first), _, Err(Refusal::Linked(named))) => assert_eq!(*named, first),
                    case => panic!("{command:?}: {case:?}"),
                }
                continue;
            }
            let own = expected.order((number, WALLET_OF[number]), &command.order, self.now.0, made);
            assert_eq!(answer.map(|done| i128::from(done.moved_micros)), own, "{command:?}");
        }
        if answers.iter().all(|(answer, _)| answer.is_ok()) {
            self.reference = expected;
        } else if linked || commands.len() == 1 {
            assert_eq!(self.picture(), untouched, "a refused command left a trace: {commands:?}");
        }
        for (command, (answer, _)) in commands.iter().zip(&answers) {
            self.pending.commands.push((command.clone(), answer.is_ok()));
        }
    }

    /// All that can be seen of the book.
    fn picture(&self) -> (Vec<Option<Balance>>, Vec<(PostingId, i64)>) {
        let balances = (0..4).map(|number| self.book.balance(account(number))).collect();
        (balances, self.book.postings().map(|posting| (posting.id, posting.micros)).collect())
    }

    /// A command that was stored comes again.
    fn again(&mut self, which: usize, other_body: bool) {
        let Some(mut command) = self.sent.get(which % self.sent.len().max(1)).cloned() else { return };
        if other_body {
            command.fingerprint.push('!');
        }
        let untouched = self.picture();
        let ids = &self.ids;
        let at = self.now;
        let mut now = Now { next_id: &mut || ids.next(at), at };
        let (answer, replayed) = self.desk.run(&mut self.book, &command, &mut now);
        assert!(replayed, "{command:?}");
        assert_eq!(answer == Err(Refusal::KeyUsed), other_body, "{command:?}: {answer:?}");
        assert_eq!(self.picture(), untouched, "a repetition moved something: {command:?}");
    }

    fn message(&mut self, number: usize, micros: i64, segments: usize) {
        let wallet = WALLET_OF[number];
        let total = micros * i64::try_from(segments).unwrap();
        let payer = self.book.payer(account(number));
        let id = PostingId::from_raw(self.ids.next(self.now));
        let posting = self.book.post(payer, PostingKind::Hold, total, || id);
        let can_pay = self.reference.wallets[wallet].can_pay(i128::from(total));
        assert_eq!(posting.is_ok(), can_pay, "a message at {total}: {:?}", self.reference.wallets[wallet]);
        let Ok(posting) = posting else { return };
        self.reference.wallets[wallet].set_aside += i128::from(total);
        let parts = [Some(posting), None];
        let charge = Charge { wallet, micros, state: ChargeState::Held, parts, is_corrected: false };
        self.pending.charges.extend(std::iter::repeat_n(charge, segments));
    }

    fn payment(&mut self, wallet: usize, micros: i64) {
        self.commit(false);
        if micros == 0 {
            return;
        }
        let posting = PostingId::from_raw(self.ids.next(self.now));
        let funding = if wallet == 2 { 4 } else { 3 };
        self.move_stored(posting, (funding, ledger_accounts(wallet).wallet_id), micros);
        *self.parts.entry(posting).or_default() += micros;
        self.reference.wallets[wallet].paid_in += i128::from(micros);
        self.before = self.reference.clone();
        self.reload();
    }

    fn limit(&mut self, wallet: usize, micros: i64) {
        self.commit(false);
        self.limits[wallet] = micros;
        self.reference.wallets[wallet].limit = i128::from(micros);
        self.before = self.reference.clone();
        self.reload();
        let balance = self.book.balance(account(wallet)).unwrap();
        self.lowered[wallet] = self.lowered[wallet].max(balance.below_limit_micros());
    }

    /// What is not new comes after what is: ends of segments, corrections, holds whose time is over.
    fn commit(&mut self, refused: bool) {
        let mark = self.book.mark();
        if refused {
            self.forget(mark);
        }
        for command in std::mem::take(&mut self.pending.commands) {
            self.sent.push(command.0);
        }
        self.charges.append(&mut self.pending.charges);
        self.settle();
        self.correct();
        self.expire();
        self.store();
        self.before = self.reference.clone();
    }

    /// The database refused what is new: its clients are told so, and it never happened.
    fn forget(&mut self, mark: Mark) {
        self.book.forget_first(mark);
        self.pending.commands.clear();
        self.pending.charges.clear();
        self.reference = self.before.clone();
        self.desk = Desk::default();
        for answered in self.answers.iter().cloned() {
            self.desk.know_answer(answered.account, answered.key, answered.fingerprint, answered.answer);
        }
        self.restore_holds();
    }

    fn restore_holds(&mut self) {
        for (id, own) in &self.reference.holds {
            let hold = Hold {
                amount_micros: i64::try_from(own.amount).unwrap(),
                captured_micros: i64::try_from(own.taken).unwrap(),
                refunded_micros: i64::try_from(own.returned).unwrap(),
                state: own.state,
                expires_at: (own.ends_at < i64::MAX).then_some(Timestamp(own.ends_at)),
            };
            let wallet = WALLET_OF[own.account];
            let (owner, payer) = (account(own.account), account(wallet));
            let known = KnownHold { account: owner, payer, currency: currency(wallet), hold };
            self.desk.know_hold(HoldId::from_raw(*id), known);
        }
    }

    fn settle(&mut self) {
        for (which, capture) in std::mem::take(&mut self.pending.settle) {
            let count = self.charges.len().max(1);
            let Some(charge) = self.charges.get_mut(which % count).filter(|c| c.state == ChargeState::Held) else {
                continue;
            };
            let kind = if capture { PostingKind::Capture } else { PostingKind::Void };
            let id = PostingId::from_raw(self.ids.next(self.now));
            let posting = self.book.post(account(charge.wallet), kind, charge.micros, || id);
            charge.parts[1] = Some(posting.expect("what is held can be settled"));
            charge.state = if capture { ChargeState::Captured } else { ChargeState::Voided };
            let counted = &mut self.reference.wallets[charge.wallet];
            *(if capture { &mut counted.taken } else { &mut counted.released }) += i128::from(charge.micros);
        }
    }

    fn correct(&mut self) {
        for which in std::mem::take(&mut self.pending.correct) {
            let count = self.charges.len().max(1);
            let ended = |charge: &&mut Charge| charge.state != ChargeState::Held && !charge.is_corrected;
            let Some(charge) = self.charges.get_mut(which % count).filter(ended) else { continue };
            let was_taken = charge.state == ChargeState::Captured;
            let kind = if was_taken { PostingKind::Refund } else { PostingKind::Correct };
            let id = PostingId::from_raw(self.ids.next(self.now));
            let posting = self.book.post(account(charge.wallet), kind, charge.micros, || id);
            *self.parts.entry(posting.expect("a late fact is always booked")).or_default() += charge.micros;
            charge.is_corrected = true;
            let counted = &mut self.reference.wallets[charge.wallet];
            *(if was_taken { &mut counted.returned } else { &mut counted.late }) += i128::from(charge.micros);
            if !was_taken {
                self.late[charge.wallet] += charge.micros;
            }
        }
    }

    fn expire(&mut self) {
        let now = self.now.0;
        let overdue = |hold: &super::reference::RefHold| hold.state == HoldState::Open && hold.ends_at <= now;
        let due: Vec<_> = self.reference.holds.iter().filter(|(_, hold)| overdue(hold)).map(|(id, _)| *id).collect();
        for id in due {
            let ids = &self.ids;
            let at = self.now;
            let mut now = Now { next_id: &mut || ids.next(at), at };
            let done = self.desk.expire(&mut self.book, HoldId::from_raw(id), &mut now).expect("it is due");
            let hold = self.reference.holds.get_mut(&id).unwrap();
            let left = hold.amount - hold.taken;
            assert_eq!(i128::from(done.moved_micros), left);
            hold.state = HoldState::Expired;
            self.reference.wallets[WALLET_OF[hold.account]].released += left;
        }
    }

    fn store(&mut self) {
        for posting in self.book.postings().collect::<Vec<_>>() {
            self.move_stored(posting.id, (posting.debit_id, posting.credit_id), posting.micros);
        }
        for moved in self.desk.new_answers().iter().flat_map(|answered| &answered.moved) {
            *self.parts.entry(moved.posting).or_default() += moved.step.micros;
        }
        self.answers.extend_from_slice(self.desk.new_answers());
        self.desk.stored();
        self.book.committed();
        self.committed_at = self.now;
    }

    fn move_stored(&mut self, posting: PostingId, (debit, credit): (i64, i64), micros: i64) {
        assert!(self.postings.insert(posting, micros).is_none(), "a posting's id is used once");
        for (id, delta) in [(debit, -micros), (credit, micros)] {
            let row = self.balances.get_mut(&id).unwrap();
            row.balance_micros += delta;
            row.postings_micros += delta;
        }
    }

    fn reload(&mut self) {
        let wallets = (0..3).map(|wallet| {
            let accounts = ledger_accounts(wallet);
            Opening { account: account(wallet), balance: self.stored(wallet), accounts }
        });
        let ours = self.balances.values().filter(|row| BalanceKind::OURS.contains(&row.kind));
        let ours: Vec<_> = ours.map(|row| ((row.kind, row.currency), row.id)).collect();
        self.book = Book::new(wallets.collect::<Vec<_>>(), [(account(3), account(0))], ours);
    }

    fn stored(&self, wallet: usize) -> Balance {
        let LedgerAccounts { wallet_id, held_id } = ledger_accounts(wallet);
        Balance {
            available_micros: self.balances[&wallet_id].balance_micros,
            held_micros: self.balances[&held_id].balance_micros,
            credit_limit_micros: self.limits[wallet],
            currency: currency(wallet),
        }
    }

    fn agrees(&self) {
        for (wallet, counted) in self.reference.wallets.iter().enumerate() {
            let balance = self.book.balance(account(wallet)).unwrap();
            let own = (i128::from(balance.available_micros), i128::from(balance.held_micros));
            assert_eq!(own, (counted.available(), counted.held()), "wallet {wallet}");
        }
        assert_eq!(check(&self.trial()), Vec::<Breach>::new());
    }

    /// What is stored, added up.
    fn trial(&self) -> Trial {
        let mut parts = self.parts.clone();
        for charge in &self.charges {
            charge.parts.iter().flatten().for_each(|part| *parts.entry(*part).or_default() += charge.micros);
        }
        let named = parts.iter().map(|(posting, charges_micros)| TrialCharges {
            posting: *posting,
            amount_micros: self.postings.get(posting).copied().unwrap_or_default(),
            charges_micros: *charges_micros,
        });
        let unnamed = self.postings.iter().filter(|(posting, _)| !parts.contains_key(posting));
        let unnamed = unnamed.map(|(posting, micros)| TrialCharges {
            posting: *posting,
            amount_micros: *micros,
            charges_micros: 0,
        });
        let stored_holds: Vec<_> = self.before.holds.iter().collect();
        let open = |wallet: usize| -> i64 {
            let charges = self.charges.iter().filter(|c| c.wallet == wallet && c.state == ChargeState::Held);
            let holds =
                stored_holds.iter().filter(|(_, h)| WALLET_OF[h.account] == wallet && h.state == HoldState::Open);
            let holds: i128 = holds.map(|(_, hold)| hold.amount - hold.taken).sum();
            charges.map(|charge| charge.micros).sum::<i64>() + i64::try_from(holds).unwrap()
        };
        let wallets = (0..3).map(|wallet| TrialWallet {
            account: account(wallet),
            balance: self.stored(wallet),
            open_micros: Some(open(wallet)),
            excused_micros: Some(self.late[wallet] + self.lowered[wallet]),
        });
        let holds = stored_holds.iter().filter_map(|(id, _)| {
            let hold = self.desk.hold(HoldId::from_raw(**id))?.hold;
            Some(TrialHold { id: **id, hold, is_told: true })
        });
        Trial {
            balances: self.balances.values().copied().collect(),
            postings: named.chain(unnamed).collect(),
            wallets: wallets.collect(),
            holds: holds.collect(),
            overdue_charges: Vec::new(),
            strange_balances: Vec::new(),
            // Each commit ends those whose time was over by then.
            holds_end_by: self.committed_at,
        }
    }
}
