//! One list of cases, run on both engines: what a store may rely on.

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::mpsc;

use anyhow::Result;
use smilechat::error::Error;
use smilechat::platform::clock::Timestamp;
use smilechat::platform::db::{Dialect, Tx, Value};
use tokio::task::{JoinSet, spawn_blocking};

use super::{TestDb, insert_message, insert_tenant, insert_ticket, insert_user};

type Case = for<'t> fn(&'t TestDb) -> Pin<Box<dyn Future<Output = Result<()>> + 't>>;

const CASES: &[(&str, Case)] = &[
    ("values come back as they went in", |t| Box::pin(values_come_back(t))),
    ("placeholders count by number", |t| Box::pin(placeholders_count_by_number(t))),
    ("misuse is an internal error", |t| Box::pin(misuse_is_internal(t))),
    ("who asks has one read", |t| Box::pin(who_asks_has_one_read(t))),
    ("an error rolls back its closure alone", |t| Box::pin(error_rolls_back_alone(t))),
    ("a panic rolls back its closure alone", |t| Box::pin(panic_rolls_back_alone(t))),
    ("a swallowed failure is not kept", |t| Box::pin(swallowed_failure_is_not_kept(t))),
    ("one statement for many rows", |t| Box::pin(one_statement_for_many_rows(t))),
    ("what is run later is kept, or nothing is", |t| Box::pin(later_is_kept_or_nothing(t))),
    ("effects come in order, before the answer", |t| Box::pin(effects_come_in_order(t))),
    ("a read sees one snapshot", |t| Box::pin(read_sees_one_snapshot(t))),
    ("a read changes nothing", |t| Box::pin(read_changes_nothing(t))),
    ("numbers handed out at once have no hole", |t| Box::pin(numbers_have_no_hole(t))),
    ("one of many wins a unique name", |t| Box::pin(one_wins_a_unique_name(t))),
    ("no row points into another tenant", |t| Box::pin(no_row_crosses_tenants(t))),
    ("a deleted ticket takes its rows along", |t| Box::pin(delete_cascades(t))),
    ("a thousand writes at once", |t| Box::pin(thousand_writes(t))),
    ("close finishes what is queued", |t| Box::pin(close_finishes(t))),
];

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_conforms() -> Result<()> {
    for (name, case) in CASES {
        println!("{name}");
        case(&TestDb::sqlite()?.with_time()?).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_conforms() -> Result<()> {
    for (name, case) in CASES {
        println!("{name}");
        case(&TestDb::postgres()?.with_time()?).await?;
    }
    Ok(())
}

async fn values_come_back(t: &TestDb) -> Result<()> {
    let long = "ü€😀 ' \" \\ ; -- \u{1}".repeat(50_000);
    let sent = long.clone();
    let (number, flag, text, bytes, time, none) =
        t.db.write(move |tx| {
            let bytes = if tx.dialect() == Dialect::Sqlite { "blob" } else { "bytea" };
            let table = format!("create table kinds (n bigint, b boolean, t text, y {bytes}, s bigint, x text)");
            tx.execute(&table, &[])?;
            let blob: &[u8] = &[0, 255, 7];
            let time = Timestamp(-1);
            tx.execute(
                "insert into kinds (n, b, t, y, s, x) values ($1, $2, $3, $4, $5, $6)",
                &[i64::MIN.into(), true.into(), (&sent).into(), blob.into(), time.into(), Value::Null],
            )?;
            tx.one("select n, b, t, y, s, x from kinds", &[], |row| {
                Ok((
                    row.take::<i64>()?,
                    row.take::<bool>()?,
                    row.take::<String>()?,
                    row.take::<Vec<u8>>()?,
                    row.take::<Option<Timestamp>>()?,
                    row.take::<Option<String>>()?,
                ))
            })
        })
        .await?;
    assert_eq!((number, flag, text == long), (i64::MIN, true, true));
    assert_eq!((bytes, time, none), (vec![0, 255, 7], Some(Timestamp(-1)), None));

    let empty = [Value::from(None::<i64>), None::<&str>.into(), None::<Timestamp>.into()];
    assert_eq!(empty, [Value::Null; 3]);
    let nul = t.db.write(|tx| tx.execute("insert into kinds (t) values ($1)", &["a\0b".into()])).await;
    assert_eq!(nul.expect_err("NUL is refused").code(), "invalid");
    let found = t.db.read(|tx| tx.first("select n from kinds where n = $1", &[3.into()], |row| row.take::<i64>()));
    assert_eq!(found.await?, None);
    Ok(())
}

async fn placeholders_count_by_number(t: &TestDb) -> Result<()> {
    let sql = "select cast($3 as text), cast($1 as text), cast($2 as text), cast($3 as text), '$9'";
    let row =
        t.db.read(move |tx| {
            tx.one(sql, &["one".into(), "two".into(), "three".into()], |row| {
                (0..5).map(|_| row.take::<String>()).collect::<smilechat::error::Result<Vec<_>>>()
            })
        })
        .await?;
    assert_eq!(row, ["three", "one", "two", "three", "$9"]);
    Ok(())
}

async fn misuse_is_internal(t: &TestDb) -> Result<()> {
    type Misuse = fn(&mut Tx<'_>) -> smilechat::error::Result<()>;
    let misuses: [(&str, Misuse); 6] = [
        ("bad SQL", |tx| tx.execute("selekt", &[]).map(drop)),
        ("too few values", |tx| tx.first("select cast($1 as text)", &[], |_| Ok(())).map(drop)),
        ("too many values", |tx| tx.first("select cast(1 as bigint)", &[1.into()], |_| Ok(())).map(drop)),
        ("no row", |tx| tx.one("select name from tenants", &[], |_| Ok(()))),
        ("another type", |tx| tx.one("select cast('a' as text)", &[], |row| row.take::<i64>()).map(drop)),
        ("null for a plain type", |tx| tx.one("select cast(null as text)", &[], |row| row.take::<String>()).map(drop)),
    ];
    for (name, misuse) in misuses {
        let error = t.db.read(misuse).await.expect_err(name);
        assert!(matches!(error, Error::Internal { .. }), "{name}: {error}");
    }
    t.db.ping().await?;
    Ok(())
}

async fn who_asks_has_one_read(t: &TestDb) -> Result<()> {
    let tenant = t.db.write(|tx| Ok(insert_tenant(tx, "acme")?.0)).await?;
    let find = |tx: &mut Tx<'_>| tx.one("select tenant_key from tenants", &[], |row| row.take::<i64>());
    assert_eq!(t.db.ask(find).await?, tenant);
    t.db.ask(|_| Ok(())).await?;
    type More = fn(&mut Tx<'_>) -> smilechat::error::Result<()>;
    let more: [(&str, More); 5] = [
        ("two reads", |tx| {
            tx.first("select name from tenants", &[], |_| Ok(()))?;
            tx.first("select name from tenants", &[], |_| Ok(())).map(drop)
        }),
        ("reads in a row", |tx| {
            tx.all_each("select name from tenants", &[Vec::new(), Vec::new()], |_| Ok(())).map(drop)
        }),
        ("a change", |tx| tx.execute("update tenants set name = 'changed'", &[]).map(drop)),
        ("changes", |tx| tx.execute_each("update tenants set name = 'changed'", &[Vec::new()]).map(drop)),
        ("a change for later", |tx| tx.execute_later("update tenants set name = 'changed'", &[])),
    ];
    for (name, closure) in more {
        let error = t.db.ask(closure).await.expect_err(name);
        assert!(matches!(error, Error::Internal { .. }), "{name}: {error}");
    }
    assert_eq!(t.count("select count(*) from tenants where name = 'acme'").await?, 1);
    Ok(())
}

async fn error_rolls_back_alone(t: &TestDb) -> Result<()> {
    let mut tasks = JoinSet::new();
    for n in 0..40i64 {
        let db = t.db.clone();
        tasks.spawn(async move {
            let written = db.write(move |tx| {
                insert_tenant(tx, &format!("t{n}"))?;
                tx.after_commit(n);
                if n % 2 == 0 { Err(Error::Conflict("conflict")) } else { Ok(()) }
            });
            assert_eq!(written.await.is_ok(), n % 2 == 1);
        });
    }
    tasks.join_all().await;
    assert_eq!(t.count("select count(*) from tenants").await?, 20);
    let mut heard = t.heard().concat();
    heard.sort();
    assert_eq!(heard, (0..40).filter(|n| n % 2 == 1).collect::<Vec<i64>>());
    Ok(())
}

async fn panic_rolls_back_alone(t: &TestDb) -> Result<()> {
    let lost = t.db.write(|tx| -> smilechat::error::Result<()> {
        insert_tenant(tx, "lost")?;
        tx.after_commit(1i64);
        resume_unwind(Box::new("on purpose"))
    });
    let kept = t.db.write(|tx| insert_tenant(tx, "kept"));
    let (lost, kept) = tokio::join!(lost, kept);
    assert!(matches!(lost, Err(Error::Internal { .. })));
    kept?;
    let names = t.db.read(|tx| tx.all("select name from tenants", &[], |row| row.take::<String>())).await?;
    assert_eq!(names, ["kept"]);
    assert_eq!(t.heard().concat(), [0i64; 0]);
    Ok(())
}

async fn swallowed_failure_is_not_kept(t: &TestDb) -> Result<()> {
    let written = t.db.write(|tx| {
        insert_tenant(tx, "lost")?;
        let _ = tx.execute("insert into tenants (name) values ('no key')", &[]);
        Ok(())
    });
    assert!(matches!(written.await, Err(Error::Internal { .. })));
    assert_eq!(t.count("select count(*) from tenants").await?, 0);
    Ok(())
}

async fn one_statement_for_many_rows(t: &TestDb) -> Result<()> {
    let name = |name: &'static str| vec![Value::Text(name)];
    let insert = "insert into tenants (tenant_id, name, identity_secret, created_at) values ($1, $1, 's', 0)
         on conflict do nothing";
    let changed = t.db.write(move |tx| {
        let first = tx.execute_each(insert, &["a", "b", "a", "c"].map(name))?;
        Ok((first, tx.execute_each(insert, &["c", "d"].map(name))?, tx.execute_each(insert, &[])?))
    });
    assert_eq!(changed.await?, (vec![1, 1, 0, 1], vec![0, 1], vec![]));
    assert_eq!(t.count("select count(*) from tenants").await?, 4);
    let refused = t.db.write(|tx| {
        let rows = ["e", "a", "f"].map(|name| vec![Value::Text(name)]);
        tx.execute_each(
            "insert into tenants (tenant_id, name, identity_secret, created_at) values ($1, $1, 's', 0)",
            &rows,
        )
    });
    assert!(matches!(refused.await, Err(Error::Conflict(_))));
    assert_eq!(t.count("select count(*) from tenants").await?, 4);
    Ok(())
}

async fn later_is_kept_or_nothing(t: &TestDb) -> Result<()> {
    const INSERT: &str = "insert into tenants (tenant_id, name, identity_secret, created_at) values ($1, $1, 's', $2)";
    let insert = |name: &'static str| {
        move |tx: &mut Tx<'_>| {
            tx.execute_later(INSERT, &[name.into(), 0.into()])?;
            // The second is one of those that have nothing to wait for.
            tx.execute_later("update tenants set created_at = created_at + 1 where name = $1", &[name.into()])?;
            tx.execute_later("update tenants set created_at = created_at * 2 where name = $1", &[name.into()])
        }
    };
    for name in ["a", "b", "c"] {
        t.db.write(insert(name)).await?;
    }
    assert_eq!(t.count("select cast(sum(created_at) as bigint) from tenants").await?, 6);
    // What follows sees it; what is refused takes all along, whether something follows or not.
    let seen = t.db.write(move |tx| {
        insert("d")(tx)?;
        tx.one("select count(*) from tenants", &[], |row| row.take::<i64>())
    });
    assert_eq!(seen.await?, 4);
    for is_followed in [false, true] {
        let refused = t.db.write(move |tx| {
            insert("e")(tx)?;
            insert("a")(tx)?;
            tx.after_commit(1i64);
            if is_followed {
                tx.one("select count(*) from tenants", &[], |row| row.take::<i64>())?;
            }
            Ok(())
        });
        assert!(matches!(refused.await, Err(Error::Conflict(_))));
        assert_eq!(t.count("select count(*) from tenants").await?, 4);
    }
    assert_eq!(t.heard().concat().len(), 0, "nothing is told of what is not stored");
    // And the connection goes on.
    t.db.write(insert("f")).await?;
    assert_eq!(t.count("select count(*) from tenants").await?, 5);
    Ok(())
}

async fn effects_come_in_order(t: &TestDb) -> Result<()> {
    let mut tasks = JoinSet::new();
    for n in 0..100i64 {
        let (db, heard) = (t.db.clone(), t.heard.clone());
        tasks.spawn(async move {
            let write = db.write(move |tx| {
                tx.after_commit(2 * n);
                tx.after_commit(2 * n + 1);
                Ok(())
            });
            write.await.expect("nothing stands in its way");
            let batches = heard.lock().expect("no listener panicked").clone();
            let batch = batches.iter().find(|batch| batch.contains(&(2 * n))).expect("told before the answer");
            assert!(batch.windows(2).any(|pair| pair == [2 * n, 2 * n + 1]), "one closure's effects stay together");
        });
    }
    tasks.join_all().await;
    assert_eq!(t.heard().concat().len(), 200);
    Ok(())
}

async fn read_sees_one_snapshot(t: &TestDb) -> Result<()> {
    let count = |tx: &mut Tx<'_>| tx.one("select count(*) from tenants", &[], |row| row.take::<i64>());
    let (counted, was_counted) = mpsc::channel();
    let (written, was_written) = mpsc::channel();
    let read = t.db.read(move |tx| {
        let before = count(tx)?;
        counted.send(()).expect("the test waits for it");
        was_written.recv().expect("the test sends it");
        Ok((before, count(tx)?))
    });
    let write = async {
        spawn_blocking(move || was_counted.recv()).await??;
        t.db.write(|tx| insert_tenant(tx, "late")).await?;
        written.send(())?;
        Ok::<_, anyhow::Error>(())
    };
    let (seen, wrote) = tokio::join!(read, write);
    wrote?;
    assert_eq!(seen?, (0, 0));
    assert_eq!(t.db.read(count).await?, 1);
    Ok(())
}

async fn read_changes_nothing(t: &TestDb) -> Result<()> {
    assert!(t.db.read(|tx| insert_tenant(tx, "lost")).await.is_err());
    assert_eq!(t.count("select count(*) from tenants").await?, 0);
    Ok(())
}

async fn numbers_have_no_hole(t: &TestDb) -> Result<()> {
    let (tenant, user, ticket) =
        t.db.write(|tx| {
            let (tenant, user) = insert_tenant(tx, "a")?;
            Ok((tenant, user, insert_ticket(tx, tenant, user, 1)?))
        })
        .await?;
    let mut tasks = JoinSet::new();
    for n in 0..200 {
        let db = t.db.clone();
        tasks.spawn(async move {
            db.write(move |tx| {
                let sql = "update tickets set last_seq = last_seq + 1 where tenant_key = $1 and ticket_key = $2
                           returning last_seq";
                let seq = tx.one(sql, &[tenant.into(), ticket.into()], |row| row.take::<i64>())?;
                insert_message(tx, tenant, ticket, user, seq)?;
                if n % 10 == 0 { Err(Error::Conflict("conflict")) } else { Ok(seq) }
            })
            .await
        });
    }
    let mut acked: Vec<i64> = tasks.join_all().await.into_iter().flatten().collect();
    acked.sort();
    assert_eq!(acked, (1..=180).collect::<Vec<_>>());
    let sql = "select seq from messages order by seq";
    let stored = t.db.read(move |tx| tx.all(sql, &[], |row| row.take::<i64>())).await?;
    assert_eq!(stored, acked);
    Ok(())
}

async fn one_wins_a_unique_name(t: &TestDb) -> Result<()> {
    let (tenant, _) = t.db.write(|tx| insert_tenant(tx, "a")).await?;
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let db = t.db.clone();
        tasks.spawn(async move { db.write(move |tx| insert_user(tx, tenant, "ann")).await });
    }
    let keys = tasks.join_all().await.into_iter().collect::<Result<Vec<_>, _>>()?;
    assert_eq!(keys.into_iter().flatten().count(), 1);
    Ok(())
}

async fn no_row_crosses_tenants(t: &TestDb) -> Result<()> {
    let ((a, user_a), (b, user_b)) = t.db.write(|tx| Ok((insert_tenant(tx, "a")?, insert_tenant(tx, "b")?))).await?;
    let ticket = t.db.write(move |tx| insert_ticket(tx, a, user_a, 1)).await?;
    assert!(t.db.write(move |tx| insert_ticket(tx, a, user_b, 2)).await.is_err());
    assert!(t.db.write(move |tx| insert_message(tx, b, ticket, user_b, 1)).await.is_err());
    assert!(t.db.write(move |tx| insert_message(tx, a, ticket, user_b, 1)).await.is_err());
    t.db.write(move |tx| insert_message(tx, a, ticket, user_a, 1)).await?;
    Ok(())
}

async fn delete_cascades(t: &TestDb) -> Result<()> {
    let deleted =
        t.db.write(|tx| {
            let (tenant, user) = insert_tenant(tx, "a")?;
            let ticket = insert_ticket(tx, tenant, user, 1)?;
            insert_message(tx, tenant, ticket, user, 1)?;
            let deleted = tx.execute("delete from tickets where ticket_key = $1", &[ticket.into()])?;
            let next = insert_ticket(tx, tenant, user, 2)?;
            assert!(next > ticket, "a deleted ticket's key is not given out again");
            Ok(deleted)
        })
        .await?;
    assert_eq!(deleted, 1);
    assert_eq!(t.count("select count(*) from messages").await?, 0);
    Ok(())
}

async fn thousand_writes(t: &TestDb) -> Result<()> {
    let mut tasks = JoinSet::new();
    for n in 0..1000 {
        let db = t.db.clone();
        tasks.spawn(async move { db.write(move |tx| insert_tenant(tx, &format!("t{n}"))).await });
    }
    let written = tasks.join_all().await.into_iter().collect::<Result<Vec<_>, _>>()?;
    assert_eq!(written.len(), 1000);
    assert_eq!(t.count("select count(*) from tenants").await?, 1000);
    Ok(())
}

async fn close_finishes(t: &TestDb) -> Result<()> {
    let mut tasks = JoinSet::new();
    for n in 0..50 {
        let db = t.db.clone();
        tasks.spawn(async move { db.write(move |tx| insert_tenant(tx, &format!("t{n}"))).await });
    }
    tokio::task::yield_now().await;
    t.db.clone().close().await;
    let answers = tasks.join_all().await;
    let acked = answers.iter().filter(|answer| answer.is_ok()).count() as i64;
    assert!(answers.iter().flat_map(|answer| answer.as_ref().err()).all(|error| error.code() == "unavailable"));
    assert_eq!(t.db.ping().await.expect_err("it is closed").code(), "unavailable");
    let again = TestDb::open(t.config.clone(), None)?;
    assert_eq!(again.count("select count(*) from tenants").await?, acked);
    Ok(())
}
