//! What operations and developers ask of a server.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use smilechat::tickets::backlogs;

use super::site_map::Site;
use crate::harness::{Engine, Server, on_both_engines};

#[tokio::test(flavor = "multi_thread")]
async fn health_readiness_and_metrics() {
    on_both_engines(async |server| {
        assert_eq!(server.get("/healthz").await.expect(200)["status"], "ok");
        let ready = server.get("/readyz").await.expect(200);
        assert_eq!((&ready["status"], &ready["dependencies"][0]["name"]), (&json!("ok"), &json!("database")));
        let files = &ready["dependencies"][1];
        let told = (&files["name"], &files["kind"], &files["status"]);
        assert_eq!(told, (&json!("files"), &json!("folder"), &json!("ok")));
        for dependency in ready["dependencies"].as_array().expect("a list") {
            let latency = dependency["latency_ms"].as_f64().expect("a number");
            assert!((0.0..2000.0).contains(&latency), "{dependency}");
        }
        let metrics = server.get("/metrics").await;
        assert_eq!(metrics.status, 200);
        assert!(metrics.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")));
    })
    .await;
}

#[tokio::test]
async fn a_server_without_its_database_is_not_ready() {
    let server = Server::sqlite().await;
    let ann = server.tenant("acme").await.customer("ann").await;
    server.running.app.db.clone().close().await;
    let ready = server.get("/readyz").await;
    assert_eq!((ready.status, &ready.json()["dependencies"][0]["status"]), (503, &json!("down")));
    server.get("/healthz").await.expect(200);
    let refused = server.get("/api/tickets").by(&ann).await;
    refused.problem(503, "unavailable");
    assert!(refused.header("retry-after").is_some());
}

/// Anybody may ask, and a look is a write.
#[tokio::test(flavor = "multi_thread")]
async fn many_who_ask_whether_it_is_ready_share_a_look_and_what_is_down_is_told_within_a_second() {
    let server = Server::sqlite().await;
    let latencies = async || {
        let asked = (0..50).map(|_| async { server.get("/readyz").await.expect(200)["dependencies"].clone() });
        join_all(asked).await
    };
    let told = latencies().await;
    // Measured anew, no two looks would have taken the same time to the last digit.
    assert!(told.iter().all(|one| *one == told[0]), "{told:?}");
    server.running.app.db.clone().close().await;
    let closed = Instant::now();
    while server.get("/readyz").await.status == 200 {
        assert!(closed.elapsed() < Duration::from_secs(2), "it goes on saying what was");
    }
}

#[tokio::test]
async fn a_server_without_its_files_says_so_and_serves() {
    let server = Server::sqlite().await;
    std::fs::remove_dir_all(std::path::Path::new(&server.running.app.config.data_dir).join("files")).expect("removed");
    let ready = server.get("/readyz").await.expect(200);
    assert_eq!((&ready["status"], &ready["dependencies"][1]["status"]), (&json!("ok"), &json!("down")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_counted_with_the_time_of_the_oldest() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let site = Site::serve().await;
        for page in ["/slow", "/slower"] {
            site.page(page, "<p>Slow.");
        }
        let held = ["/slow", "/slower"].map(|page| site.hold(page));
        let server = site.server(engine).await;
        let app = &server.running.app;
        let none = backlogs(app).await.expect("counted");
        assert_eq!((none.bot, none.imports, none.file_removals), ((0, None), (0, None), (0, None)));

        // A node carries two imports out at a time.
        let mut asked_at = server.now();
        for (name, page) in [("one", "/slow"), ("two", "/slower"), ("three", "/slow")] {
            server.pass(5);
            asked_at = server.now();
            let admin = server.tenant(name).await.admin("ada").await;
            // Each has one page: several of a site are read at once, and a page is held once.
            site.list(&[page]);
            server.post("/api/kb/imports").by(&admin).json(json!({"url": site.address()})).await.expect(202);
            let begun = Instant::now();
            while name != "three" && !site.is_asked_for(page) {
                assert!(begun.elapsed() < Duration::from_secs(10), "{page} is not asked for");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        let ann = server.tenant("shop").await.customer("ann").await;
        let ticket = server.ticket(&ann, "Two questions").await;
        server.say(&ann, &ticket, "What does it cost?").await;
        let (said_at, due_at) = (server.now(), server.now().plus(Duration::from_secs(3)));
        server.pass(5);
        let now = server.now();
        let key = ticket.clone();
        let write = app.db.write(move |tx| {
            // Another node is at it: nobody here answers.
            tx.execute(
                "insert into bot_claims (tenant_key, ticket_key, holder, claimed_until)
                 select tenant_key, ticket_key, 'another', $2 from tickets where ticket_id = $1",
                &[key.as_str().into(), now.plus(Duration::from_secs(600)).into()],
            )?;
            for (file, due) in [("gone", due_at), ("going", now), ("under way", now.plus(Duration::from_secs(1)))] {
                tx.execute(
                    "insert into file_removals (file_id, tenant_key, due_at)
                     select $1, tenant_key, $2 from tenants where name = 'shop'",
                    &[file.into(), due.into()],
                )?;
            }
            Ok(())
        });
        write.await.expect("written");
        // What the customer wrote is still on its way to a bot that is not there, and it then owes nothing.
        let begun = Instant::now();
        let waiting = loop {
            let ticket = ticket.clone();
            let owe = app.db.write(move |tx| {
                tx.execute("update tickets set bot_due_seq = 1 where ticket_id = $1", &[ticket.as_str().into()])
            });
            owe.await.expect("written");
            let waiting = backlogs(app).await.expect("counted");
            if waiting.bot.0 > 0 || begun.elapsed() > Duration::from_secs(10) {
                break waiting;
            }
        };
        assert_eq!(waiting.imports, (1, Some(asked_at)));
        assert_eq!(waiting.bot, (1, Some(said_at)));
        assert_eq!(waiting.file_removals, (2, Some(due_at)));
        drop(held);
        app.db.clone().close().await;
    }
}

#[tokio::test]
async fn the_documents_are_served() {
    let server = Server::sqlite().await;
    let openapi = server.get("/openapi.json").await.expect(200);
    assert!(openapi["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    let asyncapi = server.get("/asyncapi.json").await.expect(200);
    assert!(asyncapi["asyncapi"].as_str().is_some_and(|version| version.starts_with("3.")));
}

#[tokio::test]
async fn the_pages_load_nothing_from_elsewhere() {
    let server = Server::sqlite().await;
    for path in ["/docs"] {
        let mut page = server.get(path).await;
        while let Some(place) = page.header("location") {
            let place = if place.starts_with('/') { place.to_owned() } else { format!("{path}/{place}") };
            page = server.get(&place).await;
        }
        assert_eq!(page.status, 200, "{path}");
        for attribute in ["src=\"http", "href=\"http", "src=\"//", "@import"] {
            assert!(!page.text.contains(attribute), "{path}: {attribute}");
        }
        let policy = page.header("content-security-policy").unwrap_or_default();
        assert!(
            policy.contains("script-src 'self'") && !policy.contains("script-src 'self' 'unsafe-inline'"),
            "{path}: {policy}"
        );
    }
}
