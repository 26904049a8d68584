//! The schema's history: from nothing, from an old file, cut short, and where it must refuse.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Result;
use rusqlite::Connection;
use smilechat::platform::db::{Db, migrate};
use tokio::task::spawn_blocking;
use tokio_postgres::{Client, NoTls};

use super::{TestDb, config, deaf};
use crate::servers::Postgres;

const CHILD: &str = "SMILECHAT_TEST_MIGRATES";

#[test]
fn a_second_run_has_nothing_to_do() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for url in [format!("sqlite://{}/new/folder/a.db", folder.path().display()), Postgres::shared().fresh_database()] {
        let names = migrate(&config(&url))?;
        assert_eq!(names[..2], ["0001_start", "0002_ticket_search"]);
        assert_eq!(migrate(&config(&url))?, [""; 0]);
    }
    Ok(())
}

#[test]
fn nodes_that_start_at_once_do_not_collide() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for url in [format!("sqlite://{}/a.db", folder.path().display()), Postgres::shared().fresh_database()] {
        let starts: Vec<_> = (0..4)
            .map(|_| {
                let mut config = config(&url);
                config.busy_timeout_seconds = 10;
                std::thread::spawn(move || migrate(&config))
            })
            .collect();
        let mut applied = Vec::new();
        for start in starts {
            applied.extend(start.join().expect("it does not panic")?);
        }
        let count = applied.len();
        applied.sort();
        applied.dedup();
        assert_eq!(applied.len(), count, "each migration ran once");
        assert!(count >= 2);
    }
    Ok(())
}

/// A node of the version before goes on serving while the next version waits for the lock of a table that is in use.
#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_lock_keeps_others_waiting_no_longer_than_it_may() -> Result<()> {
    let url = Postgres::shared().fresh_database();
    let settings = config(&url);
    spawn_blocking(move || migrate(&settings)).await??;
    let owner = connect(&url).await?;
    owner
        .batch_execute(
            "alter table users drop column totp_last_step; delete from schema_migrations where name = '0003_totp_step'",
        )
        .await?;
    let report = connect(&url).await?;
    report.batch_execute("begin; select count(*) from users").await?;
    let settings = config(&url);
    let migrating = spawn_blocking(move || migrate(&settings));
    let (begun, mut longest, mut served) = (Instant::now(), Duration::ZERO, 0);
    // By then it waits for as long as it ever does.
    while begun.elapsed() < Duration::from_secs(8) {
        let asked = Instant::now();
        owner.batch_execute("update users set name = name where user_key = 0").await?;
        longest = longest.max(asked.elapsed());
        served += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!migrating.is_finished(), "the table is in use");
    assert!(longest > Duration::from_millis(200), "it has waited, and others behind it: {longest:?}");
    assert!(longest < Duration::from_millis(950), "others waited for {longest:?}");
    assert!(served > 50, "{served}");
    report.batch_execute("commit").await?;
    assert_eq!(migrating.await??, ["0003_totp_step"]);
    Ok(())
}

async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_file_is_brought_forward_with_its_rows() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("test.db");
    // As the first version left it, with the checksum that it has today.
    let today = TestDb::sqlite()?;
    let first = include_str!("../../../migrations/0001_start.sql")
        .replace("{key}", "integer primary key autoincrement")
        .replace("{clustered}", "without rowid")
        .replace("{bytes}", "blob");
    let connection = Connection::open(&path)?;
    connection.execute_batch(&first)?;
    connection.execute("attach database $1 as today", [today.config.url.trim_start_matches("sqlite://")])?;
    connection.execute_batch(
        "create table schema_migrations as select * from today.schema_migrations where name = '0001_start';
         insert into tenants (tenant_id, name, identity_secret, created_at) values ('t', 'old', 'x', 0);
         insert into users (tenant_key, user_id, username, username_canonical, name, role, roles, created_at, updated_at, last_active)
             values (1, 'u', 'ann', 'ann', 'Ann Miller', 'customer', '[]', 0, 0, 0);",
    )?;
    drop(connection);
    let config = config(&format!("sqlite://{}", path.display()));
    assert_eq!(migrate(&config)?.first().map(String::as_str), Some("0002_ticket_search"));
    let again = TestDb::open(config, None)?;
    assert_eq!(again.count("select count(*) from tenants where name = 'old'").await?, 1);
    assert_eq!(again.count("select count(*) from users where words like '% ann%' and words like '% mill%'").await?, 1);
    assert_eq!(again.count("select count(*) from ticket_search").await?, 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strange_history_is_refused_in_one_line() -> Result<()> {
    for (change, words) in [
        ("update schema_migrations set checksum = 'x' where name = '0001_start'", "0001_start was changed"),
        ("insert into schema_migrations (name, checksum, applied_at) values ('9999_later', 'x', 0)", "newer version"),
    ] {
        for t in [TestDb::sqlite()?, TestDb::postgres()?] {
            t.script(change).await?;
            let error = Db::open(&t.config, deaf()).err().expect(words);
            let line = format!("{error:#}");
            assert!(line.contains(words) && !line.contains('\n'), "{line}");
        }
    }
    Ok(())
}

#[test]
fn a_place_that_is_none_is_refused_in_one_line() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let junk = folder.path().join("junk.db");
    std::fs::write(&junk, "this is no database, but a text of more than a hundred bytes ".repeat(20))?;
    for (url, words) in [
        ("mysql://root@localhost/x".to_owned(), "must begin with"),
        ("postgres://u:hush@127.0.0.1:notaport/x".to_owned(), "malformed"),
        ("postgres://u:hush@127.0.0.1:1/x".to_owned(), "refused"),
        (format!("sqlite://{}", junk.display()), "not a database"),
        (format!("sqlite://{}", folder.path().display()), "cannot open"),
    ] {
        let line = format!("{:#}", migrate(&config(&url)).expect_err(words));
        assert!(line.contains(words) && !line.contains('\n') && !line.contains("hush"), "{line}");
    }
    Ok(())
}

/// Kills a start at ever later moments; whatever it left, the next one completes. It goes on until one was cut short.
#[test]
fn a_start_cut_short_is_completed_by_the_next() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let all = migrate(&config(&format!("sqlite://{}/a.db", folder.path().display())))?.len();
    let (mut step, mut cut_short) = (0, 0);
    while step < 20 || (cut_short == 0 && step < 100) {
        let folder = tempfile::tempdir()?;
        let url = format!("sqlite://{}/a.db", folder.path().display());
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--exact", "db::migrations::child_that_is_killed", "--ignored"])
            .env(CHILD, &url)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        // The instant is the thing tried, not something waited for.
        std::thread::sleep(Duration::from_millis(step % 20 * 2));
        child.kill()?;
        child.wait()?;
        cut_short += usize::from(!migrate(&config(&url))?.is_empty());
        let file = Connection::open(url.trim_start_matches("sqlite://"))?;
        let applied: i64 = file.query_row("select count(*) from schema_migrations", [], |row| row.get(0))?;
        assert_eq!(usize::try_from(applied)?, all);
        step += 1;
    }
    assert!(cut_short > 0, "every start was faster than its end");
    Ok(())
}

#[test]
#[ignore = "the other half of a_start_cut_short_is_completed_by_the_next"]
fn child_that_is_killed() -> Result<()> {
    match std::env::var(CHILD) {
        Ok(url) => migrate(&config(&url)).map(drop),
        Err(_) => Ok(()),
    }
}
