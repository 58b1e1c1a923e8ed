//! Who may call the admin API: every route, with no key, a client's key, a key without the scope, and the right one.

use axum::body::Body;
use axum::http::{Method, Request};
use sambac_engine::Scope;
use sambac_engine::admin::AdminScope::{
    self, AuditsRead, ConfigRead, ConfigWrite, NumbersErase, Operations, TransfersWrite, UsersWrite,
};
use sambac_store::rows::AccessState;
use serde_json::json;

use crate::platform::{NOW, Platform, Reply, request};
use crate::schema::DOCUMENT;

/// Every operation of the admin API and the scope that it wants. A new one without a row here fails the test.
const ROWS: &[(&str, AdminScope)] = &[
    ("rotate_signing_key", ConfigWrite),
    ("list_all_users", UsersWrite),
    ("add_any_user", UsersWrite),
    ("show_any_user", UsersWrite),
    ("update_any_user", UsersWrite),
    ("reset_any_user", UsersWrite),
    ("search_audit", AuditsRead),
    ("list_account_keys", ConfigRead),
    ("add_account_key", ConfigWrite),
    ("show_account_key", ConfigRead),
    ("update_account_key", ConfigWrite),
    ("rotate_account_key", ConfigWrite),
    ("revoke_account_key", ConfigWrite),
    ("list_operators", ConfigRead),
    ("show_operator", ConfigRead),
    ("create_operator", ConfigWrite),
    ("update_operator", ConfigWrite),
    ("remove_operator", ConfigWrite),
    ("list_connectors", ConfigRead),
    ("show_connector", ConfigRead),
    ("create_connector", ConfigWrite),
    ("update_connector", ConfigWrite),
    ("remove_connector", ConfigWrite),
    ("list_routes", ConfigRead),
    ("show_route", ConfigRead),
    ("create_route", ConfigWrite),
    ("update_route", ConfigWrite),
    ("remove_route", ConfigWrite),
    ("list_accounts", ConfigRead),
    ("show_account", ConfigRead),
    ("create_account", ConfigWrite),
    ("update_account", ConfigWrite),
    ("list_smpp_accounts", ConfigRead),
    ("show_smpp_account", ConfigRead),
    ("create_smpp_account", ConfigWrite),
    ("update_smpp_account", ConfigWrite),
    ("remove_smpp_account", ConfigWrite),
    ("renew_smpp_password", ConfigWrite),
    ("show_settings", ConfigRead),
    ("list_versions", ConfigRead),
    ("show_version", ConfigRead),
    ("rollback", ConfigWrite),
    ("export_configuration", ConfigRead),
    ("import_configuration", ConfigWrite),
    ("show_connector_state", Operations),
    ("start_connector", Operations),
    ("stop_connector", Operations),
    ("drain_connector", Operations),
    ("unbind_connector", Operations),
    ("release_segments", Operations),
    ("test_bind_connector", Operations),
    ("list_nodes", Operations),
    ("list_alerts", Operations),
    ("acknowledge_alert", Operations),
    ("list_uncertain", Operations),
    ("certify_connector", Operations),
    ("show_certification", Operations),
    ("list_mo_routes", ConfigRead),
    ("show_mo_route", ConfigRead),
    ("create_mo_route", ConfigWrite),
    ("update_mo_route", ConfigWrite),
    ("remove_mo_route", ConfigWrite),
    ("show_mo_route_state", Operations),
    ("list_orphans", Operations),
    ("rematch_orphans", Operations),
    ("dismiss_orphans", Operations),
    ("show_receipt_rules", Operations),
    ("apply_receipt_rule", ConfigWrite),
    ("replay_receipts", Operations),
    ("list_unrouted", Operations),
    ("route_unrouted", Operations),
    ("dismiss_unrouted", Operations),
    ("ask_erasure", NumbersErase),
    ("show_erasure", NumbersErase),
    ("add_transfer", TransfersWrite),
    ("list_transfers", TransfersWrite),
    ("show_transfer", TransfersWrite),
    ("approve_transfer", TransfersWrite),
    ("refuse_transfer", TransfersWrite),
    ("list_networks", ConfigRead),
    ("show_network", ConfigRead),
    ("create_network", ConfigWrite),
    ("update_network", ConfigWrite),
    ("remove_network", ConfigWrite),
    ("list_number_prefixes", ConfigRead),
    ("show_number_prefix", ConfigRead),
    ("create_number_prefix", ConfigWrite),
    ("update_number_prefix", ConfigWrite),
    ("remove_number_prefix", ConfigWrite),
    ("list_operator_groups", ConfigRead),
    ("show_operator_group", ConfigRead),
    ("create_operator_group", ConfigWrite),
    ("update_operator_group", ConfigWrite),
    ("remove_operator_group", ConfigWrite),
    ("list_catalogue_networks", ConfigRead),
    ("show_catalogue_number", ConfigRead),
    ("list_tariffs", ConfigRead),
    ("create_tariff", ConfigWrite),
    ("show_tariff", ConfigRead),
    ("import_tariff_sheet", ConfigWrite),
    ("export_tariff_sheet", ConfigRead),
    ("compare_tariff_sheets", ConfigRead),
    ("withdraw_tariff_sheet", ConfigWrite),
    ("list_costs", ConfigRead),
    ("create_cost_book", ConfigWrite),
    ("show_cost_book", ConfigRead),
    ("import_cost_sheet", ConfigWrite),
    ("export_cost_sheet", ConfigRead),
    ("compare_cost_sheets", ConfigRead),
    ("withdraw_cost_sheet", ConfigWrite),
];

