//! The commands of the real binary: what they print, what they refuse, and how they end.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context as _, Result};
use sambac_testkit::scenario::{Site, World};
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_sambac");
const FAILED: i32 = 1;
const CONFIGURATION: i32 = 3;
const REFUSED: i32 = 4;
const UNREACHABLE: i32 = 5;
const LOCKED: i32 = 6;

/// Runs a command to its end, with nothing but these variables.
fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Result<Output> {
    let mut command = Command::new(BINARY);
    command.args(arguments).env_clear().envs(variables.iter().copied()).current_dir(std::env::temp_dir());
    Ok(command.output()?)
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn printed(output: &Output) -> Result<Value> {
    let text = String::from_utf8(output.stdout.clone())?;
    serde_json::from_str(&text).with_context(|| format!("{text}{}", complaint(output)))
}

fn text_of(path: &Path) -> Result<&str> {
    path.to_str().context("a path in UTF-8")
}

async fn migrate(world: &World) -> Result<()> {
    let migrated = world.run(&["migrate"], &[]).await?;
    anyhow::ensure!(migrated.status.success(), "{}", complaint(&migrated));
    Ok(())
}

/// Commands that only read, or that change what must be there, say that there is no database, and leave no trace; after
/// `sambac migrate` a dry run leaves no key either.
#[tokio::test]
async fn no_command_but_those_that_begin_makes_a_database() -> Result<()> {
    let world = World::new(BINARY, "no-database")?;
    let (file, exported) = (world.path("site.toml"), world.path("exported.toml"));
    std::fs::write(&file, Site::with_one_account("10").to_toml())?;
    let (file, exported) = (text_of(&file)?, text_of(&exported)?);
    let commands: [&[&str]; 8] = [
        &["erase", "--number", "+447700900123", "--reason", "asked"],
        &["ledger", "verify"],
        &["ledger", "check"],
        &["cdr", "list"],
        &["export", exported],
        &["apply", "--dry-run", file],
        &["admin-key", "create", "first", "--scopes", "config:read"],
        &["admin-key", "revoke", "first"],
    ];
    for command in commands {
        let output = world.run(command, &[]).await?;
        assert_eq!(output.status.code(), Some(CONFIGURATION), "{command:?}");
        let (said, place) = (complaint(&output), world.data_folder().join("sambac.db"));
        let wanted = format!("no database at {}; run `sambac migrate` or `sambac run` first", place.display());
        assert!(said.contains(&wanted), "{command:?}: {said}");
        assert!(!world.data_folder().exists() && !Path::new(exported).exists(), "{command:?} leaves a trace");
    }
    migrate(&world).await?;
    let tried = world.run(&["apply", "--dry-run", file], &[]).await?;
    assert!(tried.status.success(), "{}", complaint(&tried));
    assert!(!world.data_folder().join("master.key").exists(), "a dry run makes no key");
    world.passed();
    Ok(())
}

#[test]
fn the_configuration_is_shown_with_its_sources_and_without_secrets() -> Result<()> {
    let variables = [("SAMBAC_LOG_LEVEL", "debug"), ("SAMBAC_MASTER_KEY", "do-not-show")];
    let output = run(&["--output", "json", "config", "show", "--http-listen", "127.0.0.1:9999"], &variables)?;
    let shown = printed(&output)?;
    assert_eq!(shown["http.listen"]["value"], "127.0.0.1:9999");
    assert_eq!(shown["http.listen"]["from"], "--http-listen");
    assert_eq!(shown["log.level"]["from"], "SAMBAC_LOG_LEVEL");
    assert_eq!(shown["master_key"]["value"], "***");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("do-not-show"));
    Ok(())
}

#[test]
fn a_wrong_configuration_is_refused_with_its_place() -> Result<()> {
    let world = World::new(BINARY, "wrong-config")?;
    let file = world.path("sambac.toml");
    std::fs::write(&file, "[http]\nport = 8080\n")?;
    let output = run(&["run", "--config", text_of(&file)?], &[])?;
    assert_eq!(output.status.code(), Some(CONFIGURATION));
    let said = complaint(&output);
    assert!(said.contains("sambac.toml") && said.contains("line 2") && said.contains("port"), "{said}");
    let output = run(&["config", "check"], &[("SAMBAC_HTTP_PORT", "1")])?;
    assert_eq!(output.status.code(), Some(CONFIGURATION));
    assert!(complaint(&output).contains("SAMBAC_HTTP_PORT"));
    world.passed();
    Ok(())
}

#[test]
fn documents_are_printed_as_json() -> Result<()> {
    let schema = printed(&run(&["config", "schema"], &[])?)?;
    assert_eq!(schema["properties"]["http"]["properties"]["listen"]["default"], "127.0.0.1:8080");
    let openapi = printed(&run(&["openapi"], &[])?)?;
    assert!(openapi["paths"]["/v1/sms/send"]["post"].is_object());
    Ok(())
}

