//! Webhooks against a real receiver: what is told, in which order, how often, and to whom it is not. What the cases share is here.

mod admins;
mod failing;
mod once;
mod receiver;
mod slow;
mod told;

use std::time::Duration;

use serde_json::{Value, json};
use smilechat::notifications::{deliver_due, derive};

use self::receiver::Receiver;
use crate::harness::{Engine, Person, Server};

const PATH: &str = "/api/webhooks";

/// On both engines, with a receiver that the operator allows.
async fn with_receiver(case: impl AsyncFn(Server, Receiver)) {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        println!("on {engine:?}");
        let receiver = Receiver::serve().await;
        let host = receiver.origin.replace("http://", "");
        let server = Server::start_with(engine, |config| {
            config.outbound.own_hosts = host;
            config.notifications.webhook_timeout_seconds = 25;
            // Days pass here.
            config.auth.access_token_seconds = 30 * 86_400;
            config.auth.refresh_token_seconds = 60 * 86_400;
        })
        .await;
        let db = server.running.app.db.clone();
        case(server, receiver).await;
        db.close().await;
    }
}

async fn create(server: &Server, by: &Person, url: &str, types: &[&str]) -> Value {
    server.post(PATH).by(by).json(json!({"url": url, "types": types})).await.expect(201)
}

fn place(webhook: &Value) -> String {
    format!("{PATH}/{}", webhook["webhook_id"].as_str().expect("an id"))
}

/// All that happened is told, as far as its time has come. The server's own loops are at it too.
async fn settle(server: &Server) {
    let (app, now) = (&server.running.app, server.now());
    derive(app).await.expect("derived");
    let is_told = async || {
        deliver_due(app).await.expect("delivered");
        let left = app.db.read(move |tx| {
            let sql = "select count(*) from webhook_deliveries d join webhooks w on w.webhook_key = d.webhook_key
                 where d.claimed_until is not null or (d.state = 'pending' and d.next_at <= $1 and w.is_enabled = true)";
            tx.one(sql, &[now.into()], |row| row.take::<i64>())
        });
        left.await.expect("a count") == 0
    };
    until(is_told).await;
}

async fn until(is_so: impl AsyncFn() -> bool) {
    for _ in 0..500 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it did not come to that");
}
