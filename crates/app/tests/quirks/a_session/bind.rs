//! Binds that are refused, and what is said in them.

use std::time::Duration;

use anyhow::Result;
use sambac_testkit::scenario::wait::until_true;
use sambac_testkit::scenario::{Site, World};

use super::{Case, QUICK, count, settings};

const CREDENTIALS: &str = "sambac_alerts_open{name=\"connector_credentials\"}";

/// The old bind still counts as up: it is waited for, and is taken for no wrong password. We always unbind when we leave.
#[tokio::test]
async fn q_a12_a_stale_bind_is_waited_for_and_we_leave_with_an_unbind() -> Result<()> {
    let bind = format!("bind = {{ {QUICK}, stale_bind_wait_ms = 1000 }}");
    let case = Case::start("a12", "[bind]\nstale_ms = 800", &settings(&bind)).await?;
    // The operator closes the link instead of the first answer to this number.
    let id = case.rest.send_text("+999000000033", "again").await?;
    assert_eq!(case.rest.final_state(&id).await?, "delivered");
    assert_eq!(case.metric(CREDENTIALS).await?, 0);
    assert_eq!(case.metric("sambac_connector_bind_failures_total{name=\"alpha\",class=\"stale\"}").await?, 1);
    let journal = case.finish().await?;
    let refused: Vec<_> = journal.of("bind_refused").map(|line| line.status).collect();
    assert_eq!(refused, [0x05], "one attempt, then the wait");
    assert_eq!((count(&journal, "close"), count(&journal, "unbind")), (1, 1), "the second session ends in good order");
    Ok(())
}

/// Wrong credentials are tried once, by one bind of three, and stop the connector until they are others.
#[tokio::test]
async fn q_a13_refused_credentials_stop_the_connector() -> Result<()> {
    let world = World::new(env!("CARGO_BIN_EXE_sambac"), "a13")?;
    let operator = world.simulator("alpha", "[bind]\nsystem_id = \"other\"").await?;
    let mut busy = world.simulator("beta", "[bind]\nrefuse_first = 8\nrefuse_status = 0x08").await?;
    let quick = settings(&format!("bind = {{ {QUICK} }}"));
    let site = |alpha: Site| alpha.connector("beta", &busy, &quick).route("all", &["alpha", "beta"], "");
    let alpha = format!("binds = 3\n{quick}");
    let wrong = site(Site::with_one_account("10").connector("alpha", &operator, &alpha));
    let case = Case::with(world, operator, &wrong).await?;
    // Beta's eight refusals are of a class that passes: by then alpha would have been tried again many times.
    case.until_up(1).await?;
    assert_eq!(case.metric(CREDENTIALS).await?, 1);
    assert_eq!(count(&case.operator.journal()?, "bind_refused"), 1);
    let (host, port) = (case.operator.address().ip(), case.operator.address().port());
    let right = Site::with_one_account("10").table("operator", "name = \"alpha\"").table(
        "connector",
        &format!(
            "name = \"alpha\"\noperator = \"alpha\"\nhost = \"{host}\"\nport = {port}\nsystem_id = \"other\"\n\
             password = \"pa55word\"\n{alpha}"
        ),
    );
    case.world.apply(&site(right)).await?;
    case.until_up(4).await?;
    assert_eq!(case.metric(CREDENTIALS).await?, 0, "mended");
    assert_eq!(count(&busy.finish().await?, "bind_refused"), 8);
    case.finish().await.map(drop)
}

/// With a pause for refused credentials the connector is not stopped: it tries again after it, once, and the alert goes when it is
/// taken.
#[tokio::test]
async fn q_a13_refused_credentials_are_tried_again_after_their_pause() -> Result<()> {
    let bind = format!("bind = {{ {QUICK}, credentials_retry_s = 1 }}");
    let scenario = "[bind]\nrefuse_first = 2\nrefuse_status = 0x0E";
    let case = Case::start_unbound("a13_retry", scenario, &settings(&bind)).await?;
    until_true("a person is told", async || Ok(case.metric(CREDENTIALS).await? == 1)).await?;
    case.until_up(1).await?;
    case.deliver(1).await?;
    assert_eq!(case.metric(CREDENTIALS).await?, 0, "mended");
    let journal = case.finish().await?;
    let mut attempts: Vec<_> = journal.of("bind_refused").map(|line| line.at_us).collect();
    assert_eq!(attempts.len(), 2, "QUICK would have made many");
    attempts.extend(journal.of("bind").map(|line| line.at_us).take(1));
    for pair in attempts.windows(2) {
        assert!(pair[1] - pair[0] >= 950_000, "the pause of a second, by two clocks: {attempts:?}");
    }
    Ok(())
}

