use proptest::prelude::*;
use sambac_domain::id::{RateId, SheetId};
use sambac_store::rows::RateRow;

use super::*;

fn eur() -> Currency {
    "EUR".parse().expect("a currency")
}

fn read_text(text: impl AsRef<[u8]>) -> Result<Vec<NewRate>, Faults> {
    let group = |name: &str| matches!(name, "North" | "grp_0000000000007").then(|| OperatorGroupId::from_raw(7));
    read(text.as_ref(), &Reading { currency: eur(), group: &group })
}

fn told(rate: &NewRate) -> String {
    let sender = rate.sender.map_or("-", |form| form.as_str());
    let class = rate.class.map_or("-", |class| class.as_str());
    format!("{} {sender} {class} {} {}", rate.scope, rate.price_micros, rate.policy)
}

fn lines(text: impl AsRef<[u8]>) -> Vec<String> {
    read_text(text).expect("nothing is wrong with it").iter().map(told).collect()
}

fn faults(text: impl AsRef<[u8]>) -> Vec<String> {
    let told = |fault: &Fault| format!("{} {}: {}", fault.line, fault.column.as_deref().unwrap_or("-"), fault.reason);
    read_text(text).expect_err("something is wrong with it").told.iter().map(told).collect()
}

#[test]
fn every_dimension_is_read() {
    let text = "mcc_mnc,operator_group,prefix,mcc,country,sender,class,price,currency,charge\n\
        26202,,,,,,,0.05,EUR,\n\
        ,North,,,,name,otp,0.04,eur,submit\n\
        ,,+4477,,,short_code,,0.03,,accepted\n\
        ,,,001,,,marketing,0.02,,delivered\n\
        ,,,,DE,number,transactional,0.01,,verified\n\
        ,,,,default,any,any,0,,\n";
    let expected = [
        "network:26202 - - 50000 delivered",
        "group:grp_0000000000007 name otp 40000 submit",
        "prefix:4477 short_code - 30000 accepted",
        "mcc:001 - marketing 20000 delivered",
        "country:DE number transactional 10000 verified",
        "default - - 0 delivered",
    ];
    assert_eq!(lines(text), expected);
}

#[test]
fn the_fields_own_ways_of_writing_are_taken() {
    let plain = ["network:26202 - - 12500 delivered", "mcc:310 - - 7000 delivered"];
    for (what, text) in [
        ("a byte order mark", "\u{feff}mccmnc,price\n26202,0.0125\n310,0.007\n"),
        ("CRLF", "mccmnc,price\r\n26202,0.0125\r\n310,0.007\r\n"),
        ("no end of the last line", "mccmnc,price\n26202,0.0125\n310,0.007"),
        ("semicolons and decimal commas", "MCCMNC;Price\n262-02;0,0125\n310;0,007\n"),
        ("semicolons and decimal points", "MCCMNC;Price\n26202;0.0125\n310;0.007\n"),
        ("tabs", "PLMN\tRate\n26202\t0.0125\n310\t0,007\n"),
        ("quotes", "\"MCC/MNC\",\"Price\"\n\"26202\",\"0.0125\"\n\"310\",\"0.007\"\n"),
        ("spaces", " mcc mnc , price \n 26202 , 0.0125 \n 310 , 0.007 \n"),
        ("empty lines", "mccmnc,price\n\n26202,0.0125\n,\n310,0.007\n\n"),
        (
            "names for people",
            "Country,Operator,MCC,MNC,Price\nGermany,\"Example, North\",262,02,0.0125\nUnited States,,310,,0.007\n",
        ),
    ] {
        assert_eq!(lines(text), plain, "{what}");
    }
    assert_eq!(
        lines("mcc,mnc,price\n310,01,1\n310,001,2\n"),
        ["network:31001 - - 1000000 delivered", "network:310001 - - 2000000 delivered"]
    );
    assert_eq!(lines("prefix;price;note\n44;1;\"two\nlines\"\n45;2;\n").len(), 2);
}

#[test]
fn every_bad_line_is_told_with_its_number_and_its_reason() {
    let text = "mcc_mnc,prefix,sender,class,price,currency,charge\n\
        2620,,,,0.05,,\n\
        ,044,,,0.05,,\n\
        ,44,letters,,0.05,,\n\
        ,44,,night,0.05,,\n\
        ,44,,,five,,\n\
        ,44,,,0.0000001,,\n\
        ,44,,,-0.01,,\n\
        ,44,,,1e-2,,\n\
        ,44,,,\"0,05\",,\n\
        ,44,,,0.05,USD,\n\
        ,44,,,0.05,,never\n\
        ,44,,,,,\n\
        ,,,,0.05,,\n\
        26202,44,,,0.05,,\n\
        ,44\n\
        ,49,,,0.05,,\n\
        ,49,,,0.06,,\n\
        ,49,name,,0.06,,\n";
    let expected = [
        "2 -: a network is MCC and MNC, five or six digits, not \"2620\"",
        "3 prefix: a prefix is 1 to 15 digits with the country code first, and does not begin with 0",
        "4 sender: the sender is name, short_code, number or any, not \"letters\"",
        "5 class: the class is otp, transactional, marketing or any, not \"night\"",
        "6 price: the amount must be a decimal number such as 0.0125, not \"five\"",
        "7 price: the amount must have at most 6 decimals, not \"0.0000001\"",
        "8 price: the price -0.01 is below zero",
        "9 price: the amount must be a decimal number such as 0.0125, not \"1e-2\"",
        "10 price: the amount must be a decimal number such as 0.0125, not \"0,05\"",
        "11 currency: the prices are in EUR, not in \"USD\"",
        "12 charge: the charge policy is submit, accepted, delivered or verified, not \"never\"",
        "13 -: has no price",
        "14 -: says not what it is for; for everything else write \"default\"",
        "15 -: only one of network, operator group, prefix and default may say what it is for",
        "16 -: has 2 columns, where the head has 7",
        "18 -: is for the same messages as line 17",
    ];
    assert_eq!(faults(text), expected);
}

