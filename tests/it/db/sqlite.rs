//! What SQLite alone has to bear: groups, a full disk, a locked file, an orderly end.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use anyhow::Result;
use futures_util::future::{join_all, poll_immediate};
use rusqlite::Connection;
use smilechat::error::Error;
use smilechat::platform::db::Tx;
use tokio::task::{JoinHandle, spawn_blocking};

use super::{TestDb, insert_tenant};

fn path(t: &TestDb) -> PathBuf {
    t.config.url.strip_prefix("sqlite://").expect("it is a SQLite database").into()
}

/// A closure that holds the writer until the test lets go, and the two ends to wait and to let go with.
fn hold() -> (impl FnOnce(&mut Tx<'_>) -> Result<(), Error> + Send, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let (held, is_held) = mpsc::channel();
    let (release, is_released) = mpsc::channel::<()>();
    let closure = move |_: &mut Tx<'_>| {
        held.send(()).expect("the test waits for it");
        let _ = is_released.recv();
        Ok(())
    };
    (closure, is_held, release)
}

/// The writer has begun it: what is written from now on waits.
async fn hold_writer(t: &TestDb) -> Result<(JoinHandle<Result<(), Error>>, mpsc::Sender<()>)> {
    let (closure, is_held, release) = hold();
    let db = t.db.clone();
    let holder = tokio::spawn(async move { db.write(closure).await });
    spawn_blocking(move || is_held.recv()).await??;
    Ok((holder, release))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_committed_as_one_group() -> Result<()> {
    let t = TestDb::sqlite()?;
    let (holder, release) = hold_writer(&t).await?;
    let mut waiting: Vec<_> = (0..100i64)
        .map(|n| {
            Box::pin(t.db.write(move |tx| {
                insert_tenant(tx, &format!("t{n}"))?;
                tx.after_commit(n);
                Ok(())
            }))
        })
        .collect();
    for write in &mut waiting {
        assert!(poll_immediate(write).await.is_none(), "it is queued and waits");
    }
    // Whoever goes away before its turn leaves nothing behind.
    drop(waiting.split_off(90));
    release.send(())?;
    holder.await??;
    for answer in join_all(waiting).await {
        answer?;
    }
    assert_eq!(t.heard(), [(0..90).collect::<Vec<i64>>()], "one batch, in order");
    assert_eq!(t.count("select count(*) from tenants").await?, 90);
    Ok(())
}

type Odd = fn(&mut Tx<'_>) -> Result<(), Error>;

/// What becomes of twenty closures that may be run again and wait together, one of which is `odd`; and how often they were run.
async fn run_together(odd: Odd) -> Result<(TestDb, Vec<bool>, usize)> {
    let t = TestDb::sqlite()?;
    let (holder, release) = hold_writer(&t).await?;
    let runs = Arc::new(AtomicUsize::new(0));
    let mut waiting: Vec<_> = (0..20i64)
        .map(|n| {
            let runs = runs.clone();
            Box::pin(t.db.write_repeatable(move |tx| {
                runs.fetch_add(1, Ordering::Relaxed);
                if n == 7 {
                    odd(tx)?;
                }
                insert_tenant(tx, &format!("t{n}"))?;
                tx.after_commit(n);
                Ok(())
            }))
        })
        .collect();
    for write in &mut waiting {
        assert!(poll_immediate(write).await.is_none(), "it is queued and waits");
    }
    release.send(())?;
    holder.await??;
    let are_kept = join_all(waiting).await.into_iter().map(|answer| answer.is_ok()).collect();
    let runs = runs.load(Ordering::Relaxed);
    Ok((t, are_kept, runs))
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_that_fails_takes_nothing_along_although_they_run_together() -> Result<()> {
    let all_but_one: Vec<bool> = (0..20).map(|n| n != 7).collect();
    let told: [Vec<i64>; 1] = [(0..20).filter(|n| *n != 7).collect()];
    let (t, are_kept, runs) = run_together(|_| Ok(())).await?;
    assert_eq!((are_kept, runs), (vec![true; 20], 20));
    assert_eq!(t.heard(), [(0..20).collect::<Vec<i64>>()]);

    // What has changed nothing leaves nothing to undo.
    let (t, are_kept, runs) = run_together(|_| Err(Error::NotFound)).await?;
    assert_eq!((are_kept, runs), (all_but_one.clone(), 20));
    assert_eq!(t.heard(), told);

    let fails_amid: [Odd; 3] = [
        |tx| {
            insert_tenant(tx, "lost")?;
            tx.after_commit(100i64);
            Err(Error::Conflict("conflict"))
        },
        |tx| {
            insert_tenant(tx, "lost")?;
            std::panic::resume_unwind(Box::new("on purpose"))
        },
        |tx| {
            insert_tenant(tx, "lost")?;
            // An error that is swallowed.
            let _ = tx.execute("insert into tenants (name) values ('no key')", &[]);
            Ok(())
        },
    ];
    for odd in fails_amid {
        let (t, are_kept, runs) = run_together(odd).await?;
        assert_eq!((are_kept, runs), (all_but_one.clone(), 8 + 20), "the first eight, and then each by itself");
        assert_eq!(t.heard(), told, "each once");
        assert_eq!(t.count("select count(*) from tenants where name = 'lost'").await?, 0);
        assert_eq!(t.count("select count(*) from tenants").await?, 19);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_unavailable_and_heals() -> Result<()> {
    let t = TestDb::sqlite()?;
    let limit = |pages: &'static str| t.db.write(move |tx| tx.one(pages, &[], |row| row.take::<i64>()));
    t.script("create table filler (n integer primary key, t text)").await?;
    limit("pragma max_page_count = 300").await?;
    let fill = || t.db.write(|tx| tx.execute("insert into filler (t) values ($1)", &[(&"x".repeat(50_000)).into()]));
    let mut acked = 0;
    let error = loop {
        match fill().await {
            Ok(_) => acked += 1,
            Err(error) => break error,
        }
        assert!(acked < 100, "the disk never got full");
    };
    assert_eq!(error.code(), "unavailable");
    assert_eq!(t.count("select count(*) from filler").await?, acked);
    limit("pragma max_page_count = 100000").await?;
    fill().await?;
    assert_eq!(t.count("select count(*) from filler").await?, acked + 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_file_is_unavailable_and_heals() -> Result<()> {
    let t = TestDb::sqlite()?;
    let other = Connection::open(path(&t))?;
    other.execute_batch("begin immediate")?;
    let writes = (0..3).map(|n| t.db.write(move |tx| insert_tenant(tx, &format!("t{n}"))));
    for answer in join_all(writes).await {
        assert_eq!(answer.expect_err("the file is locked").code(), "unavailable");
    }
    assert_eq!(t.db.ping().await.expect_err("no write is possible").code(), "unavailable");
    assert_eq!(t.count("select count(*) from tenants").await?, 0, "reads go on");
    other.execute_batch("rollback")?;
    t.db.write(|tx| insert_tenant(tx, "after")).await?;
    t.db.ping().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_written_is_unavailable_and_heals() -> Result<()> {
    let t = TestDb::sqlite()?;
    t.script("pragma query_only = on").await?;
    let refused = t.db.write(|tx| insert_tenant(tx, "a")).await;
    assert_eq!(refused.expect_err("it is read-only").code(), "unavailable");
    t.script("pragma query_only = off").await?;
    t.db.write(|tx| insert_tenant(tx, "a")).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_behind_a_stuck_writer_is_not_kept_waiting() -> Result<()> {
    let t = TestDb::sqlite()?;
    let (holder, release) = hold_writer(&t).await?;
    let asked = Instant::now();
    let late = t.db.write(|tx| insert_tenant(tx, "late")).await;
    assert_eq!(late.expect_err("it never had its turn").code(), "unavailable");
    assert!(asked.elapsed() < Duration::from_secs(3));
    release.send(())?;
    holder.await??;
    t.db.ping().await?;
    assert_eq!(t.count("select count(*) from tenants").await?, 0, "who was turned down is not stored");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn close_leaves_one_whole_file() -> Result<()> {
    let t = TestDb::sqlite()?;
    t.db.write(|tx| insert_tenant(tx, "a")).await?;
    let log = path(&t).with_extension("db-wal");
    assert!(log.exists());
    t.db.clone().close().await;
    assert!(!log.exists(), "the log was moved into the file");
    let check: String = Connection::open(path(&t))?.query_row("pragma integrity_check", [], |row| row.get(0))?;
    assert_eq!(check, "ok");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn its_files_are_for_its_user_alone() -> Result<()> {
    let t = TestDb::sqlite()?;
    t.db.write(|tx| insert_tenant(tx, "acme")).await?;
    let path = path(&t);
    for file in ["", "-wal", "-shm"].map(|suffix| format!("{}{suffix}", path.display())) {
        assert_eq!(fs::metadata(&file)?.permissions().mode() & 0o777, 0o600, "{file}");
    }
    Ok(())
}