struct Operation {
    method: Method,
    path: String,
    id: &'static str,
    scope: AdminScope,
    has_body: bool,
}

fn operations() -> Vec<Operation> {
    let paths = DOCUMENT["paths"].as_object().unwrap().iter().filter(|(path, _)| path.starts_with("/v1/admin/"));
    let all = paths.flat_map(|(path, item)| {
        item.as_object().unwrap().iter().map(move |(method, operation)| Operation {
            method: method.to_ascii_uppercase().parse().unwrap(),
            path: path.replace("{id}", "1").replace("{number}", "99").replace("{rule}", "none"),
            id: operation["operationId"].as_str().unwrap(),
            scope: AdminScope::parse(operation["security"][0]["admin_key"][0].as_str().unwrap()).unwrap(),
            has_body: !operation["requestBody"].is_null(),
        })
    });
    all.collect()
}

impl Operation {
    async fn call(&self, platform: &Platform, key: Option<&str>) -> Reply {
        let mut request = match key {
            Some(key) => request(self.method.clone(), &self.path, key),
            None => Request::builder().method(self.method.clone()).uri(&self.path),
        };
        if self.has_body {
            request = request.header("content-type", "application/json");
        }
        let body = if self.has_body { Body::from("{}") } else { Body::empty() };
        platform.call(request.body(body).unwrap()).await
    }
}

#[test]
fn every_operation_has_a_row_and_every_row_an_operation() {
    let mut documented: Vec<_> = operations().into_iter().map(|operation| (operation.id, operation.scope)).collect();
    let mut rows = ROWS.to_vec();
    documented.sort_by_key(|(id, _)| *id);
    rows.sort_by_key(|(id, _)| *id);
    assert_eq!(documented, rows);
}

#[tokio::test]
async fn without_a_good_admin_key_nothing_is_reached_and_nothing_is_told() {
    let platform = Platform::start().await;
    let revoked = platform.admin_key(2, &AdminScope::ALL, |row| row.state = AccessState::Revoked).await;
    let expired = platform.admin_key(3, &AdminScope::ALL, |row| row.expires_at = Some(NOW)).await;
    let foreign = Platform::start().await.admin.clone();
    let before = platform.traces().await;
    for operation in operations() {
        let expected = operation.call(&platform, None).await;
        assert_eq!((expected.status.as_u16(), expected.code()), (401, "unauthenticated"), "{}", operation.id);
        for key in [&platform.bank, &revoked, &expired, &foreign, "", "sambac_admin_x_y_z"] {
            assert_eq!(operation.call(&platform, Some(key)).await.told(), expected.told(), "{}", operation.id);
        }
    }
    assert_eq!(platform.traces().await, before);
}

#[tokio::test]
async fn a_key_without_the_scope_reaches_nothing_and_one_with_just_it_does() {
    let platform = Platform::start().await;
    let mut keys = Vec::new();
    for (number, scope) in (10..).zip(AdminScope::ALL) {
        let others: Vec<_> = AdminScope::ALL.into_iter().filter(|other| *other != scope).collect();
        let without = platform.admin_key(number, &others, |_| {}).await;
        keys.push((scope, without, platform.admin_key(number + 50, &[scope], |_| {}).await));
    }
    for operation in operations() {
        let (_, without, just) = keys.iter().find(|(scope, ..)| *scope == operation.scope).unwrap();
        let refused = operation.call(&platform, Some(without)).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (403, "forbidden"), "{}", operation.id);
        assert!(refused.json["detail"].as_str().unwrap().contains(operation.scope.as_str()), "{}", refused.text);
        let reached = operation.call(&platform, Some(just)).await;
        assert!(!matches!(reached.status.as_u16(), 401 | 403 | 500..), "{}: {}", operation.id, reached.text);
    }
}

#[tokio::test]
async fn an_admin_key_is_no_clients_key() {
    let platform = Platform::start().await;
    let message = json!({ "to": "+447700900123", "from": "MyBank", "text": "Your code is 000000" });
    let reply = platform.post(&platform.admin, "/v1/sms/send", &message).await;
    assert_eq!((reply.status.as_u16(), reply.code()), (401, "unauthenticated"));
    for path in ["/v1/sms", "/v1/balance", "/v1/webhooks"] {
        assert_eq!(platform.get(&platform.admin, path).await.status, 401, "{path}");
    }
    assert_eq!(Scope::ALL.iter().filter(|scope| AdminScope::parse(scope.as_str()).is_some()).count(), 0);
}

