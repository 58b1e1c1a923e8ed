//! An account is suspended, or gets another password, while its client is bound and does not answer our unbind.

use anyhow::{Context as _, Result};
use sambac_testkit::scenario::smpp::{CommandId, Pdu, QuerySm, Sm, SubmitMulti, interface_version};
use sambac_testkit::scenario::wait::until_true;
use sambac_testkit::scenario::{Charges, Secrets, Site, Wire, message};

use crate::world;

const NUMBER: &str = "447700900123";
const ACCOUNT_SUSPENDED: u32 = 0x45;
const INVALID_BIND_STATUS: u32 = 0x04;

/// Each client, what its SMPP account becomes, and what it is told from then on.
const CLIENTS: [(&str, &str, u32); 6] = [
    ("suspended", "state = \"suspended\"", ACCOUNT_SUSPENDED),
    ("gone", "state = \"revoked\"", INVALID_BIND_STATUS),
    ("rekeyed", "password = \"an0ther\"", INVALID_BIND_STATUS),
    ("moved", "allowed_ips = [\"192.0.2.0/24\"]", INVALID_BIND_STATUS),
    ("ofshop", "", ACCOUNT_SUSPENDED),
    ("resized", "window_max = 7", 0),
];

fn site(changed: bool) -> Site {
    let shop = if changed { "state = \"suspended\"" } else { "" };
    let payment = "payment = [{ amount = \"10\", reference = \"first\" }]";
    let shop = format!("name = \"shop\"\ncurrency = \"EUR\"\ntariff = \"standard\"\n{payment}\n{shop}");
    let site = Site::with_one_account("10").table("account", &shop);
    CLIENTS.iter().fold(site, |site, (system_id, becomes, _)| {
        let account = if *system_id == "ofshop" { "shop" } else { "bank" };
        site.smpp_account(account, system_id, if changed { becomes } else { "" })
    })
}

async fn bound(at: std::net::SocketAddr, secrets: &Secrets, system_id: &str) -> Result<Wire> {
    Ok(Wire::bound(at, secrets, system_id, interface_version::V3_4).await?.0)
}

async fn submit(client: &mut Wire) -> Result<u32> {
    let sm = Sm { registered_delivery: 0, ..message(NUMBER, b"hello") };
    Ok(client.ask(&Pdu::SubmitSm(sm)).await?.header().command_status.0)
}

/// From the moment on at which it may not bind any more, nothing of a session is accepted or charged, whether it unbinds or
/// not. One whose account has only other settings is served until it goes.
#[tokio::test]
async fn a_session_that_may_not_be_bound_submits_nothing_more() -> Result<()> {
    let world = world("revoked")?;
    let operator = world.simulator("alpha", "").await?;
    let linked = |site: Site| site.connector("alpha", &operator, "").route("all", &["alpha"], "");
    let secrets = world.apply(&linked(site(false))).await?;
    let platform = world.platform(&[]).await?;
    let mut clients = Vec::new();
    for (system_id, ..) in CLIENTS {
        let mut client = bound(platform.smpp(), &secrets, system_id).await?;
        assert_eq!(submit(&mut client).await?, 0, "{system_id}");
        clients.push(client);
    }
    world.apply(&linked(site(true))).await?;
    for ((system_id, _, status), client) in CLIENTS.iter().zip(&mut clients) {
        let unbind = client.next().await?.context("our unbind")?;
        assert_eq!(unbind.header().command_id, CommandId::UNBIND, "{system_id}");
        for _ in 0..3 {
            assert_eq!(submit(client).await?, *status, "{system_id}");
        }
        let asked = [
            Pdu::QuerySm(QuerySm { message_id: b"1", ..QuerySm::default() }),
            Pdu::SubmitMulti(SubmitMulti::default()),
        ];
        for pdu in asked.iter().filter(|_| *status != 0) {
            assert_eq!(client.ask(pdu).await?.header().command_status.0, *status, "{system_id}");
        }
    }
    let mut database = world.database().await?;
    let count = i64::try_from(CLIENTS.len())? + 3;
    assert_eq!(database.number("SELECT COUNT(*) FROM messages").await?, count);
    drop(clients);
    until_true("all end", async || Ok(database.open_messages().await? == 0)).await?;
    assert_eq!(database.charges().await?, Charges { captured: count, ..Charges::default() });
    database.audit().await?;
    world.passed();
    Ok(())
}