#[tokio::test]
async fn a_file_is_applied_once_and_its_secrets_are_shown_once() -> Result<()> {
    let world = World::new(BINARY, "apply")?;
    let operator = world.simulator("alpha", "").await?;
    let site = Site::with_one_account("10").connector("alpha", &operator, "").route("all", &["alpha"], "");
    let file = world.path("site.toml");
    std::fs::write(&file, site.to_toml())?;
    let apply = async |flags: &[&str]| {
        let arguments = [&["--output", "json", "apply"], flags].concat();
        printed(&world.run(&arguments, &[&file]).await?)
    };
    migrate(&world).await?;
    let tried = apply(&["--dry-run"]).await?;
    assert_eq!((&tried["changed"]["accounts"], tried["secrets"].as_array().map(Vec::len)), (&Value::from(1), Some(0)));
    let first = apply(&[]).await?;
    assert_eq!(first["secrets"].as_array().map(Vec::len), Some(2));
    let second = apply(&[]).await?;
    assert_eq!(
        (second["changed"].as_object().map(serde_json::Map::len), second["secrets"].as_array().map(Vec::len)),
        (Some(0), Some(0))
    );
    std::fs::write(&file, site.to_toml().replace("amount = \"10\"", "amount = \"11\""))?;
    let other_amount = world.run(&["apply"], &[&file]).await?;
    assert_eq!(other_amount.status.code(), Some(CONFIGURATION));
    assert!(complaint(&other_amount).contains("is booked with 10.00, not 11.00"), "{}", complaint(&other_amount));
    world.passed();
    Ok(())
}

#[tokio::test]
async fn what_is_exported_applies_without_a_change_and_holds_no_secret() -> Result<()> {
    let world = World::new(BINARY, "export")?;
    let operator = world.simulator("alpha", "").await?;
    let settings = "settings = { preset = \"kannel\", session = { enquire_link_s = 60 } }";
    let site = Site::with_one_account("10").connector("alpha", &operator, settings).route("all", &["alpha"], "");
    world.apply(&site.webhook("bank", "https://bank.example/sms")).await?;
    let (first, second) = (world.path("first.toml"), world.path("second.toml"));
    let export = async |file: &Path| -> Result<String> {
        let output = world.run(&["export"], &[file]).await?;
        anyhow::ensure!(output.status.success(), "{}", complaint(&output));
        assert_eq!(std::fs::metadata(file)?.permissions().mode() & 0o777, 0o600);
        Ok(std::fs::read_to_string(file)?)
    };
    let exported = export(&first).await?;
    assert!(exported.contains("# password_env = \"SAMBAC_PASSWORD_ALPHA\"\n[[connector]]"), "{exported}");
    assert!(!exported.contains("pa55word") && !exported.contains("argon2"), "{exported}");
    let applied = printed(&world.run(&["--output", "json", "apply"], &[&first]).await?)?;
    assert_eq!((&applied["changed"], &applied["differences"]), (&serde_json::json!({}), &serde_json::json!([])));
    assert_eq!(export(&second).await?, exported);

    std::fs::write(&second, exported.replace("enquire_link_s = 60", "enquire_link_s = 90"))?;
    let tried = world.run(&["apply", "--dry-run"], &[&second]).await?;
    let told = String::from_utf8_lossy(&tried.stdout).into_owned();
    assert!(told.contains("connector alpha changed\n  settings.session.enquire_link_s  60 → 90\n"), "{told}");
    assert_eq!(export(&first).await?, exported, "nothing was changed");
    world.passed();
    Ok(())
}

#[tokio::test]
async fn an_admin_key_is_shown_once_and_can_be_revoked() -> Result<()> {
    let world = World::new(BINARY, "admin-key")?;
    migrate(&world).await?;
    let create = ["--output", "json", "admin-key", "create", "ops", "--scopes", "config:read,operations"];
    let made = printed(&world.run(&create, &[]).await?)?;
    assert!(made["key"].as_str().is_some_and(|key| key.starts_with("sambac_admin_")), "{made}");
    let again = world.run(&create, &[]).await?;
    assert_eq!(again.status.code(), Some(CONFIGURATION));
    assert!(complaint(&again).contains("already") && !complaint(&again).contains("sambac_admin_"));
    let unknown = world.run(&["admin-key", "create", "x", "--scopes", "everything"], &[]).await?;
    assert_eq!(unknown.status.code(), Some(CONFIGURATION), "{}", complaint(&unknown));
    assert_eq!(
        printed(&world.run(&["--output", "json", "admin-key", "revoke", "ops"], &[]).await?)?["state"],
        "revoked"
    );
    assert_eq!(world.run(&["admin-key", "revoke", "nobody"], &[]).await?.status.code(), Some(CONFIGURATION));
    world.passed();
    Ok(())
}

#[tokio::test]
async fn secrets_can_go_to_a_private_file_instead() -> Result<()> {
    let world = World::new(BINARY, "apply-secrets")?;
    let file = world.path("site.toml");
    std::fs::write(&file, Site::with_one_account("10").to_toml())?;
    let secrets = world.path("secrets.json");
    let flags = ["--output", "json", "apply", "--secrets-file", text_of(&secrets)?];
    let applied = printed(&world.run(&flags, &[&file]).await?)?;
    assert_eq!(applied["secrets"].as_array().map(Vec::len), Some(0));
    assert_eq!(std::fs::metadata(&secrets)?.permissions().mode() & 0o777, 0o600);
    let written: Value = serde_json::from_slice(&std::fs::read(&secrets)?)?;
    assert_eq!(written.as_array().map(Vec::len), Some(2));
    world.passed();
    Ok(())
}