/// "No more binds" waits as long as the profile says, also when the operator has a status of its own for it.
#[tokio::test]
async fn q_a13_a_limit_of_binds_waits_long() -> Result<()> {
    for (name, status, refusals) in
        [("a13_limit", "0x0D", ""), ("a13_own", "0x45", ", refusals = { \"0x45\" = \"limit\" }")]
    {
        let scenario = format!("[bind]\nrefuse_first = 1\nrefuse_status = {status}");
        let bind = format!("bind = {{ {QUICK}, limit_wait_ms = 900{refusals} }}");
        let journal = Case::start(name, &scenario, &settings(&bind)).await?.finish().await?;
        let at = |event: &str| journal.of(event).next().map(|line| line.at_us).expect(event);
        let waited_ms = (at("bind") - at("bind_refused")) / 1_000;
        assert!(waited_ms >= 890, "{name}: {waited_ms} ms");
    }
    Ok(())
}

/// Neither a name nor a version in the answer is needed.
#[tokio::test]
async fn q_a14_a_bind_answer_without_a_name_or_version_is_taken() -> Result<()> {
    for (name, system_id) in [("a14_empty", ""), ("a14_other", "somebody")] {
        let scenario = format!("[bind]\nanswer_system_id = \"{system_id}\"\ntell_version = false");
        let case = Case::start(name, &scenario, "").await?;
        case.deliver(1).await?;
        case.finish().await?;
    }
    Ok(())
}

/// A long password is sent when the profile says so, and refused before it is stored when not.
#[tokio::test]
async fn q_a15_passwords_are_as_long_as_the_profile_says() -> Result<()> {
    let world = World::new(env!("CARGO_BIN_EXE_sambac"), "a15")?;
    let operator = world.simulator("alpha", "[bind]\npassword = \"sixteen-octets-x\"").await?;
    let site = |more: &str| {
        let (host, port) = (operator.address().ip(), operator.address().port());
        let keys = format!(
            "name = \"alpha\"\noperator = \"alpha\"\nhost = \"{host}\"\nport = {port}\nsystem_id = \"sambac\"\n\
             password = \"sixteen-octets-x\"\n{more}"
        );
        let site = Site::with_one_account("10").table("operator", "name = \"alpha\"").table("connector", &keys);
        site.route("all", &["alpha"], "")
    };
    let refused = world.apply(&site("")).await.expect_err("too long").to_string();
    assert!(refused.contains("password has 16 octets, and settings.bind.password_octets_max is 8"), "{refused}");
    let long = site(&settings("bind = { password_octets_max = 16 }"));
    let case = Case::with(world, operator, &long).await?;
    case.platform.until_bound().await?;
    case.deliver(1).await?;
    assert_eq!(case.finish().await?.of("bind").map(|bind| bind.password_octets).collect::<Vec<_>>(), [16]);
    Ok(())
}

/// system_type and the address range are sent as the operator wants them.
#[tokio::test]
async fn q_a16_the_bind_carries_what_the_operator_wants() -> Result<()> {
    let scenario = "[bind]\nsystem_type = \"OTP\"\naddress_range = \"^4477\"";
    let bind = "bind = { system_type = \"OTP\", addr_ton = 1, addr_npi = 1, address_range = \"^4477\" }";
    let session = "session = { interface_version = \"5.0\" }";
    let case = Case::start("a16", scenario, &settings(&format!("{bind}, {session}"))).await?;
    let journal = case.finish().await?;
    let bind = journal.of("bind").next().expect("a bind");
    assert_eq!((bind.system_type.as_str(), bind.address_range.as_str()), ("OTP", "^4477"));
    assert_eq!((bind.addr_ton, bind.addr_npi, bind.interface_version), (1, 1, 0x50));
    Ok(())
}

/// The operator opens the connection and we bind on it; whoever does not know our secret gets nothing.
#[tokio::test]
async fn q_a22_an_outbind_of_the_operator_is_bound_on() -> Result<()> {
    // Somebody may take the port before the platform does; a test of another port then fails, too, and says so.
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let outbind = |password: &str| {
        format!("[outbind]\nto = \"127.0.0.1:{port}\"\nsystem_id = \"sambac\"\npassword = \"{password}\"")
    };
    let world = World::new(env!("CARGO_BIN_EXE_sambac"), "a22")?;
    let mut stranger = world.simulator("stranger", &outbind("guessed")).await?;
    let operator = world.simulator("alpha", "").await?;
    let listens = settings(&format!("bind = {{ {QUICK}, outbind_listen = \"127.0.0.1:{port}\" }}"));
    let site = Site::with_one_account("10").connector("alpha", &operator, &listens).route("all", &["alpha"], "");
    let mut case = Case::with(world, operator, &site).await?;
    until_true("the stranger is refused", async || {
        Ok(case.metric("sambac_connector_bind_failures_total{name=\"alpha\",class=\"link\"}").await? >= 1)
    })
    .await?;
    assert_eq!(count(&stranger.finish().await?, "bind"), 0, "we do not bind to strangers");
    case.operator.start_again(&case.world, &outbind("pa55word")).await?;
    case.until_up(1).await?;
    case.deliver(1).await?;
    assert!(case.platform.terminate(Duration::from_secs(20)).await?.success());
    let journal = case.operator.finish().await?;
    assert_eq!((count(&journal, "bind"), journal.submits().count()), (1, 1));
    case.world.passed();
    Ok(())
}
