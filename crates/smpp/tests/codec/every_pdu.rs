//! One PDU of every kind from arbitrary values, within the limits of the specification.

use proptest::collection::vec;
use proptest::prelude::*;
use sambac_smpp::*;

/// The values that the PDUs of one case are made of.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    service_type: Vec<u8>,
    addr: [Vec<u8>; 2],
    long_addr: [Vec<u8>; 2],
    times: [Vec<u8>; 2],
    message_id: Vec<u8>,
    system_id: Vec<u8>,
    password: Vec<u8>,
    system_type: Vec<u8>,
    address_range: Vec<u8>,
    short_message: Vec<u8>,
    octets: [u8; 12],
    tlvs: TlvBuf,
    destinations: DestinationBuf,
    unsuccessful: UnsuccessfulBuf,
}

/// How free the values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Octets {
    /// Anything that the format can carry.
    Any,
    /// ASCII, whole times, and TLVs of their standard sizes: what every implementation takes.
    Conventional,
}

impl Octets {
    fn cstr(self, longest: usize) -> BoxedStrategy<Vec<u8>> {
        match self {
            Self::Any => vec(1..=255u8, 0..=longest).boxed(),
            Self::Conventional => vec(b' '..=b'~', 0..=longest).boxed(),
        }
    }

    fn time(self) -> BoxedStrategy<Vec<u8>> {
        match self {
            Self::Any => self.cstr(16),
            Self::Conventional => prop_oneof![Just(vec![]), vec(b'0'..=b'9', 16)].boxed(),
        }
    }

    fn tlvs(self) -> BoxedStrategy<TlvBuf> {
        match self {
            Self::Any => vec((any::<u16>(), vec(any::<u8>(), 0..40)), 0..6)
                .prop_map(|list| {
                    let mut tlvs = TlvBuf::new();
                    for (tag, value) in list {
                        tlvs.push(Tag(tag), &value);
                    }
                    tlvs
                })
                .boxed(),
            Self::Conventional => (any::<u16>(), any::<u32>(), vec(any::<u8>(), 0..200), any::<u8>())
                .prop_map(|(reference, time_to_live, payload, total)| {
                    let mut tlvs = TlvBuf::new();
                    tlvs.push_u16(Tag::USER_MESSAGE_REFERENCE, reference)
                        .push_u32(Tag::QOS_TIME_TO_LIVE, time_to_live)
                        .push(Tag::MESSAGE_PAYLOAD, &payload)
                        .push_u8(Tag::SAR_TOTAL_SEGMENTS, total)
                        .push(Tag(0x1400), &payload);
                    tlvs
                })
                .boxed(),
        }
    }

    fn octet(self) -> BoxedStrategy<u8> {
        match self {
            Self::Any => any::<u8>().boxed(),
            Self::Conventional => (0..=1u8).boxed(),
        }
    }

    fn destinations(self) -> BoxedStrategy<DestinationBuf> {
        vec((any::<bool>(), self.octet(), self.cstr(20)), 0..5)
            .prop_map(|list| {
                let mut destinations = DestinationBuf::new();
                for (is_list, octet, text) in list {
                    let address = Destination::Address(Address::new(octet, octet, &text));
                    destinations.push(if is_list { Destination::List(&text) } else { address }).unwrap();
                }
                destinations
            })
            .boxed()
    }

    fn unsuccessful(self) -> BoxedStrategy<UnsuccessfulBuf> {
        vec((self.octet(), self.cstr(20), any::<u32>()), 0..5)
            .prop_map(|list| {
                let mut unsuccessful = UnsuccessfulBuf::new();
                for (octet, text, status) in list {
                    let address = Address::new(octet, octet, &text);
                    unsuccessful.push(Unsuccessful { address, status: CommandStatus(status) }).unwrap();
                }
                unsuccessful
            })
            .boxed()
    }
}

pub(crate) fn parts(octets: Octets) -> impl Strategy<Value = Parts> {
    let names = (octets.cstr(15), octets.cstr(8), octets.cstr(12), octets.cstr(40));
    // rusmpp allows data_sm no more than the others, although the specification does.
    let longest = if octets == Octets::Any { 64 } else { 20 };
    let addresses = ([octets.cstr(20), octets.cstr(20)], [octets.cstr(longest), octets.cstr(longest)]);
    let texts = (octets.cstr(5), [octets.time(), octets.time()], octets.cstr(64), vec(any::<u8>(), 0..=255));
    let numbers: [_; 12] = std::array::from_fn(|_| octets.octet());
    let lists = (octets.tlvs(), octets.destinations(), octets.unsuccessful());
    (names, addresses, texts, numbers, lists).prop_map(|(names, addresses, texts, octets, lists)| Parts {
        system_id: names.0,
        password: names.1,
        system_type: names.2,
        address_range: names.3,
        addr: addresses.0,
        long_addr: addresses.1,
        service_type: texts.0,
        times: texts.1,
        message_id: texts.2,
        short_message: texts.3,
        octets,
        tlvs: lists.0,
        destinations: lists.1,
        unsuccessful: lists.2,
    })
}

