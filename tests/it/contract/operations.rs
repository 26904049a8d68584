//! What operations and developers ask of a server.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;

use crate::harness::{Server, on_both_engines};

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
