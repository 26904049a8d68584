//! A copy beside a server that writes: whole, complete up to its beginning, and never in the place of another file.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use anyhow::Result;
use rusqlite::Connection;
use smilechat::platform::config::DatabaseConfig;
use smilechat::platform::db::{Copied, Moved, Restored, backup, restore};
use smilechat::tickets::reindex::index_by_key;
use tokio::task::spawn_blocking;

use super::{TestDb, config, insert_message, insert_tenant, insert_ticket};
use crate::servers::Postgres;

fn back_up(config: &DatabaseConfig, copy: &Path) -> Result<Copied> {
    backup(config, copy, index_by_key, &mut |_| (), &mut || Ok(()))
}

fn put_back(config: &DatabaseConfig, copy: &Path, is_forced: bool) -> Result<Restored> {
    let own = tempfile::tempdir()?;
    let restored = restore(config, copy, is_forced, own.path(), index_by_key, &mut |_| (), &mut || Ok(()));
    assert!(names(own.path())?.is_empty(), "nothing is left of the way");
    restored
}

fn sums(moved: &[Moved]) -> Vec<(&str, u64, &str)> {
    moved.iter().map(|table| (table.table.as_str(), table.rows, table.checksum.as_str())).collect()
}

fn tenants_in(path: &Path) -> Result<(i64, String)> {
    let copy = Connection::open(path)?;
    let count = copy.query_row("select count(*) from tenants", [], |row| row.get(0))?;
    Ok((count, copy.query_row("pragma integrity_check", [], |row| row.get(0))?))
}

fn names(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut names = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_under_load_holds_what_was_acked_before_it_began() -> Result<()> {
    let t = TestDb::sqlite()?;
    let folder = tempfile::tempdir()?;
    let (acked, is_over) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicBool::new(false)));
    let writer = tokio::spawn({
        let (db, acked, is_over) = (t.db.clone(), acked.clone(), is_over.clone());
        async move {
            for n in 0.. {
                if is_over.load(Ordering::SeqCst) {
                    return;
                }
                db.write(move |tx| insert_tenant(tx, &format!("t{n}"))).await.expect("nothing is in its way");
                acked.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    for round in 1..=5 {
        while acked.load(Ordering::SeqCst) < round * 50 {
            tokio::task::yield_now().await;
        }
        let before = acked.load(Ordering::SeqCst);
        let (config, file) = (t.config.clone(), folder.path().join(format!("{round}.db")));
        let copy = file.clone();
        let copied = spawn_blocking(move || back_up(&config, &copy)).await??;
        assert_eq!(copied.bytes, fs::metadata(&file)?.len());
        assert_eq!(fs::metadata(&file)?.permissions().mode() & 0o777, 0o600);
        let (count, verdict) = tenants_in(&file)?;
        assert!(count >= before, "{count} of {before}");
        assert_eq!(verdict, "ok");
    }
    is_over.store(true, Ordering::SeqCst);
    writer.await?;
    assert_eq!(names(folder.path())?.len(), 5, "nothing else is left behind");
    Ok(())
}

/// The log of a server that was killed holds rows that the database file has not.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_needs_no_server_and_takes_the_log_along() -> Result<()> {
    let t = TestDb::sqlite()?;
    t.db.write(|tx| insert_tenant(tx, "in the log")).await?;
    let left = tempfile::tempdir()?;
    let database = PathBuf::from(t.config.url.trim_start_matches("sqlite://"));
    for suffix in ["", "-wal"] {
        fs::copy(format!("{}{suffix}", database.display()), left.path().join(format!("left.db{suffix}")))?;
    }
    let config = config(&format!("sqlite://{}/left.db", left.path().display()));
    let copy = left.path().join("copy.db");
    back_up(&config, &copy)?;
    assert_eq!(tenants_in(&copy)?, (1, "ok".into()));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_refused_and_changes_nothing() -> Result<()> {
    let t = TestDb::sqlite()?;
    let folder = tempfile::tempdir()?;
    let taken = folder.path().join("taken.db");
    fs::write(&taken, "what a person keeps here")?;
    let junk = folder.path().join("junk.db");
    fs::write(&junk, "this is no database, but a text of more than a hundred bytes ".repeat(20))?;
    fs::write(folder.path().join("left.db-wal"), "of a database that is gone")?;
    let before = names(folder.path())?;
    let url = |path: &str| format!("sqlite://{}/{path}", folder.path().display());
    for (source, target, words) in [
        (t.config.url.clone(), taken.clone(), "exists"),
        (t.config.url.clone(), folder.path().join("none/copy.db"), "No such file"),
        (t.config.url.clone(), PathBuf::from("/"), "missing"),
        (t.config.url.clone(), folder.path().join("shop.db-journal"), "ends in -journal"),
        (t.config.url.clone(), folder.path().join("shop.db-wal"), "ends in -wal"),
        (t.config.url.clone(), folder.path().join("shop.db-shm"), "ends in -shm"),
        (t.config.url.clone(), folder.path().join("left.db"), "left.db-wal for a part of the copy"),
        (url("absent.db"), folder.path().join("copy.db"), "cannot open"),
        (url("junk.db"), folder.path().join("copy.db"), "not a database"),
        ("postgres://u:hush@127.0.0.1:1/x".into(), folder.path().join("copy.db"), "refused"),
        (Postgres::shared().fresh_database(), folder.path().join("copy.db"), "no tables of SmileChat"),
    ] {
        let tried = spawn_blocking(move || back_up(&config(&source), &target)).await?;
        let line = format!("{:#}", tried.err().expect(words));
        assert!(line.contains(words) && !line.contains('\n') && !line.contains("hush"), "{line}");
        assert_eq!(names(folder.path())?, before, "{words}");
    }
    assert_eq!(fs::read_to_string(&taken)?, "what a person keeps here");
    Ok(())
}

/// Each transaction of these writes a message and counts it in its ticket: a copy that saw a part of one would show it.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_postgres_under_load_is_one_moment_and_is_restored_to_it() -> Result<()> {
    let t = TestDb::postgres()?.with_time()?;
    let tenant = t.db.write(|tx| insert_tenant(tx, "t")).await?;
    let (acked, is_over) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicBool::new(false)));
    let mut writers = Vec::new();
    for number in 1..=3 {
        let (db, acked, is_over) = (t.db.clone(), acked.clone(), is_over.clone());
        let ticket = db.write(move |tx| insert_ticket(tx, tenant.0, tenant.1, number)).await?;
        writers.push(tokio::spawn(async move {
            for seq in 1.. {
                if is_over.load(Ordering::SeqCst) {
                    return;
                }
                let wrote = db.write(move |tx| {
                    insert_message(tx, tenant.0, ticket, tenant.1, seq)?;
                    tx.execute("update tickets set last_seq = $2 where ticket_key = $1", &[ticket.into(), seq.into()])
                });
                wrote.await.expect("nothing is in its way");
                acked.fetch_add(1, Ordering::SeqCst);
            }
        }));
    }
    let folder = tempfile::tempdir()?;
    for round in 1..=3 {
        while acked.load(Ordering::SeqCst) < round * 200 {
            tokio::task::yield_now().await;
        }
        let before = acked.load(Ordering::SeqCst);
        let (config, file) = (t.config.clone(), folder.path().join(format!("{round}.db")));
        let copy = file.clone();
        let copied = spawn_blocking(move || back_up(&config, &copy)).await??;
        assert!(acked.load(Ordering::SeqCst) > before, "writers went on");
        assert_eq!(
            (copied.bytes, 0o600),
            (fs::metadata(&file)?.len(), fs::metadata(&file)?.permissions().mode() & 0o777)
        );
        let restored = config_of_new();
        let (target, copy) = (restored.clone(), file.clone());
        let put = spawn_blocking(move || put_back(&target, &copy, false)).await??;
        assert_eq!(sums(&put.moved), sums(&copied.moved), "what was read of the snapshot is there again");
        let of = |moved: &[Moved], name| moved.iter().find(|table| table.table == name).map(|table| table.rows as i64);
        assert!(of(&put.moved, "messages") >= Some(before), "what was acked before it began");
        let there = TestDb::open(restored, None)?;
        let amiss = "select count(*) from tickets t where last_seq <> (select count(*) from messages m
             where m.ticket_key = t.ticket_key) or last_seq <> (select coalesce(max(seq), 0) from messages m
             where m.ticket_key = t.ticket_key)";
        assert_eq!((there.count("select count(*) from tickets").await?, there.count(amiss).await?), (3, 0));
    }
    is_over.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await?;
    }
    assert_eq!(names(folder.path())?.len(), 3, "nothing else is left behind");
    Ok(())
}

