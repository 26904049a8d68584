//! TLS to PostgreSQL, as `sslmode` and `sslrootcert` ask for it. The server has a certificate for `localhost`; by
//! `127.0.0.1` it is another host.

use std::fs;
use std::process::Command;
use std::sync::OnceLock;

use anyhow::Result;
use tokio::task::spawn_blocking;

use super::{TestDb, config};
use crate::harness::JWT_SECRET;
use crate::servers::Postgres;

/// Two authorities, `root` and `other`; the server's certificate is of the first.
const CERTIFICATES: &str = r#"
set -e
cd "$1"
new="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
for name in root other; do
    openssl req -x509 $new -keyout $name.key -out $name.crt -subj "/CN=$name" -days 2
done
openssl req $new -keyout server.key -out server.csr -subj /CN=db
echo subjectAltName=DNS:localhost >server.ext
openssl x509 -req -in server.csr -CA root.crt -CAkey root.key -CAcreateserial -extfile server.ext -out server.crt -days 2
chmod 600 server.key
"#;

/// The first line that fits is the one that counts.
const RULES: &str = "
hostssl only_tls all 127.0.0.1/32 trust
host only_tls all 127.0.0.1/32 reject
hostnossl never_tls all 127.0.0.1/32 trust
host never_tls all 127.0.0.1/32 reject
hostssl all guarded 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 trust
";

/// A server that takes both, encrypted and not.
fn encrypted() -> &'static Postgres {
    static SERVER: OnceLock<Postgres> = OnceLock::new();
    SERVER.get_or_init(|| {
        let server = Postgres::start();
        let made = server.as_its_user(&["sh", "-c", CERTIFICATES, "sh"]).arg(server.data()).output().expect("sh runs");
        assert!(made.status.success(), "{made:?}");
        fs::write(server.data().join("pg_hba.conf"), RULES).expect("the rules can be written");
        for statement in [
            "create database only_tls",
            "create database never_tls",
            "create role guarded superuser login password 'canary'",
            "alter system set ssl = on",
            "select pg_reload_conf()",
        ] {
            server.sql(statement);
        }
        server
    })
}

/// The URL of a database there, with what is put behind the question mark; `{root}` and `{other}` are the authorities.
fn url(host: &str, database: &str, parameters: &str) -> String {
    let server = encrypted();
    let file = |name: &str| server.data().join(name).display().to_string();
    let parameters = parameters.replace("{root}", &file("root.crt")).replace("{other}", &file("other.crt"));
    format!("postgres://app@{host}:{}/{database}?{parameters}", server.port())
}

