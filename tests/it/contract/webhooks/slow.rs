//! Receivers that take long, or never answer.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use smilechat::notifications::derive;
use smilechat::platform::db::Dialect;
use tokio::sync::oneshot;

use super::{create, place, until, with_receiver};

#[tokio::test(flavor = "multi_thread")]
async fn receivers_that_do_not_answer_delay_nobody_else() {
    with_receiver(async |server, receiver| {
        let app = server.running.app.clone();
        let (acme, other, third) =
            (server.tenant("acme").await, server.tenant("other").await, server.tenant("third").await);
        let (ada, ann) = (acme.admin("ada").await, acme.customer("ann").await);
        let (zoe, tom) = (other.admin("zoe").await, other.customer("tom").await);
        let (eve, kim) = (third.admin("eve").await, third.customer("kim").await);
        receiver.hold("/dead");
        // Three of a tenant's do not delay its fourth. Nine of another's would hold the places that are left.
        for (by, count) in [(&ada, 3), (&zoe, 17)] {
            for _ in 0..count {
                create(&server, by, &receiver.url("/dead"), &["ticket.created"]).await;
            }
        }
        create(&server, &ada, &receiver.url("/ada"), &["ticket.created"]).await;
        for _ in 0..20 {
            server.ticket(&ann, "Lamp").await;
            server.ticket(&tom, "Lamp").await;
        }
        derive(&app).await.expect("derived");
        receiver.until("/ada", 20).await;
        let held = 12 + 16;
        receiver.until("/dead", held).await;

        let begun = Instant::now();
        create(&server, &eve, &receiver.url("/eve"), &["ticket.created"]).await;
        for _ in 0..20 {
            server.ticket(&kim, "Lamp").await;
        }
        derive(&app).await.expect("derived");
        receiver.until("/eve", 20).await;
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        receiver.until("/dead", held).await;
        let under_way = "select count(*) from webhook_deliveries where claimed_until is not null";
        until(async || server.count(under_way).await == held as i64).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_webhook_leaves_connections_to_messages() {
    with_receiver(async |server, receiver| {
        let app = server.running.app.clone();
        let acme = server.tenant("acme").await;
        let (ada, ann) = (acme.admin("ada").await, acme.customer("ann").await);
        receiver.hold("/hook");
        for _ in 0..3 {
            create(&server, &ada, &receiver.url("/hook"), &["ticket.created"]).await;
        }
        for _ in 0..3 {
            server.ticket(&ann, "Lamp").await;
        }
        let ticket = server.ticket(&ann, "Lamp").await;
        derive(&app).await.expect("derived");
        receiver.until("/hook", 12).await;

        // Somebody holds the webhooks, as deriving does; and then twelve are answered. SQLite has one that writes anyway.
        if app.db.read(|tx| Ok(tx.dialect())).await.expect("read") == Dialect::Postgres {
            let (held, is_held) = oneshot::channel();
            let (release, is_released) = std::sync::mpsc::channel::<()>();
            let db = app.db.clone();
            let hold = tokio::spawn(async move {
                let hold = db.write(move |tx| {
                    tx.all("select webhook_key from webhooks for update", &[], |row| row.take::<i64>())?;
                    let _ = held.send(());
                    let _ = is_released.recv_timeout(Duration::from_secs(5));
                    Ok(())
                });
                hold.await
            });
            is_held.await.expect("held");
            receiver.released.notify_waiters();
            let waiting =
                "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
            until(async || server.count(waiting).await > 0).await;
            for word in ["one", "two", "three"] {
                tokio::time::sleep(Duration::from_millis(100)).await;
                server.say(&ann, &ticket, word).await;
                assert_eq!(server.count(waiting).await, 1, "of four connections");
            }
            release.send(()).expect("released");
            hold.await.expect("no panic").expect("held");
        } else {
            receiver.released.notify_waiters();
        }
        let done = "select count(*) from webhook_deliveries where state = 'delivered'";
        until(async || server.count(done).await == 12).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_being_sent_has_no_next_time_and_is_not_sent_beside_that() {
    with_receiver(async |server, receiver| {
        let acme = server.tenant("acme").await;
        let (ada, ann) = (acme.admin("ada").await, acme.customer("ann").await);
        let webhook = create(&server, &ada, &receiver.url("/hook"), &["ticket.created"]).await;
        receiver.hold("/hook");
        server.ticket(&ann, "Lamp").await;
        derive(&server.running.app).await.expect("derived");
        receiver.until("/hook", 1).await;
        let deliveries = format!("{}/deliveries", place(&webhook));
        let shown = async || server.get(&deliveries).by(&ada).await.expect(200)["data"][0].clone();
        let under_way = shown().await;
        assert_eq!(
            (&under_way["state"], &under_way["attempts"], &under_way["next_at"]),
            (&json!("pending"), &json!(1), &Value::Null)
        );
        let retry = format!("{deliveries}/{}/retry", under_way["delivery_id"].as_str().expect("an id"));
        server.post(&retry).by(&ada).json(json!({})).await.problem(409, "delivery_under_way");
        receiver.released.notify_waiters();
        until(async || shown().await["state"] == "delivered").await;
        receiver.until("/hook", 1).await;
        receiver.recover("/hook");
        server.post(&retry).by(&ada).json(json!({})).await.expect(200);
        receiver.until("/hook", 2).await;
    })
    .await;
}
