//! The second wall between tenants, which PostgreSQL keeps: statements here forget to name their tenant on purpose.

use std::io::Write;
use std::process::Stdio;

use anyhow::Result;
use futures_util::future::join_all;
use smilechat::error;
use smilechat::platform::db::{Tx, carried, within};

use super::{TestDb, config, insert_tenant, insert_user};
use crate::harness::{Engine, Server};
use crate::servers::Postgres;

/// Their search would no longer use its indexes (migration 0020).
const IN_FRONT: [&str; 2] = ["kb_search", "ticket_search"];

async fn unguarded(t: &TestDb) -> Result<Vec<String>> {
    let named = t.db.read(|tx| {
        tx.all(
            "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid
             where c.relkind = 'r' and a.attname = 'tenant_key' and c.relnamespace = 'public'::regnamespace
                 and not (c.relrowsecurity and c.relforcerowsecurity
                     and exists (select 1 from pg_policy p where p.polrelid = c.oid))
             order by 1",
            &[],
            |row| row.take(),
        )
    });
    Ok(named.await?)
}

#[tokio::test]
async fn each_table_of_tenants_is_behind_the_wall_and_nobody_is_exempt() -> Result<()> {
    let t = TestDb::postgres()?;
    assert_eq!(unguarded(&t).await?, IN_FRONT);
    let exempt = "select count(*) from pg_roles where rolname = current_user and (rolsuper or rolbypassrls)";
    assert_eq!(t.count(exempt).await?, 0, "the tests would not see the wall");
    Ok(())
}

#[tokio::test]
async fn a_statement_that_names_no_tenant_reaches_that_of_its_caller_alone() -> Result<()> {
    let t = TestDb::postgres()?;
    let ((ours, _), (theirs, _)) =
        t.db.write(|tx| Ok((insert_tenant(tx, "ours")?, insert_tenant(tx, "theirs")?))).await?;
    let all = "select count(*) from users";
    assert_eq!(t.count(all).await?, 2);
    for tenant in [ours, theirs] {
        assert_eq!(within(tenant, t.count(all)).await?, 1);
        let seen = within(tenant, t.db.read(|tx| tx.one("select tenant_key from users", &[], |row| row.take::<i64>())));
        assert_eq!(seen.await?, tenant);
    }
    // What it says goes on elsewhere is bound too; a task that it merely starts is one of its own.
    for (is_carried, seen) in [(true, 1), (false, 2)] {
        let db = t.db.clone();
        let work = async move { db.read(count_users).await };
        let task = async { if is_carried { tokio::spawn(carried(work)).await } else { tokio::spawn(work).await } };
        assert_eq!(within(ours, task).await??, seen, "{is_carried}");
    }
    assert_eq!(within(ours, within(None, t.count(all))).await?, 2);

    assert_eq!(within(ours, t.script("update users set name = 'changed'")).await?, 1);
    assert_eq!(within(ours, t.script("delete from users")).await?, 1);
    assert_eq!(t.count("select count(*) from users where name = 'theirs'").await?, 1);
    let smuggled = within(ours, t.db.write(move |tx| insert_user(tx, theirs, "smuggled"))).await;
    assert!(smuggled.is_err(), "a row of another tenant was stored");
    let moved = format!("update tenants set tenant_key = {} where tenant_key = {ours}", theirs + 1);
    assert!(within(ours, t.db.write(move |tx| tx.execute(&moved, &[]))).await.is_err());
    // The next transaction on each connection is bound to nothing that is left of these, nor is who asks by whoever asked before.
    t.db.write(|tx| insert_tenant(tx, "others").map(drop)).await?;
    let steps = [(ours, 0), (0, 2), (theirs, 1), (0, 2), (ours, 0), (ours, 0), (theirs, 1)];
    for (tenant, seen) in steps.into_iter().cycle().take(2 * steps.len()) {
        let asks_for = Some(tenant).filter(|tenant| *tenant != 0);
        let all_connections = (0..t.config.pool_size * 2).map(|_| within(asks_for, t.db.ask(count_users)));
        let answers = join_all(all_connections).await.into_iter().collect::<error::Result<Vec<_>>>()?;
        assert!(answers.iter().all(|found| *found == seen), "{asks_for:?}: {answers:?}");
        assert_eq!(t.db.read(count_users).await?, 2);
        assert_eq!(within(ours, t.db.read(count_users)).await?, 0);
    }
    assert_eq!((t.count(all).await?, t.count("select count(*) from tenants").await?), (2, 3));
    Ok(())
}

