//! What readers say of an article.

use std::future::IntoFuture;
use std::time::Duration;

use serde_json::json;

use super::stocked;
use crate::harness::{Call, Engine, Server, on_both_engines};

fn vote(server: &Server, path: &str, said: &str) -> Call {
    let form = server.post(&format!("{path}/feedback")).header("content-type", "application/x-www-form-urlencoded");
    form.text(format!("helpful={said}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_says_by_a_form_whether_it_helped() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let ada = stocked(&server, &acme).await;
        let counts = async || {
            let article = server.get("/api/kb/articles/costs").by(&ada).await.expect(200);
            (article["helpful_yes"].as_i64(), article["helpful_no"].as_i64())
        };
        let thanked = vote(&server, "/help/acme/costs", "yes").await;
        assert_eq!((thanked.status, thanked.header("location")), (303, Some("/help/acme/costs?thanks#feedback")));
        assert_eq!((counts().await, thanked.header("set-cookie")), ((Some(1), Some(0)), None));
        let thanks = server.get("/help/acme/costs?thanks").await;
        assert_eq!(thanks.header("cache-control"), Some("no-store"));
        assert!(thanks.text.contains("Thank you for telling us.") && !thanks.text.contains("<form method=\"post\""));
        assert_eq!(vote(&server, "/help/acme/costs", "no").await.status, 303);
        assert_eq!(counts().await, (Some(0), Some(1)), "an address has one vote");
        // Who signed in has one of their own.
        let (ann, said) = (acme.customer("ann").await, json!({"is_helpful": true}));
        let rated = server.post("/api/kb/articles/costs/feedback").by(&ann).json(said).await.expect(200);
        assert_eq!(rated, json!({"helpful_yes": 1, "helpful_no": 1}));

        vote(&server, "/help/acme/costs", "maybe").await.invalid("helpful");
        for path in ["/help/acme/secret", "/help/acme/absent", "/help/nobody/costs"] {
            vote(&server, path, "yes").await.problem(404, "not_found");
        }
        let foreign = vote(&server, "/help/acme/costs", "yes").header("sec-fetch-site", "cross-site").await;
        foreign.problem(403, "origin_not_allowed");
        vote(&server, "/help/acme/costs", &"yes".repeat(1000)).await.problem(413, "too_large");
        assert_eq!(server.count("select count(*) from kb_reader_feedback").await, 1);
        let kept = server.count("select count(*) from kb_reader_feedback where reader like '%127.0.0.1%'").await;
        assert_eq!(kept, 0, "whose address it was is not kept");
        server.delete("/api/kb/articles/costs").by(&ada).await.expect(204);
        assert_eq!(server.count("select count(*) from kb_reader_feedback").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vote_on_what_is_not_there_waits_for_nobody() {
    // SQLite has one writer in any case.
    let server = Server::start(Engine::Postgres).await;
    let acme = server.tenant("acme").await;
    stocked(&server, &acme).await;
    let ann = acme.customer("ann").await;
    let (has_begun, begun) = tokio::sync::oneshot::channel();
    let (let_go, wait) = std::sync::mpsc::channel::<()>();
    let db = server.running.app.db.clone();
    let holding = tokio::spawn(async move {
        db.write(move |tx| {
            tx.execute("update tenants set bot_is_on = bot_is_on where name = 'acme'", &[])?;
            has_begun.send(()).expect("somebody listens");
            wait.recv_timeout(Duration::from_secs(60)).expect("it is let go");
            Ok(())
        })
        .await
    });
    begun.await.expect("the tenant is held");
    for path in ["/help/acme/absent", "/help/acme/secret"] {
        let voted = tokio::time::timeout(Duration::from_secs(5), vote(&server, path, "yes").into_future()).await;
        voted.expect("it waits for the tenant").problem(404, "not_found");
    }
    let said = server.post("/api/kb/articles/absent/feedback").by(&ann).json(json!({"is_helpful": true}));
    let voted = tokio::time::timeout(Duration::from_secs(5), said.into_future()).await;
    voted.expect("it waits for the tenant").problem(404, "not_found");
    let_go.send(()).expect("it waits");
    holding.await.expect("no panic").expect("committed");
}
