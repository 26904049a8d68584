//! A copy beside a server that writes: whole, complete up to its beginning, and never in the place of another file.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use anyhow::Result;
use rusqlite::Connection;
use smilechat::platform::db::backup;
use tokio::task::spawn_blocking;

use super::{TestDb, config, insert_tenant};

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
        let bytes = spawn_blocking(move || backup(&config, &copy)).await??;
        assert_eq!(bytes, fs::metadata(&file)?.len());
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
    backup(&config, &copy)?;
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
        ("postgres://u:hush@127.0.0.1:1/x".into(), folder.path().join("copy.db"), "pg_dump"),
    ] {
        let line = format!("{:#}", backup(&config(&source), &target).expect_err(words));
        assert!(line.contains(words) && !line.contains('\n') && !line.contains("hush"), "{line}");
        assert_eq!(names(folder.path())?, before, "{words}");
    }
    assert_eq!(fs::read_to_string(&taken)?, "what a person keeps here");
    Ok(())
}