fn config_of_new() -> DatabaseConfig {
    config(&Postgres::shared().fresh_database())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_goes_over_a_postgres_database_by_force_alone_which_keeps_it() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let source = TestDb::sqlite()?;
    source.db.write(|tx| insert_tenant(tx, "of the copy")).await?;
    let copy = folder.path().join("copy.db");
    back_up(&source.config, &copy)?;
    let as_copied = fs::read(&copy)?;
    let there = TestDb::postgres()?;
    there.db.write(|tx| insert_tenant(tx, "before")).await?;
    let config = there.config.clone();
    let put = |is_forced| {
        let (config, copy) = (config.clone(), copy.clone());
        spawn_blocking(move || put_back(&config, &copy, is_forced))
    };
    let refused = format!("{:#}", put(true).await?.err().expect("it is in use"));
    assert!(refused.contains("a server uses it: stop that first"), "{refused}");
    there.db.close().await;
    let refused = format!("{:#}", put(false).await?.err().expect("it is not empty"));
    assert!(refused.contains("(tenants has 1 row)") && refused.contains("--force"), "{refused}");
    let kept = put(true).await??.kept.expect("what stood there");
    let again = TestDb::open(config, None)?;
    assert_eq!(again.count("select count(*) from tenants where name = 'of the copy'").await?, 1);
    let kept = format!("select name from {}.tenants", kept.trim_start_matches("the schema "));
    let before: Vec<String> = again.db.read(move |tx| tx.all(&kept, &[], |row| row.take())).await?;
    assert_eq!(before, ["before"]);
    assert_eq!(fs::read(&copy)?, as_copied, "the copy stays as it is");
    assert_eq!(names(folder.path())?, [copy]);
    Ok(())
}
