//! Clients over SMPP: they bind, submit, take receipts, and sometimes close or leave a receipt without its answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sambac_engine::Engine;
use sambac_smpp::{
    Address, BindKind, BindRequest, CommandStatus, Event, Events, Frame, Header, Pdu, Session, SessionConfig, Sm,
    SmResp,
};

use crate::client::{REBIND, unanswered};
use crate::order::{Known, Way};
use crate::site::{Account, PASSWORD};
use crate::world::{World, locked};

/// Octets on their way in one direction.
const PIPE_OCTETS: usize = 1 << 16;

/// A client that is bound.
struct Esme {
    world: Arc<World>,
    account: Account,
    session: Session,
}

/// Binds, and binds again, until the process ends.
pub(crate) async fn run(world: Arc<World>, engine: Engine, account: Account) {
    loop {
        // Nobody can ask what became of what the last process left, or the last bind.
        unanswered(&world, account.no);
        let (ours, theirs) = tokio::io::duplex(PIPE_OCTETS);
        let octet = u8::try_from(account.no).unwrap_or(0);
        engine.serve_smpp(theirs, SocketAddr::from(([192, 0, 2, octet], 40_000)));
        let request = BindRequest::new(BindKind::Transceiver, account.system_id(), PASSWORD);
        let config = SessionConfig { window: 50, ..SessionConfig::default() };
        if let Ok((session, events, _)) = sambac_smpp::bind(ours, &request, config).await {
            world.note(format_args!("client {} is bound", account.no));
            let mut esme = Esme { world: Arc::clone(&world), account: account.clone(), session };
            esme.run(events).await;
            world.note(format_args!("client {} is not bound", account.no));
        }
        tokio::time::sleep(REBIND).await;
    }
}

impl Esme {
    async fn run(&mut self, mut events: Events) {
        let mut next = self.pause();
        loop {
            tokio::select! {
                biased;
                event = events.recv() => match event {
                    Some(Event::Request { header, frame }) => {
                        if !self.request(header, &frame) {
                            return;
                        }
                    }
                    Some(Event::Response { token, header, frame, .. }) => self.answered(token, header, &frame),
                    Some(Event::Timeout { token }) => self.doubted(token),
                    Some(Event::Closed { unanswered, .. }) => {
                        return unanswered.into_iter().for_each(|token| self.doubted(token));
                    }
                    None => return,
                },
                () = self.world.until(next) => {
                    next = self.pause();
                    if !self.world.is_healed() {
                        self.submit();
                    }
                }
            }
        }
    }

    fn pause(&self) -> Duration {
        self.world.passed() + locked(&self.world.orders).dice(self.account.no).around(self.world.pause)
    }

    fn submit(&self) {
        let no = locked(&self.world.orders).add(self.account.no, Way::Smpp);
        let order = locked(&self.world.orders).all[no].clone();
        // Longer ones are cut by clients themselves, which is another matter.
        let text: String = order.text.chars().take(153).collect();
        locked(&self.world.orders).all[no].text.clone_from(&text);
        let validity = relative(order.validity);
        let sm = Sm {
            source: Address { ton: 5, npi: 0, addr: b"BANK" },
            destination: Address { ton: 1, npi: 1, addr: order.to.as_bytes() },
            validity_period: validity.as_bytes(),
            registered_delivery: 1,
            short_message: text.as_bytes(),
            ..Sm::default()
        };
        let token = u64::try_from(no).unwrap_or(u64::MAX);
        if self.session.try_send(&Pdu::SubmitSm(sm), token).is_err() {
            self.world.note(format_args!("#{no} finds no room"));
            locked(&self.world.orders).all[no].known = Known::GivenUp;
        }
    }

    fn answered(&self, token: u64, header: Header, frame: &Frame) {
        let Ok(no) = usize::try_from(token) else { return };
        let mut orders = locked(&self.world.orders);
        if header.command_status != CommandStatus::ROK {
            self.world.note(format_args!("#{no} is refused: {:#x}", header.command_status.0));
            orders.all[no].known = Known::Refused { code: format!("{:#x}", header.command_status.0) };
            return;
        }
        let Ok(Pdu::SubmitSmResp(resp)) = frame.pdu() else { return };
        let id = String::from_utf8_lossy(resp.message_id).into_owned();
        self.world.note(format_args!("#{no} is {id}"));
        let at = self.world.now();
        orders.all[no].known = Known::Accepted { id, expires_at: None, at };
    }

    fn doubted(&self, token: u64) {
        let Ok(no) = usize::try_from(token) else { return };
        self.world.note(format_args!("#{no} was not answered"));
        let mut orders = locked(&self.world.orders);
        let order = &mut orders.all[no];
        order.in_doubt = true;
        if order.known == Known::Nothing {
            order.known = Known::GivenUp;
        }
    }

    /// Takes a receipt. False: the client closes.
    fn request(&self, header: Header, frame: &Frame) -> bool {
        let Ok(Pdu::DeliverSm(sm)) = frame.pdu() else {
            self.session.respond_error(header, CommandStatus::RINVCMDID);
            return true;
        };
        let roll =
            if self.world.is_healed() { 999 } else { locked(&self.world.orders).dice(self.account.no).between(0, 999) };
        if roll < 5 {
            return false;
        }
        let text = String::from_utf8_lossy(sm.message()).into_owned();
        let word = |name: &str| text.split(name).nth(1).and_then(|rest| rest.split(' ').next()).map(str::to_owned);
        let (id, stat) = (word("id:").unwrap_or_default(), word("stat:").unwrap_or_default());
        if roll < 10 {
            self.world.note(format_args!("client {} does not take {stat} of {id}", self.account.no));
            self.session.respond_error(header, CommandStatus::RX_T_APPN);
            return true;
        }
        self.world.note(format_args!("client {} takes {stat} of {id}", self.account.no));
        if roll < 995 || self.world.is_healed() {
            let resp = Pdu::DeliverSmResp(SmResp::new(b""));
            // A link that has ended answers nothing.
            let _ = self.session.respond(header.sequence_number, CommandStatus::ROK, &resp);
        }
        let mut orders = locked(&self.world.orders);
        let is_its = |order: &&mut crate::order::Order| {
            order.way == Way::Smpp && matches!(&order.known, Known::Accepted { id: own, .. } if *own == id)
        };
        match orders.all.iter_mut().rev().find(is_its) {
            Some(order) => order.told.push(stat),
            None => drop((orders, self.world.note(format_args!("nobody knows {id}")))),
        }
        true
    }
}

/// `000000hhmmss000R`: a time from now on (SMPP 3.4 §7.1.1.2).
fn relative(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("000000{:02}{:02}{:02}000R", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}
