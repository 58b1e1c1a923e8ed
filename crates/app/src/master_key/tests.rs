use std::fs;

use sambac_domain::{AccountId, TariffId, Timestamp};
use sambac_store::rows::{AccessState, AccountRow, TariffRow};

use super::*;
use crate::config::{Flags, Loaded};
use crate::platform::open_store;
use crate::scratch::Folder;

struct Place {
    config: Config,
    _folder: Folder,
}

fn place() -> Place {
    let folder = Folder::new("master-key");
    let flags = Flags { data_dir: Some(folder.path().to_owned()), ..Flags::default() };
    let config = Loaded::load(&flags, []).expect("the defaults are fine").config;
    Place { config, _folder: folder }
}

async fn refusal(config: &Config, store: &Store) -> String {
    open(config, store).await.err().expect("it is refused").to_string()
}

async fn add_account(store: &Store) {
    let (currency, created_at) = ("EUR".parse().expect("a currency"), Timestamp(0));
    let tariff = TariffRow { id: TariffId::from_raw(1), name: "list".to_owned(), currency, created_at };
    store.upsert_tariff(&tariff).await.expect("a tariff");
    let account = AccountRow {
        id: AccountId::from_raw(1),
        name: "bank".to_owned(),
        currency,
        state: AccessState::Active,
        credit_limit_micros: 0,
        tariff_id: tariff.id,
        created_at,
        throughput: String::new(),
        wallet_of: None,
        margin_floor: String::new(),
        message_price_micros_max: None,
        limits: String::new(),
        otp_guard: String::new(),
        allowed_ips: Vec::new(),
        rate_limits: String::new(),
        content_rules: String::new(),
        message_rules: String::new(),
    };
    store.upsert_account(&account).await.expect("an account");
}

#[tokio::test]
async fn a_new_database_gets_a_key_and_keeps_it() {
    let place = place();
    let store = open_store(&place.config).await.expect("a database");
    let sealed = open(&place.config, &store).await.expect("a new key").seal_once(256, b"text");
    let again = open(&place.config, &store).await.expect("the same key");
    assert_eq!(again.open_once(256, &sealed).expect("it opens"), b"text");
}

#[tokio::test]
async fn a_key_that_went_missing_is_not_replaced() {
    let place = place();
    let store = open_store(&place.config).await.expect("a database");
    open(&place.config, &store).await.expect("a new key");
    let path = place.config.master_key_path();
    fs::remove_file(&path).expect("it is there");
    let refused = refusal(&place.config, &store).await;
    assert!(refused.contains(&path.display().to_string()) && refused.contains("missing"), "{refused}");
    assert!(!path.exists());
}

#[tokio::test]
async fn a_database_with_accounts_and_no_proof_gets_no_new_key() {
    let place = place();
    let store = open_store(&place.config).await.expect("a database");
    add_account(&store).await;
    assert!(refusal(&place.config, &store).await.contains("missing"));
    assert!(!place.config.master_key_path().exists());
}

#[tokio::test]
async fn another_key_is_refused_at_once() {
    let place = place();
    let store = open_store(&place.config).await.expect("a database");
    open(&place.config, &store).await.expect("a new key");
    let path = place.config.master_key_path();
    fs::remove_file(&path).expect("it is there");
    Seal::create_file(&path).expect("another key");
    let refused = refusal(&place.config, &store).await;
    assert!(refused.contains("not the one") && refused.contains(&path.display().to_string()), "{refused}");
}

#[tokio::test]
async fn of_two_keys_for_a_new_database_one_is_taken() {
    let (first, second) = (place(), place());
    let store = open_store(&first.config).await.expect("a database");
    let (one, other) = tokio::join!(open(&first.config, &store), open(&second.config, &store));
    assert_eq!([one.is_ok(), other.is_ok()].into_iter().filter(|taken| *taken).count(), 1);
}