/// As docs/RELIABILITY.md says: the role that owns the tables is held by the wall as well, and is shown all where no tenant is set.
#[tokio::test]
async fn a_dump_by_the_servers_own_role_has_all_tenants_and_is_restored_with_the_wall() -> Result<()> {
    let t = TestDb::postgres()?;
    t.db.write(|tx| Ok((insert_tenant(tx, "ours")?, insert_tenant(tx, "theirs")?))).await?;
    let without = Postgres::shared().program("pg_dump").args(["--format=custom", &t.config.url]).output()?;
    assert!(!without.status.success(), "it is refused, and not half a copy");
    let mut dump = Postgres::shared().program("pg_dump");
    let dump = dump.args(["--enable-row-security", "--format=custom", &t.config.url]).output()?;
    assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));

    let url = Postgres::shared().fresh_database();
    let mut restore = Postgres::shared().program("pg_restore");
    let mut restore = restore.args(["--exit-on-error", "--dbname", &url]).stdin(Stdio::piped()).spawn()?;
    restore.stdin.take().expect("it is piped").write_all(&dump.stdout)?;
    assert!(restore.wait()?.success());

    let restored = TestDb::open(config(&url), None)?;
    assert_eq!(restored.count("select count(*) from users").await?, 2);
    assert_eq!(unguarded(&restored).await?, IN_FRONT);
    let ours = restored.count("select tenant_key from tenants where name = 'ours'").await?;
    assert_eq!(within(ours, restored.count("select count(*) from users")).await?, 1);
    Ok(())
}

fn count_users(tx: &mut Tx<'_>) -> error::Result<i64> {
    tx.one("select count(*) from users", &[], |row| row.take())
}

/// Tickets are shown here to those alone who are bound to a tenant: whoever lists them is.
#[tokio::test]
async fn who_is_signed_in_is_served_within_their_tenant() {
    let server = Server::start(Engine::Postgres).await;
    let tenant = server.tenant("acme").await;
    let customer = tenant.customer("cara").await;
    let ticket = server.ticket(&customer, "A lamp").await;
    let db = server.running.app.db.clone();
    let path = format!("/api/tickets/{ticket}");
    server.get(&path).by(&customer).await.expect(200);
    let bound = "alter policy of_tenant on tickets using (current_setting('smilechat.tenant', true) <> '')";
    db.write(move |tx| tx.execute(bound, &[])).await.expect("altered");
    assert_eq!(server.count("select count(*) from tickets").await, 0);
    server.get(&path).by(&customer).await.expect(200);
    let message = serde_json::json!({"message_content": "Hello"});
    for key in [None, Some("0123456789abcdef")] {
        let call = server.post(&format!("/api/messages/{ticket}")).by(&customer).json(message.clone());
        let call = if let Some(key) = key { call.header("idempotency-key", key) } else { call };
        call.await.expect(201);
    }
}

/// What is shown by a key, or at the entrance, is its tenant's, whoever else one is signed in as meanwhile.
#[tokio::test]
async fn who_is_signed_in_elsewhere_is_served_by_the_key() {
    let server = Server::start(Engine::Postgres).await;
    let (acme, zeta) = (server.tenant("acme").await, server.tenant("zeta").await);
    let (ada, zoe) = (acme.admin("ada").await, zeta.admin("zoe").await);
    let name = serde_json::json!({"name": "Desk of Zeta"});
    server.put("/api/settings/widget").by(&zoe).json(name).await.expect(200);
    server.put("/api/bot").by(&zoe).json(serde_json::json!({"name": "Zed"})).await.expect(200);
    let key = zeta.publishable_key.as_str();
    assert_eq!(server.get("/api/widget").by(&ada).key(key).await.expect(200)["name"], "Desk of Zeta");
    assert_eq!(server.get("/api/widget").key(key).await.expect(200)["name"], "Desk of Zeta");
    assert_eq!(server.get("/api/bot/profile").by(&ada).key(key).await.expect(200)["name"], "Zed");
    let new = serde_json::json!({"username": "nora", "password": crate::harness::PASSWORD});
    server.post("/api/auth/register").by(&ada).key(key).json(new.clone()).await.expect(201);
    server.post("/api/auth/login").by(&ada).key(key).json(new).await.expect(200);
    server.post("/api/auth/anonymous").by(&ada).key(key).await.expect(201);
}
