//! A copy beside a server that writes: whole, complete up to its beginning, and never in the place of another file.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use anyhow::Result;
use rusqlite::Connection;
use smilechat::platform::config::DatabaseConfig;
use smilechat::platform::db::{Aids, Copied, Db, Moved, Progress, Restored, backup, restore};
use smilechat::tickets::reindex::index_by_key;
use tokio::task::spawn_blocking;

use super::{TestDb, config, deaf, insert_message, insert_tenant, insert_ticket};
use crate::servers::Postgres;

fn aids<'a>(tell: &'a mut dyn FnMut(Progress<'_>), beside: &'a mut dyn FnMut() -> Result<()>) -> Aids<'a> {
    Aids { index: index_by_key, tell, beside }
}

fn back_up(config: &DatabaseConfig, copy: &Path) -> Result<Copied> {
    backup(config, copy, aids(&mut |_| (), &mut || Ok(())))
}

fn put_back(config: &DatabaseConfig, copy: &Path, is_forced: bool) -> Result<Restored> {
    let own = tempfile::tempdir()?;
    let restored = restore(config, copy, is_forced, own.path(), aids(&mut |_| (), &mut || Ok(())));
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

fn copy_of_one_tenant(folder: &Path) -> Result<PathBuf> {
    let source = TestDb::sqlite()?;
    let copy = folder.join("copy.db");
    let writing = source.db.write(|tx| insert_tenant(tx, "of the copy"));
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(writing))?;
    back_up(&source.config, &copy)?;
    Ok(copy)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_left_of_another_restore_gets_into_none() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let copy = copy_of_one_tenant(folder.path())?;
    let place = tempfile::tempdir()?;
    let at = |name: &str| place.path().join(name);
    let config = config(&format!("sqlite://{}", at("chat.db").display()));
    // The log of a newer state of the same copy: SQLite would put it in.
    fs::copy(&copy, at("chat.db.partial"))?;
    let newer = Connection::open(at("chat.db.partial"))?;
    newer
        .execute_batch("pragma journal_mode = wal; pragma wal_autocheckpoint = 0; update tenants set name = 'stale'")?;
    fs::copy(at("chat.db.partial-wal"), at("kept-wal"))?;
    drop(newer);
    fs::rename(at("kept-wal"), at("chat.db.partial-wal"))?;
    fs::remove_file(at("chat.db.partial"))?;
    fs::write(at("mine"), "somebody's")?;
    std::os::unix::fs::symlink(at("mine"), at("chat.db.partial"))?;
    spawn_blocking(move || put_back(&config, &copy, false)).await??;
    let restored = Connection::open(at("chat.db"))?;
    let name: String = restored.query_row("select name from tenants", [], |row| row.get(0))?;
    assert_eq!(name, "of the copy");
    assert_eq!(fs::metadata(at("chat.db"))?.permissions().mode() & 0o777, 0o600);
    assert_eq!(names(place.path())?, [at("chat.db"), at("mine")]);
    assert_eq!(fs::read_to_string(at("mine"))?, "somebody's");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_restores_in_one_folder_the_second_waits_its_turn() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let copy = copy_of_one_tenant(folder.path())?;
    let in_file = config(&format!("sqlite://{}/one/chat.db", folder.path().display()));
    for config in [in_file, config_of_new()] {
        let (copy, own) = (copy.clone(), folder.path().join("one"));
        let mut refused = String::new();
        let restored = spawn_blocking(move || {
            let again = || restore(&config, &copy, true, &own, aids(&mut |_| (), &mut || Ok(())));
            let mut meanwhile = || {
                refused = format!("{:#}", again().err().expect("it is not its turn"));
                Ok(())
            };
            let first = restore(&config, &copy, false, &own, aids(&mut |_| (), &mut meanwhile));
            assert!(refused.contains("another restore is under way in"), "{refused}");
            first.map(|_| again())
        });
        restored.await???;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_a_row_reader_would_not_take_is_refused_before_anything_is_touched() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let copy = copy_of_one_tenant(folder.path())?;
    let there = TestDb::postgres()?;
    there.db.write(|tx| insert_tenant(tx, "before")).await?;
    there.db.close().await;
    for (change, words) in [
        ("update users set name = cast(x'61ff62' as text)", "users.name holds something else than text in UTF-8"),
        ("update users set name = 'a' || char(0)", "users.name holds something else than text in UTF-8 without NUL"),
        ("update users set is_guest = 7", "users.is_guest holds something else than 0 and 1 in 1 of its rows"),
        ("update sqlite_sequence set seq = 'x' where name = 'users'", "sqlite_sequence.seq holds something else"),
    ] {
        let loose = folder.path().join("loose.db");
        fs::copy(&copy, &loose)?;
        Connection::open(&loose)?.execute_batch(change)?;
        for config in [there.config.clone(), config(&format!("sqlite://{}/new.db", folder.path().display()))] {
            let loose = loose.clone();
            let refused = spawn_blocking(move || put_back(&config, &loose, true)).await?;
            let refused = format!("{:#}", refused.err().expect(words));
            assert!(refused.contains(words), "{refused}");
        }
    }
    let again = TestDb::open(there.config.clone(), None)?;
    assert_eq!(again.count("select count(*) from tenants where name = 'before'").await?, 1);
    assert_eq!(again.count("select count(*) from pg_namespace where nspname like 'before_%'").await?, 0);
    Ok(())
}

/// What is asked of a server as its owner, which has no answer.
fn sql_in(config: &DatabaseConfig, statement: &str) {
    let (_, database) = config.url.rsplit_once('/').expect("a URL has a database");
    let mut command = Postgres::shared().program("psql");
    let port = Postgres::shared().port().to_string();
    command.args(["-X", "-q", "-h", "127.0.0.1", "-p", &port, "-U", "app", "-d", database, "-c", statement]);
    assert!(command.status().expect("psql runs").success(), "{statement}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_is_set_to_a_tenant_makes_a_whole_copy() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let there = TestDb::postgres()?;
    there.db.write(|tx| insert_tenant(tx, "t")).await?;
    there.db.close().await;
    let (_, database) = there.config.url.rsplit_once('/').expect("a URL has a database");
    sql_in(&there.config, &format!("alter database {database} set smilechat.tenant = '999'"));
    let (config, copy) = (there.config.clone(), folder.path().join("copy.db"));
    let (copied, copy) = spawn_blocking(move || back_up(&config, &copy).map(|copied| (copied, copy))).await??;
    assert_eq!(tenants_in(&copy)?, (1, "ok".into()));
    assert!(!copied.moved.is_empty());
    let again = TestDb::open(there.config.clone(), None)?;
    assert_eq!(again.count("select count(*) from users").await?, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forced_restore_that_was_cut_short_leaves_nothing_that_a_server_takes_and_is_finished_later() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let copy = copy_of_one_tenant(folder.path())?;
    let there = TestDb::postgres()?;
    there.db.write(|tx| insert_tenant(tx, "before")).await?;
    there.db.close().await;
    sql_in(&there.config, "grant usage on schema public to pg_monitor with grant option");
    let (config, file) = (there.config.clone(), copy.clone());
    let (told, refused, failure) = spawn_blocking(move || {
        let (mut told, mut refused) = (String::new(), String::new());
        let mut tell = |progress: Progress<'_>| {
            if let Progress::Kept(place) = progress {
                told = place.into();
                // At the first moment at which the old one is out of the way.
                refused = Db::open(&config, deaf()).err().map(|error| format!("{error:#}")).unwrap_or_default();
            }
        };
        let own = tempfile::tempdir().expect("a folder");
        let mut fail = || Err(anyhow::anyhow!("the disk is full"));
        let failed = restore(&config, &file, true, own.path(), aids(&mut tell, &mut fail));
        let failure = format!("{:#}", failed.err().expect("the files do not come"));
        assert!(Db::open(&config, deaf()).is_err());
        (told, refused, failure)
    })
    .await?;
    assert!(refused.contains("a move into this database was cut short"), "{refused}");
    assert!(told.starts_with("the schema before_"), "{told}");
    assert!(failure.starts_with(&format!("what stood there before is {told}: it was not finished")), "{failure}");

    let config = there.config.clone();
    let put = spawn_blocking(move || put_back(&config, &copy, false)).await??;
    assert_eq!(put.kept.as_deref(), Some(told.as_str()), "the next one knows of it");
    let again = TestDb::open(there.config.clone(), None)?;
    assert_eq!(again.count("select count(*) from tenants where name = 'of the copy'").await?, 1);
    let kept = format!("select count(*) from {}.tenants", told.trim_start_matches("the schema "));
    assert_eq!(again.db.read(move |tx| tx.one(&kept, &[], |row| row.take::<i64>())).await?, 1);
    let as_before = "select count(*) from pg_namespace a, pg_namespace b where a.nspname = 'public'
         and b.nspname like 'before_%' and a.nspowner = b.nspowner and a.nspacl::text = b.nspacl::text";
    assert_eq!(again.count(as_before).await?, 1, "owner and grants");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_of_others_is_not_set_aside() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let copy = copy_of_one_tenant(folder.path())?;
    for (statement, words) in [
        ("create table shop_orders (id serial)", "the table shop_orders is not SmileChat's"),
        ("create view people as select 1", "the view people is not"),
        ("create function f() returns int language sql as 'select 1'", "the function f is not"),
        ("create extension pgcrypto", "the extension pgcrypto is not"),
    ] {
        let there = TestDb::postgres()?;
        there.db.write(|tx| insert_tenant(tx, "before")).await?;
        there.db.close().await;
        sql_in(&there.config, statement);
        let (config, copy) = (there.config.clone(), copy.clone());
        let refused =
            format!("{:#}", spawn_blocking(move || put_back(&config, &copy, true)).await?.err().expect(words));
        assert!(refused.contains(words) && refused.contains("a database of its own"), "{refused}");
        let again = TestDb::open(there.config.clone(), None)?;
        assert_eq!(again.count("select count(*) from tenants").await?, 1);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_role_may_not_do_is_told_in_plain_words() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let there = TestDb::postgres()?;
    there.db.close().await;
    sql_in(&there.config, "alter table users owner to app");
    let (config, copy) = (there.config.clone(), folder.path().join("copy.db"));
    let refused = format!("{:#}", spawn_blocking(move || back_up(&config, &copy)).await?.err().expect("it may not"));
    assert!(
        refused.contains("the role of the database URL may not do this: permission denied for table users"),
        "{refused}"
    );
    assert!(!refused.contains("internal error"), "{refused}");
    Ok(())
}
