//! The same octets through implementations that are not ours.

use crate::every_pdu::{Octets, parts};
use bytes::BytesMut;
use proptest::prelude::*;
use sambac_smpp::*;
use tokio_util::codec::{Decoder, Encoder};

/// Where rusmpp keeps a single standard TLV only, the case goes without.
fn as_rusmpp_takes(pdu: Pdu<'_>) -> Pdu<'_> {
    let bind_resp = |resp| BindResp { tlvs: Tlvs::EMPTY, ..resp };
    match pdu {
        Pdu::BindTransmitterResp(resp) => Pdu::BindTransmitterResp(bind_resp(resp)),
        Pdu::BindReceiverResp(resp) => Pdu::BindReceiverResp(bind_resp(resp)),
        Pdu::BindTransceiverResp(resp) => Pdu::BindTransceiverResp(bind_resp(resp)),
        Pdu::AlertNotification(alert) => Pdu::AlertNotification(AlertNotification { tlvs: Tlvs::EMPTY, ..alert }),
        Pdu::ReplaceSm(replace) => Pdu::ReplaceSm(ReplaceSm { tlvs: Tlvs::EMPTY, ..replace }),
        Pdu::QueryBroadcastSm(query) => Pdu::QueryBroadcastSm(QueryBroadcastSm { tlvs: Tlvs::EMPTY, ..query }),
        Pdu::CancelBroadcastSm(cancel) => Pdu::CancelBroadcastSm(CancelBroadcastSm { tlvs: Tlvs::EMPTY, ..cancel }),
        pdu => pdu,
    }
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(100))]

    /// rusmpp reads what we write, and writes it again octet by octet the same.
    #[test]
    fn rusmpp_reads_and_rewrites_every_pdu_the_same(case in parts(Octets::Conventional), sequence in 1..=SEQUENCE_MAX) {
        let mut codec = rusmpp::tokio_codec::CommandCodec::new();
        for pdu in case.pdus().into_iter().map(as_rusmpp_takes) {
            let mut ours = BytesMut::new();
            encode(&pdu, sequence, CommandStatus::ROK, &mut ours).unwrap();
            let read = codec.decode(&mut ours.clone());
            let command = read.unwrap_or_else(|error| panic!("{:?}: {error}", pdu.command_id())).unwrap();
            let mut theirs = BytesMut::new();
            codec.encode(&command, &mut theirs).unwrap();
            prop_assert_eq!(&ours, &theirs, "{:?}", pdu.command_id());
            prop_assert_eq!(command.sequence_number(), sequence);
        }
    }

    /// smpp34 finds the same values in our submit_sm.
    #[test]
    fn smpp34_finds_the_same_values(case in parts(Octets::Conventional)) {
        let sm = case.sm();
        let mut ours = BytesMut::new();
        encode(&Pdu::SubmitSm(sm), 5, CommandStatus::ROK, &mut ours).unwrap();
        let header = smpp34::CommandHeader::decode(&ours).unwrap();
        let theirs = smpp34::submit_sm::decode(header, &ours).unwrap();
        let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).unwrap();
        prop_assert_eq!(theirs.service_type, text(sm.service_type));
        prop_assert_eq!(theirs.source_addr, text(sm.source.addr));
        prop_assert_eq!(theirs.destination_addr, text(sm.destination.addr));
        prop_assert_eq!(theirs.esm_class, sm.esm_class);
        prop_assert_eq!(theirs.data_coding, sm.data_coding);
        prop_assert_eq!(&theirs.short_message[..], sm.short_message);
        let tlvs: Vec<_> = theirs.tlvs.iter().map(|tlv| (Tag(tlv.tag), &tlv.value[..])).collect();
        prop_assert_eq!(tlvs, sm.tlvs.iter().collect::<Vec<_>>());
    }
}