/// `config:write` makes no money, and no key that can do more than the one that makes it; what it has itself it can give.
#[tokio::test]
async fn changing_the_configuration_gives_neither_money_nor_scopes() {
    let platform = Platform::start().await;
    let key = platform.admin_key(1, &[ConfigRead, ConfigWrite], |_| {}).await;
    let put = async |body: serde_json::Value, query: &str| {
        let path = format!("/v1/admin/configuration{query}");
        let request = request(Method::PUT, &path, &key).header("content-type", "application/json");
        platform.call(request.body(Body::from(body.to_string())).unwrap()).await
    };
    let exported = platform.get(&key, "/v1/admin/configuration").await.json;
    let bank = exported["account"].as_array().unwrap().iter().find(|account| account["name"] == "Bank").unwrap();
    let mut bank = bank.clone();
    bank["payment"] = json!([{ "amount": "1000000", "reference": "gift", "method": "transfer" }]);
    for query in ["", "?dry_run=true"] {
        let refused = put(json!({ "account": [bank] }), query).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (403, "forbidden"), "{}", refused.text);
        assert!(refused.text.contains("money is booked as a bank transfer"), "{}", refused.text);
        for scopes in [json!(["transfers:write"]), json!(["config:write", "charges:write"])] {
            let refused = put(json!({ "admin_key": [{ "name": "evil", "scopes": scopes }] }), query).await;
            assert_eq!((refused.status.as_u16(), refused.code()), (403, "forbidden"), "{}", refused.text);
            assert!(refused.text.contains("lacks the scope"), "{}", refused.text);
        }
    }
    let balance = platform.get(&platform.bank, "/v1/balance").await;
    assert!(!balance.text.contains("1000000"), "{}", balance.text);
    let made = put(json!({ "admin_key": [{ "name": "helper", "scopes": ["config:read"] }] }), "").await;
    assert_eq!(made.status.as_u16(), 200, "{}", made.text);
    let again = put(exported, "").await;
    assert_eq!(again.status.as_u16(), 200, "what is stored is no change: {}", again.text);
}

/// Four eyes stay four: nobody makes himself a second key for transfers, and credit is raised by who may book money.
#[tokio::test]
async fn changing_the_configuration_makes_no_second_pair_of_eyes_and_no_credit() {
    let platform = Platform::start().await;
    let booker = platform.admin_key(1, &[ConfigRead, ConfigWrite, TransfersWrite], |_| {}).await;
    let changer = platform.admin_key(2, &[ConfigRead, ConfigWrite], |_| {}).await;
    let put = async |key: &str, body: serde_json::Value| {
        let request = request(Method::PUT, "/v1/admin/configuration", key).header("content-type", "application/json");
        platform.call(request.body(Body::from(body.to_string())).unwrap()).await
    };
    let second = json!({ "admin_key": [{ "name": "second", "scopes": ["transfers:write"] }] });
    let refused = put(&booker, second).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (403, "forbidden"), "{}", refused.text);
    assert!(refused.text.contains("on the machine only"), "{}", refused.text);

    let exported = platform.get(&booker, "/v1/admin/configuration").await.json;
    let bank = exported["account"].as_array().unwrap().iter().find(|account| account["name"] == "Bank").unwrap();
    let with_credit = |amount: &str| {
        let mut bank = bank.clone();
        bank["credit_limit"] = json!(amount);
        json!({ "account": [bank] })
    };
    let refused = put(&changer, with_credit("1000000")).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (403, "forbidden"), "{}", refused.text);
    assert!(refused.text.contains("credit limit"), "{}", refused.text);
    let raised = put(&booker, with_credit("1000000")).await;
    assert_eq!(raised.status.as_u16(), 200, "{}", raised.text);
    let lowered = put(&changer, with_credit("10")).await;
    assert_eq!(lowered.status.as_u16(), 200, "{}", lowered.text);
    // Nor does it come back by taking that back, or out of another client's wallet.
    let way_back = format!("/v1/admin/versions/{}/rollback", raised.json["version"]);
    let back =
        async |key: &str| platform.call(request(Method::POST, &way_back, key).body(Body::empty()).unwrap()).await;
    let refused = back(&changer).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (403, "forbidden"), "{}", refused.text);
    assert_eq!(back(&booker).await.status.as_u16(), 200);
    let mut shop = bank.clone();
    shop["name"] = json!("Guest");
    shop["wallet_of"] = json!("Bank");
    shop["credit_limit"] = json!("0");
    let refused = put(&changer, json!({ "account": [shop.clone()] })).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (403, "forbidden"), "{}", refused.text);
    assert!(refused.text.contains("wallet"), "{}", refused.text);
    let shared = put(&booker, json!({ "account": [shop] })).await;
    assert_eq!(shared.status.as_u16(), 200, "{}", shared.text);
}
