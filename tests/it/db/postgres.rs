//! What PostgreSQL alone has to bear: lost connections, a crash, a server that freezes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures_util::future::join_all;
use smilechat::platform::db::{Db, Tx};
use tokio::task::{JoinHandle, spawn_blocking};

use super::{TestDb, config, insert_tenant};
use crate::servers::{OWNER, Postgres};

#[tokio::test(flavor = "multi_thread")]
async fn connections_cut_while_idle_go_unnoticed() -> Result<()> {
    let t = TestDb::postgres()?;
    let ask = || t.db.ask(|tx| tx.one("select cast(1 as bigint)", &[], |row| row.take::<i64>()));
    for _ in 0..8 {
        t.db.ping().await?;
    }
    terminate_backends(&t).await?;
    for _ in 0..8 {
        ask().await?;
    }
    // Connections that have only read have no mark yet.
    terminate_backends(&t).await?;
    for _ in 0..8 {
        t.db.ping().await?;
    }
    terminate_backends(&t).await?;
    join_all((0..8).map(|_| ask())).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_cut_under_load_lose_nothing() -> Result<()> {
    let t = TestDb::postgres()?;
    let load = Load::start(&t.db);
    for _ in 0..5 {
        load.wait_for_acks(20).await?;
        terminate_backends(&t).await?;
    }
    load.wait_for_acks(20).await?;
    load.check(&t).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crashed_server_is_unavailable_and_heals() -> Result<()> {
    let server = Arc::new(spawn_blocking(Postgres::start).await?);
    let t = TestDb::open(config(&server.fresh_database()), None)?;
    let load = Load::start(&t.db);
    for _ in 0..2 {
        load.wait_for_acks(50).await?;
        on_thread(&server, Postgres::stop_at_once).await?;
        let asked = Instant::now();
        assert_eq!(t.db.ping().await.expect_err("the server is down").code(), "unavailable");
        assert!(asked.elapsed() < Duration::from_secs(3));
        on_thread(&server, Postgres::start_again).await?;
        let back = Instant::now();
        load.wait_for_acks(1).await?;
        assert!(back.elapsed() < Duration::from_secs(2), "it healed in {:?}", back.elapsed());
    }
    load.check(&t).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_server_is_unavailable_and_heals() -> Result<()> {
    let server = Arc::new(spawn_blocking(Postgres::start).await?);
    let t = TestDb::open(config(&server.fresh_database()), None)?;
    let load = Load::start(&t.db);
    load.wait_for_acks(20).await?;
    on_thread(&server, |server| server.signal("STOP")).await?;
    let asked = Instant::now();
    let answer = t.db.write(|tx| insert_tenant(tx, "frozen")).await;
    let waited = asked.elapsed();
    on_thread(&server, |server| server.signal("CONT")).await?;
    assert_eq!(answer.expect_err("the server is frozen").code(), "unavailable");
    assert!(waited < Duration::from_secs(5), "{waited:?}");
    let back = Instant::now();
    load.wait_for_acks(1).await?;
    assert!(back.elapsed() < Duration::from_secs(2), "it healed in {:?}", back.elapsed());
    load.check(&t).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_gets_fewer_connections_than_asked_for_serves_all_with_these() -> Result<()> {
    let server = Arc::new(spawn_blocking(Postgres::start).await?);
    let t = TestDb::open(config(&server.fresh_database()), None)?;
    on_thread(&server, |server| server.sql(&format!("alter role {OWNER} connection limit 1"))).await?;
    t.db.ping().await?;
    for _ in 0..3 {
        for answer in join_all((0..40).map(|_| t.db.ping())).await {
            answer?;
        }
    }
    // More of them, which then end while their threads have nothing to do.
    on_thread(&server, |server| server.sql(&format!("alter role {OWNER} connection limit 3"))).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    join_all((0..40).map(|_| t.db.ping())).await;
    on_thread(&server, |server| {
        server.sql(&format!("alter role {OWNER} connection limit 1"));
        server.sql("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()");
    })
    .await?;
    // Those that end are counted for a moment.
    let begun = Instant::now();
    while t.db.ping().await.is_err() {
        ensure!(begun.elapsed() < Duration::from_secs(2), "it does not heal");
    }
    for answer in join_all((0..40).map(|_| t.db.ping())).await {
        answer?;
    }
    Ok(())
}

/// As hosts do whose disk is nearly full.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_set_to_read_only_takes_no_writes_and_answers_reads() -> Result<()> {
    let server = Arc::new(spawn_blocking(Postgres::start).await?);
    let t = TestDb::open(config(&server.fresh_database()), None)?;
    t.db.write(|tx| insert_tenant(tx, "acme")).await?;
    // Reads are those of the connections that are there: no other is made.
    for answer in join_all((0..40).map(|_| t.db.ping())).await {
        answer?;
    }
    for (is_on, outcome) in [("on", Err("unavailable")), ("off", Ok(1))] {
        on_thread(&server, move |server| {
            server.sql(&format!("alter system set default_transaction_read_only = {is_on}"));
            server.sql("select pg_reload_conf()");
        })
        .await?;
        // Its processes hear of it one by one.
        let begun = Instant::now();
        let mut in_a_row = 0;
        while in_a_row < t.config.pool_size * 2 {
            let written = t.db.write(touch).await.map_err(|error| error.code());
            in_a_row = if written == outcome { in_a_row + 1 } else { 0 };
            ensure!(begun.elapsed() < Duration::from_secs(10), "{is_on}: still {written:?}");
        }
        assert_eq!(t.count("select count(*) from tenants").await?, 1);
        let count = |tx: &mut Tx<'_>| tx.one("select count(*) from tenants", &[], |row| row.take::<i64>());
        assert_eq!(t.db.ask(count).await?, 1);
    }
    Ok(())
}

/// A node that freezes in mid-transaction keeps its locks until PostgreSQL takes them back: long before a statement that waits for
/// them is ended, which a minute would be here.
#[tokio::test(flavor = "multi_thread")]
async fn who_freezes_with_a_lock_in_hand_loses_it_soon() -> Result<()> {
    let t = TestDb::postgres()?.with_time()?;
    t.db.write(|tx| insert_tenant(tx, "acme")).await?;
    let frozen = Db::open(&t.config, super::deaf())?;
    let (locked, is_locked) = tokio::sync::oneshot::channel();
    let (thaw, thawed) = std::sync::mpsc::channel::<()>();
    let holding = tokio::spawn(async move {
        let work = frozen.write(move |tx| {
            touch(tx)?;
            let _ = (locked.send(()), thawed.recv());
            touch(tx)
        });
        work.await
    });
    is_locked.await?;
    let frozen_at = Instant::now();
    // More than there are connections.
    for touched in join_all((0..6).map(|_| t.db.write(touch))).await {
        touched?;
    }
    ensure!(frozen_at.elapsed() < Duration::from_secs(30), "others waited for {:?}", frozen_at.elapsed());
    thaw.send(())?;
    assert_eq!(holding.await?.expect_err("its transaction is gone").code(), "unavailable");
    Ok(())
}

#[tokio::test]
async fn marks_of_connections_long_gone_are_swept() -> Result<()> {
    let t = TestDb::postgres()?;
    t.script(
        "insert into commit_marks (connection_id, backend, transaction_count, made_at)
         values ('old', 0, 1, 0), ('young', 0, 1, extract(epoch from now())::bigint), ('in use', pg_backend_pid(), 1, 0)",
    )
    .await?;
    t.db.sweep().await?;
    assert_eq!(
        t.count("select count(*) from commit_marks where connection_id in ('old', 'young', 'in use')").await?,
        2
    );
    assert_eq!(t.count("select count(*) from commit_marks where connection_id = 'old'").await?, 0);
    Ok(())
}

fn touch(tx: &mut Tx<'_>) -> smilechat::error::Result<u64> {
    tx.execute("update tenants set name = name where name = 'acme'", &[])
}

/// A role may be set to acknowledge before the disk has it. What we acknowledge is on disk.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_waits_for_the_disk_whatever_the_role_is_set_to() -> Result<()> {
    for (set, used) in [("off", "on"), ("local", "local"), ("on", "on")] {
        let server = Postgres::shared();
        let (database, role) = (spawn_blocking(|| server.fresh_database()).await?, format!("commits_{set}"));
        let name = database.rsplit('/').next().expect("the URL ends in its name").to_owned();
        let statements = [
            format!("create role {role} login"),
            format!("alter role {role} set synchronous_commit = {set}"),
            format!("alter database {name} owner to {role}"),
        ];
        spawn_blocking(move || statements.iter().for_each(|statement| server.sql(statement))).await?;
        let url = database.replace("smilechat@", &format!("{role}@"));
        let t = spawn_blocking(move || TestDb::open(config(&url), None)).await??;
        let setting = "select current_setting('synchronous_commit')";
        let found: String = t.db.write(move |tx| tx.one(setting, &[], |row| row.take())).await?;
        assert_eq!(found, used, "the role is set to {set}");
        t.db.close().await;
    }
    Ok(())
}

/// One that was stopped, or whose disk hangs, accepts connections still. Of two hosts the other one serves then; where all are
/// silent, that is said.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_accepts_and_says_nothing_is_passed_over() -> Result<()> {
    let silent = std::net::TcpListener::bind("127.0.0.1:0")?;
    let place = silent.local_addr()?;
    let server = Postgres::shared();
    let url = spawn_blocking(|| server.fresh_database()).await?;
    let both = url.replace("@", &format!("@{place},"));
    let opened = Instant::now();
    let t = spawn_blocking(move || TestDb::open(config(&both), None)).await??;
    // Whoever asks while the pool finds out is told to come back.
    while t.db.ping().await.is_err() {
        ensure!(opened.elapsed() < Duration::from_secs(40), "it goes on waiting for the silent one");
    }
    // From then on the one that answered is asked first.
    for _ in 0..3 {
        terminate_backends(&t).await?;
        let asked = Instant::now();
        t.db.ping().await?;
        ensure!(asked.elapsed() < Duration::from_secs(2), "it took {:?}", asked.elapsed());
    }
    t.db.close().await;
    let alone = url.replace(&format!("127.0.0.1:{}", server.port()), &place.to_string());
    let error =
        spawn_blocking(move || TestDb::open(config(&alone), None)).await?.err().map(|error| format!("{error:#}"));
    ensure!(error.as_ref().is_some_and(|error| error.ends_with("no answer within 5 s")), "{error:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_answers_while_it_keeps_up_and_nobody_notices_when_it_does_not() -> Result<()> {
    let server = Arc::new(spawn_blocking(Postgres::start).await?);
    let url = server.fresh_database();
    // The schema is there before the standby is made.
    let mut settings = config(&url);
    Db::open(&settings, super::deaf())?.close().await;
    let primary = server.clone();
    let standby = Arc::new(spawn_blocking(move || primary.standby()).await?);
    settings.replica_url = url.replace(&server.port().to_string(), &standby.port().to_string());
    settings.replica_lag_seconds = 1;
    let t = TestDb::open(settings, None)?;
    assert!(t.db.has_replica());

    let mut stored = 0;
    let mut store = async || {
        stored += 1;
        let name = format!("tenant {stored}");
        t.db.write(move |tx| insert_tenant(tx, &name)).await.map(|_| stored)
    };
    let all = store().await?;
    wait_for(&t, |seen| seen == Seen { by_standby: true, tenants: all }).await?;
    t.db.ping_replica().await?;
    let changed = t.db.read_behind(|tx| tx.execute("delete from tenants", &[])).await;
    assert!(changed.is_err(), "neither of the two is changed by a read");

    on_thread(&standby, |standby| standby.sql("select pg_wal_replay_pause()")).await?;
    let all = store().await?;
    wait_for(&t, |seen| seen == Seen { by_standby: false, tenants: all }).await?;
    on_thread(&standby, |standby| standby.sql("select pg_wal_replay_resume()")).await?;
    wait_for(&t, |seen| seen == Seen { by_standby: true, tenants: all }).await?;

    on_thread(&standby, Postgres::stop_at_once).await?;
    for _ in 0..20 {
        let all = store().await?;
        assert_eq!(look(&t).await?, Seen { by_standby: false, tenants: all });
    }
    assert_eq!(t.db.ping_replica().await.expect_err("it is down").code(), "unavailable");
    on_thread(&standby, Postgres::start_again).await?;
    wait_for(&t, |seen| seen.by_standby).await
}

#[derive(Debug, PartialEq)]
struct Seen {
    by_standby: bool,
    tenants: i64,
}

async fn look(t: &TestDb) -> Result<Seen> {
    let look = t.db.read_behind(|tx| {
        tx.one("select pg_is_in_recovery(), count(*) from tenants", &[], |row| {
            Ok(Seen { by_standby: row.take()?, tenants: row.take()? })
        })
    });
    Ok(look.await?)
}

async fn wait_for(t: &TestDb, is_it: impl Fn(Seen) -> bool) -> Result<()> {
    let begun = Instant::now();
    while !is_it(look(t).await?) {
        ensure!(begun.elapsed() < Duration::from_secs(10), "it is still {:?}", look(t).await?);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

async fn on_thread(server: &Arc<Postgres>, deed: impl FnOnce(&Postgres) + Send + 'static) -> Result<()> {
    let server = server.clone();
    Ok(spawn_blocking(move || deed(&server)).await?)
}

async fn terminate_backends(t: &TestDb) -> Result<()> {
    let database = t.config.url.rsplit('/').next().expect("the URL ends in its name").to_owned();
    let sql = format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{database}'");
    Ok(spawn_blocking(move || Postgres::shared().sql(&sql)).await?)
}

/// Eight writers that never stop, each remembering what was acked.
struct Load {
    stop: Arc<AtomicBool>,
    acked: Arc<std::sync::Mutex<Vec<String>>>,
    writers: Vec<JoinHandle<()>>,
}

impl Load {
    fn start(db: &Db) -> Self {
        let (stop, acked) = (Arc::new(AtomicBool::new(false)), Arc::new(std::sync::Mutex::new(Vec::new())));
        let writers = (0..8).map(|writer| {
            let (db, stop, acked) = (db.clone(), stop.clone(), acked.clone());
            tokio::spawn(async move {
                for n in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let name = format!("w{writer}-{n}");
                    let tenant = name.clone();
                    match db.write(move |tx| insert_tenant(tx, &tenant)).await {
                        Ok(_) => acked.lock().expect("no writer panicked").push(name),
                        Err(error) => {
                            assert_eq!(error.code(), "unavailable", "{error}");
                            tokio::time::sleep(Duration::from_millis(20)).await;
                        }
                    }
                }
            })
        });
        Self { stop: stop.clone(), acked: acked.clone(), writers: writers.collect() }
    }

    fn count(&self) -> usize {
        self.acked.lock().expect("no writer panicked").len()
    }

    async fn wait_for_acks(&self, more: usize) -> Result<()> {
        let (wanted, asked) = (self.count() + more, Instant::now());
        while self.count() < wanted {
            ensure!(asked.elapsed() < Duration::from_secs(20), "no acks any more");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// Ends the load; all that was acked is stored.
    async fn check(self, t: &TestDb) -> Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        for writer in self.writers {
            writer.await?;
        }
        let asked = Instant::now();
        let names = loop {
            match t.db.read(|tx| tx.all("select name from tenants", &[], |row| row.take::<String>())).await {
                // The last connections to be replaced may take as long as the first.
                Err(error) if error.code() == "unavailable" && asked.elapsed() < Duration::from_secs(2) => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                names => break names?,
            }
        };
        let stored: std::collections::HashSet<String> = names.into_iter().collect();
        let acked = self.acked.lock().expect("no writer panicked");
        assert!(acked.iter().all(|name| stored.contains(name)), "something acked was lost");
        Ok(())
    }
}