#[tokio::test]
async fn a_file_with_a_fault_changes_nothing() -> Result<()> {
    let world = World::new(BINARY, "apply-fault")?;
    let file = world.path("site.toml");
    let faulty = format!(
        "{}\n[[route]]\nname = \"r\"\nposition = 1\nconnectors = [\"gone\"]\n",
        Site::with_one_account("10").to_toml()
    );
    std::fs::write(&file, faulty)?;
    let refused = world.run(&["apply"], &[&file]).await?;
    assert_eq!(refused.status.code(), Some(CONFIGURATION));
    assert!(complaint(&refused).contains("route \"r\": there is no connector \"gone\""), "{}", complaint(&refused));
    std::fs::write(&file, Site::with_one_account("10").to_toml())?;
    let applied = printed(&world.run(&["--output", "json", "apply"], &[&file]).await?)?;
    assert_eq!(applied["changed"]["accounts"], 1, "nothing was there before");
    world.passed();
    Ok(())
}

#[tokio::test]
async fn what_is_applied_while_it_runs_takes_effect_and_a_message_can_be_sent_from_the_shell() -> Result<()> {
    let world = World::new(BINARY, "apply-running")?;
    let platform = world.platform(&[]).await?;
    let operator = world.simulator("alpha", "").await?;
    let site = Site::with_one_account("10").connector("alpha", &operator, "").route("all", &["alpha"], "");
    let secrets = world.apply(&site).await?;
    platform.until_bound().await?;
    let url = format!("http://{}", platform.http());
    let variables = [("SAMBAC_URL", url.as_str()), ("SAMBAC_API_KEY", secrets.api_key("main")?)];
    let send = |to: &str| run(&["--output", "json", "send", "--to", to, "--text", "hello"], &variables);
    let delivered = send("+999000000000")?;
    assert_eq!(delivered.status.code(), Some(0), "{}", complaint(&delivered));
    assert_eq!(printed(&delivered)?["state"], "delivered");
    assert_eq!(send("+999000000010")?.status.code(), Some(REFUSED));
    assert_eq!(send("+1")?.status.code(), Some(REFUSED));
    let status = printed(&run(&["--output", "json", "status"], &variables)?)?;
    assert_eq!(status["balance"]["available"], "9.95", "one was delivered at 0.05: {status}");
    let second = world
        .run(&["run", "--http-listen=127.0.0.1:0", "--services-listen=127.0.0.1:0", "--smpp-listen=127.0.0.1:0"], &[])
        .await?;
    assert_eq!(second.status.code(), Some(LOCKED));
    assert!(complaint(&second).contains(&format!("process {}", platform.pid())), "{}", complaint(&second));
    world.passed();
    Ok(())
}

#[test]
fn nobody_there_has_its_own_exit_code() -> Result<()> {
    // Bound and let go again: nobody listens there, as far as anybody can know.
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let url = format!("http://127.0.0.1:{port}");
    let variables = [("SAMBAC_URL", url.as_str()), ("SAMBAC_API_KEY", "sambac_test_x")];
    let output = run(&["status"], &variables)?;
    assert_eq!(output.status.code(), Some(UNREACHABLE), "{}", complaint(&output));
    assert!(!complaint(&output).contains("sambac_test_x"));
    let output = run(&["status", "--env-file", "/nonexistent"], &[])?;
    assert_eq!(output.status.code(), Some(CONFIGURATION));
    assert!(complaint(&output).contains("SAMBAC_URL"));
    Ok(())
}

#[tokio::test]
async fn a_busy_port_names_the_flag_that_moves_it() -> Result<()> {
    let world = World::new(BINARY, "busy-port")?;
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let port = taken.local_addr()?.port().to_string();
    let output = world.run(&["demo", "--once", "--http-port", &port], &[]).await?;
    assert_eq!(output.status.code(), Some(FAILED));
    assert!(complaint(&output).contains("--http-port"), "{}", complaint(&output));
    let listen = format!("127.0.0.1:{port}");
    let output = world.run(&["run", "--http-listen", &listen], &[]).await?;
    assert!(complaint(&output).contains("--http-listen"), "{}", complaint(&output));
    world.passed();
    Ok(())
}

#[test]
fn a_wrong_scenario_is_refused_with_its_place() -> Result<()> {
    let world = World::new(BINARY, "wrong-scenario")?;
    let file = world.path("operator.toml");
    std::fs::write(&file, "[answer]\ntrottle = 0.5\n")?;
    let output = run(&["simulate", "--scenario", text_of(&file)?], &[])?;
    assert_eq!(output.status.code(), Some(CONFIGURATION));
    assert!(
        complaint(&output).contains("operator.toml") && complaint(&output).contains("line 2"),
        "{}",
        complaint(&output)
    );
    world.passed();
    Ok(())
}