/// Whether the connection is encrypted, if there is one.
async fn open(url: String) -> Result<bool> {
    let db = spawn_blocking(move || TestDb::open(config(&url), None)).await??.db;
    let ssl = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
    let is_encrypted = db.read(move |tx| tx.one(ssl, &[], |row| row.take())).await?;
    db.close().await;
    Ok(is_encrypted)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_is_what_one_gets() -> Result<()> {
    for (host, parameters, is_encrypted) in [
        ("127.0.0.1", "sslmode=disable", false),
        ("127.0.0.1", "", true),
        ("127.0.0.1", "sslmode=prefer", true),
        ("127.0.0.1", "sslmode=require", true),
        ("127.0.0.1", "sslmode=require&sslrootcert={root}", true),
        ("127.0.0.1", "sslmode=verify-ca&sslrootcert={root}", true),
        ("localhost", "sslmode=verify-full&sslrootcert={root}", true),
    ] {
        let got = open(url(host, "postgres", parameters)).await;
        assert_eq!(got.map_err(|error| format!("{error:#}")), Ok(is_encrypted), "{host} {parameters}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_bound_to_the_certificate() -> Result<()> {
    let url = url("localhost", "postgres", "sslmode=verify-full&sslrootcert={root}&channel_binding=require");
    assert!(open(url.replace("app@", "guarded:canary@")).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_prefers_tls_does_without_where_it_must() -> Result<()> {
    assert!(!open(url("127.0.0.1", "never_tls", "sslmode=prefer")).await?);
    assert!(open(url("127.0.0.1", "only_tls", "sslmode=prefer")).await?);
    let plain = spawn_blocking(|| Postgres::shared().fresh_database()).await?;
    assert!(!open(plain.clone()).await?, "it knows no TLS");
    let error = open(format!("{plain}?sslmode=require")).await.expect_err("it knows no TLS");
    assert!(format!("{error:#}").contains("server does not support TLS"), "{error:#}");
    Ok(())
}

/// What the command line says, from outside.
fn run(command: &str, url: &str, environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut process = Command::new(env!("CARGO_BIN_EXE_smilechat"));
    process.arg(command).env_clear().env("DATABASE_URL", url).envs(environment.iter().copied());
    let output = process.current_dir(std::env::temp_dir()).output().expect("the binary runs");
    (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
}

fn migrate(url: &str, authorities: &str) -> (Option<i32>, String) {
    let file = encrypted().data().join(authorities).display().to_string();
    run("migrate", url, &[("SSL_CERT_FILE", &file)])
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_over_a_network_in_the_clear_is_warned_of() -> Result<()> {
    spawn_blocking(|| {
        for (database, parameters, is_warned) in [
            ("never_tls", "hostaddr=127.0.0.1", true),
            ("only_tls", "hostaddr=127.0.0.1", false),
            ("never_tls", "hostaddr=127.0.0.1&sslmode=disable", false),
        ] {
            // It opens its database, and then has no place for files.
            let environment = [
                ("SMILECHAT_FILES__URL", "file:///proc/nowhere"),
                ("SMILECHAT_DATA_DIR", "/proc/nowhere"),
                ("JWT_SECRET", JWT_SECRET),
            ];
            let (code, told) = run("serve", &url("db.internal", database, parameters), &environment);
            assert!(code == Some(1) && told.contains("files: cannot create"), "{told}");
            assert_eq!(told.contains("is not encrypted"), is_warned, "{database} {parameters}: {told}");
        }
    })
    .await?;
    Ok(())
}

/// Exit code 2 is for what would be the same the next time.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_trusted_is_told_in_one_line() -> Result<()> {
    let cases = [
        ("localhost", "sslmode=verify-full&sslrootcert={other}", "UnknownIssuer", 1),
        ("localhost", "sslmode=verify-ca&sslrootcert={other}", "UnknownIssuer", 1),
        ("localhost", "sslmode=require&sslrootcert={other}", "UnknownIssuer", 1),
        ("localhost", "sslmode=verify-full", "UnknownIssuer", 1),
        ("127.0.0.1", "sslmode=verify-full&sslrootcert={root}", "not valid for name", 1),
        ("127.0.0.1", "sslmode=disable", "no encryption", 1),
        ("127.0.0.1", "sslmode=verify-full&sslrootcert=/nowhere.pem", "cannot read sslrootcert /nowhere.pem", 2),
        ("127.0.0.1", "sslmode=allow", "sslmode in the database URL takes", 2),
        ("127.0.0.1", "sslrootcert={root}", "sslrootcert needs sslmode", 2),
        ("127.0.0.1", "sslmode=require&sslcert=/x.pem", "unknown option `sslcert`", 2),
    ];
    spawn_blocking(move || {
        for (host, parameters, why, exit_code) in cases {
            let url = url(host, "only_tls", parameters).replace("app@", "app:canary@");
            let (code, told) = migrate(&url, "other.crt");
            assert_eq!((code, told.lines().count()), (Some(exit_code), 1), "{parameters}: {told}");
            assert_eq!(told.contains("DATABASE_URL: "), exit_code == 2, "{parameters}: {told}");
            assert!(told.contains(why) && !told.contains("canary"), "{parameters}: {told}");
        }
    })
    .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_file_the_authorities_of_the_system_count() -> Result<()> {
    spawn_blocking(|| {
        for parameters in ["sslmode=verify-full", "sslmode=verify-full&sslrootcert=system", "sslmode=verify-ca"] {
            let told = migrate(&url("localhost", "only_tls", parameters), "root.crt");
            assert_eq!(told, (Some(0), String::new()), "{parameters}");
        }
    })
    .await?;
    Ok(())
}