/// Spreadsheets end lines with two octets, and may begin with a byte order mark.
#[test]
fn a_bad_line_has_its_number_however_lines_end() {
    let text = "prefix,price\n44,0.01\n49,x\n33,0.02\n44,0.03\n";
    let told = faults(text);
    assert!(told.len() == 2 && told[0].starts_with("3 ") && told[1].starts_with("5 "), "{told:?}");
    assert!(told[1].contains("line 2"), "{told:?}");
    for other in [text.replace('\n', "\r\n"), format!("\u{FEFF}{}", text.replace('\n', "\r\n"))] {
        assert_eq!(faults(other), told);
    }
}

#[test]
fn a_file_that_is_no_sheet_is_refused_by_its_head() {
    for (text, said) in [
        ("", "there is no column price"),
        ("mccmnc,price\n", "there is no rate in it"),
        ("mccmnc\n26202\n", "there is no column price"),
        ("price\n0.05\n", "no column says what a price is for"),
        ("mnc,prefix,price\n01,44,0.05\n", "there is a column mnc and none mcc"),
        ("mccmnc,price,colour\n26202,0.05,red\n", "the column \"colour\" is not known"),
        ("mccmnc,price,rate\n26202,0.05,0.06\n", "the column \"rate\" is there twice"),
        ("26202,0.05\n", "the column \"26202\" is not known"),
    ] {
        let faults = faults(text);
        assert!(
            faults.len() == 1 && faults[0].starts_with("1 -: ") && faults[0].contains(said),
            "{text:?}: {faults:?}"
        );
    }
    assert_eq!(faults(b"prefix,price\n44,\xff\n"), ["2 price: is not UTF-8"]);
    assert_eq!(faults("operator_group,price\nSouth,1\n"), ["2 operator_group: there is no operator group \"South\""]);
    assert_eq!(
        faults("country,price\nGermany,1\n"),
        ["2 -: a country is a code of ISO 3166 in two capitals, such as DE or GB (not UK), not \"Germany\""]
    );
}

#[test]
fn of_many_faults_the_first_are_told_and_all_are_counted() {
    let text = format!("prefix,price\n{}", "44,x\n".repeat(1_500));
    let faults = read_text(text).expect_err("much is wrong with it");
    assert_eq!((faults.told.len(), faults.count, faults.told[999].line), (1_000, 1_500, 1_001));
}

proptest! {
    /// What is exported reads as the same.
    #[test]
    fn sheets_go_round(prices in prop::collection::vec((0_i64..=i64::MAX, 0_usize..6, 0_usize..4, 0_usize..4, 0_usize..4), 1..60)) {
        let row = |(number, (price_micros, scope, sender, class, policy)): (i64, (i64, usize, usize, usize, usize))| {
            let scope = match scope {
                0 => format!("network:{}", 26_200 + number),
                1 => "group:grp_0000000000007".to_owned(),
                2 => format!("mcc:{:03}", number + 1),
                3 => "country:DE".to_owned(),
                4 => "default".to_owned(),
                _ => format!("prefix:{}", 1_000 + number),
            };
            RateRow {
                id: RateId::from_raw(number),
                sheet_id: SheetId::from_raw(1),
                scope: scope.parse().unwrap(),
                sender_form: SenderForm::ALL.get(sender).copied(),
                class: TrafficClass::ALL.get(class).copied(),
                price_micros,
                charge_policy: ChargePolicy::ALL[policy],
            }
        };
        let mut rows: Vec<RateRow> = (1..).zip(prices).map(row).collect();
        let mut seen = std::collections::HashSet::new();
        rows.retain(|row| seen.insert((row.scope, row.sender_form, row.class)));
        let text = [HEAD.as_bytes(), &written(&rows, eur(), &|_| Some("North".to_owned()))].concat();
        let again = read_text(text).expect("it reads");
        let same = |row: &RateRow| NewRate {
            scope: row.scope, sender: row.sender_form, class: row.class, price_micros: row.price_micros, policy: row.charge_policy,
        };
        prop_assert_eq!(again, rows.iter().map(same).collect::<Vec<_>>());
    }

    /// Whatever is in a file, it is read or refused.
    #[test]
    fn any_octets_are_read_or_refused(octets in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read_text(octets);
    }
}
