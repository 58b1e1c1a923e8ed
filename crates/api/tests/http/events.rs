//! The list of events: pages, types, cursors.

use std::time::Duration;

use sambac_domain::{AccountEventId, AccountId, IdSource};
use sambac_store::Batch;
use sambac_store::rows::AccountEventRow;
use serde_json::json;

use crate::platform::{BANK, NOW, Platform, Reply, SHOP};

/// An event of an account, so many hours ago.
pub(crate) async fn event(platform: &Platform, account_id: AccountId, hours: u64, kind: &str) -> String {
    let at = NOW.saturating_sub(Duration::from_secs(hours * 3_600));
    let id = AccountEventId::from_raw(IdSource::first_at(at));
    let body = json!({ "type": kind, "timestamp": at.rfc3339(), "data": { "account": account_id } }).to_string();
    let row = AccountEventRow { account_id, id, kind: kind.to_owned(), subject: None, body: Some(body) };
    platform.engine.store().commit(&Batch { account_events: vec![row], ..Batch::default() }).await.unwrap();
    id.to_string()
}

fn ids(reply: &Reply) -> Vec<String> {
    let data = reply.json["data"].as_array().unwrap_or_else(|| panic!("{}", reply.text));
    data.iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect()
}

/// Pages go from the oldest to the newest, each behind the cursor of the one before, and pass over what is not wanted.
#[tokio::test]
async fn events_are_listed_in_order_and_by_type() {
    let platform = Platform::start().await;
    let mut all = Vec::new();
    for (hours, kind) in [(5, "balance.low"), (4, "message.failed"), (3, "balance.low"), (2, "account.resumed")] {
        all.push(event(&platform, BANK, hours, kind).await);
    }
    event(&platform, SHOP, 1, "balance.low").await;
    let first = platform.get(&platform.bank, "/v1/events?limit=3").await;
    assert_eq!((ids(&first), &first.json["more"]), (all[..3].to_vec(), &json!(true)));
    assert_eq!(first.json["data"][0]["type"], "balance.low");
    let path = format!("/v1/events?limit=3&after={}", first.json["cursor"].as_str().unwrap());
    let second = platform.get(&platform.bank, &path).await;
    assert_eq!((ids(&second), &second.json["more"]), (all[3..].to_vec(), &json!(false)));
    let cursor = second.json["cursor"].as_str().unwrap();
    assert_eq!(cursor, all[3]);
    let none = platform.get(&platform.bank, &format!("/v1/events?after={cursor}")).await;
    assert_eq!((ids(&none).len(), none.json["cursor"].as_str()), (0, Some(cursor)), "for what is to come");
    let low = platform.get(&platform.bank, "/v1/events?types=balance.low,message.failed&limit=2").await;
    assert_eq!(ids(&low), all[..2]);
    let rest = platform.get(&platform.bank, &format!("/v1/events?types=balance.low&after={}", all[1])).await;
    assert_eq!(
        (ids(&rest), rest.json["cursor"].as_str()),
        (vec![all[2].clone()], Some(&*all[3])),
        "it has seen all four"
    );
}

/// A cursor behind which events were dropped is refused; one that is as old, but has lost nothing, is not.
#[tokio::test]
async fn a_cursor_that_has_lost_something_is_refused() {
    let platform = Platform::start().await;
    let before = AccountEventId::from_raw(IdSource::first_at(NOW.saturating_sub(Duration::from_secs(900 * 3_600))));
    let nothing = platform.get(&platform.bank, &format!("/v1/events?after={before}")).await;
    assert_eq!(nothing.status, 200, "nothing was ever there: {}", nothing.text);
    let old = event(&platform, BANK, 800, "balance.low").await;
    event(&platform, BANK, 1, "account.suspended").await;
    let lost = platform.get(&platform.bank, &format!("/v1/events?after={before}")).await;
    assert_eq!((lost.status.as_u16(), lost.code()), (410, "cursor_expired"), "{}", lost.text);
    assert_eq!(ids(&platform.get(&platform.bank, &format!("/v1/events?after={old}")).await).len(), 1);
    let ahead = AccountEventId::from_raw(IdSource::first_at(NOW.saturating_add(Duration::from_secs(7_200))));
    let never_given = platform.get(&platform.bank, &format!("/v1/events?after={ahead}")).await;
    assert_eq!((never_given.status.as_u16(), never_given.code()), (400, "invalid_request"));
}