impl Parts {
    /// A PDU of every kind that has a name.
    pub(crate) fn pdus(&self) -> Vec<Pdu<'_>> {
        let mut pdus = self.opening();
        pdus.extend(self.messages());
        pdus.extend(self.management());
        pdus.extend(self.broadcasts());
        let bodiless = [
            Pdu::Unbind,
            Pdu::UnbindResp,
            Pdu::EnquireLink,
            Pdu::EnquireLinkResp,
            Pdu::GenericNack,
            Pdu::CancelSmResp,
            Pdu::ReplaceSmResp,
            Pdu::CancelBroadcastSmResp,
        ];
        pdus.extend(bodiless);
        pdus
    }

    fn source(&self) -> Address<'_> {
        Address::new(self.octets[0], self.octets[1], &self.addr[0])
    }

    fn destination(&self) -> Address<'_> {
        Address::new(self.octets[2], self.octets[3], &self.addr[1])
    }

    fn opening(&self) -> Vec<Pdu<'_>> {
        let bind = Bind {
            system_id: &self.system_id,
            password: &self.password,
            system_type: &self.system_type,
            interface_version: 0x34,
            address: Address::new(self.octets[0], self.octets[1], &self.address_range),
        };
        let resp = BindResp { system_id: &self.system_id, tlvs: self.tlvs.as_tlvs() };
        vec![
            Pdu::BindTransmitter(bind),
            Pdu::BindReceiver(bind),
            Pdu::BindTransceiver(bind),
            Pdu::BindTransmitterResp(resp),
            Pdu::BindReceiverResp(resp),
            Pdu::BindTransceiverResp(resp),
            Pdu::Outbind(Outbind { system_id: &self.system_id, password: &self.password }),
        ]
    }

    pub(crate) fn sm(&self) -> Sm<'_> {
        Sm {
            service_type: &self.service_type,
            source: self.source(),
            destination: self.destination(),
            esm_class: self.octets[4],
            protocol_id: self.octets[5],
            priority_flag: self.octets[6],
            schedule_delivery_time: &self.times[0],
            validity_period: &self.times[1],
            registered_delivery: self.octets[7],
            replace_if_present: self.octets[8],
            data_coding: self.octets[9],
            sm_default_msg_id: self.octets[10],
            short_message: &self.short_message,
            tlvs: self.tlvs.as_tlvs(),
        }
    }

    fn messages(&self) -> Vec<Pdu<'_>> {
        let sm = self.sm();
        let resp = SmResp { message_id: &self.message_id, tlvs: self.tlvs.as_tlvs() };
        let data_sm = DataSm {
            service_type: sm.service_type,
            source: Address { addr: &self.long_addr[0], ..sm.source },
            destination: Address { addr: &self.long_addr[1], ..sm.destination },
            esm_class: sm.esm_class,
            registered_delivery: sm.registered_delivery,
            data_coding: sm.data_coding,
            tlvs: sm.tlvs,
        };
        let multi = SubmitMulti {
            service_type: sm.service_type,
            source: sm.source,
            destinations: self.destinations.as_list(),
            esm_class: sm.esm_class,
            protocol_id: sm.protocol_id,
            priority_flag: sm.priority_flag,
            schedule_delivery_time: sm.schedule_delivery_time,
            validity_period: sm.validity_period,
            registered_delivery: sm.registered_delivery,
            replace_if_present: sm.replace_if_present,
            data_coding: sm.data_coding,
            sm_default_msg_id: sm.sm_default_msg_id,
            short_message: sm.short_message,
            tlvs: sm.tlvs,
        };
        let multi_resp = SubmitMultiResp {
            message_id: &self.message_id,
            unsuccessful: self.unsuccessful.as_list(),
            tlvs: self.tlvs.as_tlvs(),
        };
        vec![
            Pdu::SubmitSm(sm),
            Pdu::SubmitSmResp(resp),
            Pdu::DeliverSm(sm),
            Pdu::DeliverSmResp(resp),
            Pdu::DataSm(data_sm),
            Pdu::DataSmResp(resp),
            Pdu::SubmitMulti(multi),
            Pdu::SubmitMultiResp(multi_resp),
        ]
    }

    fn management(&self) -> Vec<Pdu<'_>> {
        let (message_id, source) = (self.message_id.as_slice(), self.source());
        let query_resp = QuerySmResp {
            message_id,
            final_date: &self.times[0],
            message_state: self.octets[0],
            error_code: self.octets[11],
        };
        let cancel = CancelSm { service_type: &self.service_type, message_id, source, destination: self.destination() };
        let replace = ReplaceSm {
            message_id,
            source,
            schedule_delivery_time: &self.times[0],
            validity_period: &self.times[1],
            registered_delivery: self.octets[7],
            sm_default_msg_id: self.octets[10],
            short_message: &self.short_message,
            tlvs: self.tlvs.as_tlvs(),
        };
        let alert = AlertNotification {
            source: Address { addr: &self.long_addr[0], ..source },
            esme: Address { addr: &self.long_addr[1], ..self.destination() },
            tlvs: self.tlvs.as_tlvs(),
        };
        vec![
            Pdu::QuerySm(QuerySm { message_id, source }),
            Pdu::QuerySmResp(query_resp),
            Pdu::CancelSm(cancel),
            Pdu::ReplaceSm(replace),
            Pdu::AlertNotification(alert),
        ]
    }

    fn broadcasts(&self) -> Vec<Pdu<'_>> {
        let (message_id, source, tlvs) = (self.message_id.as_slice(), self.source(), self.tlvs.as_tlvs());
        let broadcast = BroadcastSm {
            service_type: &self.service_type,
            source,
            message_id,
            priority_flag: self.octets[6],
            schedule_delivery_time: &self.times[0],
            validity_period: &self.times[1],
            replace_if_present: self.octets[8],
            data_coding: self.octets[9],
            sm_default_msg_id: self.octets[10],
            tlvs,
        };
        let cancel = CancelBroadcastSm { service_type: &self.service_type, message_id, source, tlvs };
        let resp = BroadcastResp { message_id, tlvs };
        vec![
            Pdu::BroadcastSm(broadcast),
            Pdu::BroadcastSmResp(resp),
            Pdu::QueryBroadcastSm(QueryBroadcastSm { message_id, source, tlvs }),
            Pdu::QueryBroadcastSmResp(resp),
            Pdu::CancelBroadcastSm(cancel),
        ]
    }
}
