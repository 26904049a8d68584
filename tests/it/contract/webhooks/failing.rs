//! Receivers that do not take what they are told.

use serde_json::{Value, json};

use super::{create, place, settle, with_receiver};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_taken_is_sent_again_with_the_same_id_and_its_ticket_waits() {
    with_receiver(async |server, receiver| {
        let acme = server.tenant("acme").await;
        let (ada, ann) = (acme.admin("ada").await, acme.customer("ann").await);
        let webhook = create(&server, &ada, &receiver.url("/hook"), &["ticket.created", "message.sent"]).await;
        create(&server, &ada, &receiver.url("/well"), &["message.sent"]).await;
        receiver.say("/hook", 500, &[]);
        let ticket = server.ticket(&ann, "Lamp").await;
        server.say(&ann, &ticket, "one").await;
        server.say(&ann, &ticket, "two").await;
        settle(&server).await;
        receiver.until("/hook", 1).await;
        assert_eq!(receiver.kinds("/well"), ["message.sent", "message.sent"], "another one is told");
        let state = async |state: &str| {
            let path = format!("{}/deliveries?state={state}", place(&webhook));
            server.get(&path).by(&ada).await.expect(200)["data"].as_array().expect("a list").clone()
        };
        let pending = state("pending").await;
        assert_eq!(
            (&pending[0]["type"], &pending[0]["last_error"]),
            (&json!("ticket.created"), &json!("server_error"))
        );
        assert!(pending[0]["next_at"].is_string());
        assert_eq!((pending.len(), state("waiting").await.len()), (1, 2));
        let shown = server.get(&place(&webhook)).by(&ada).await.expect(200);
        assert!(shown["failing_since"].is_string() && shown["is_enabled"] == true);

        // By the table, each a little later at most.
        for (attempts, seconds) in (2..).zip([5, 300, 1800, 7200]) {
            server.pass(seconds - 1);
            settle(&server).await;
            receiver.until("/hook", attempts - 1).await;
            server.pass(1 + seconds / 10 + 1);
            settle(&server).await;
            receiver.until("/hook", attempts).await;
        }
        receiver.say("/hook", 503, &[("retry-after", "40000")]);
        server.pass(20_000);
        settle(&server).await;
        receiver.until("/hook", 6).await;
        server.pass(39_999);
        settle(&server).await;
        receiver.until("/hook", 6).await;
        receiver.recover("/hook");
        server.pass(1);
        settle(&server).await;
        let told = receiver.until("/hook", 9).await;
        assert!(told[..7].iter().all(|got| got.id() == told[0].id() && got.raw == told[0].raw));
        assert_eq!(receiver.kinds("/hook")[6..], ["ticket.created", "message.sent", "message.sent"]);
        let shown = server.get(&place(&webhook)).by(&ada).await.expect(200);
        assert_eq!(shown["failing_since"], Value::Null);

        // Ten attempts, and then the next.
        receiver.say("/hook", 400, &[]);
        server.say(&ann, &ticket, "three").await;
        server.say(&ann, &ticket, "four").await;
        settle(&server).await;
        for seconds in [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400] {
            server.pass(seconds * 11 / 10 + 1);
            settle(&server).await;
        }
        let failed = state("failed").await;
        assert_eq!((failed.len(), &failed[0]["attempts"], &failed[0]["last_status"]), (1, &json!(10), &json!(400)));
        assert_eq!((&failed[0]["last_error"], &failed[0]["next_at"]), (&json!("rejected"), &Value::Null));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_gone_or_fails_for_days_is_switched_off_and_goes_on_where_it_was() {
    with_receiver(async |server, receiver| {
        let acme = server.tenant("acme").await;
        let (ada, ann) = (acme.admin("ada").await, acme.customer("ann").await);
        let gone = create(&server, &ada, &receiver.url("/gone"), &["ticket.created"]).await;
        let failing = create(&server, &ada, &receiver.url("/failing"), &["ticket.created"]).await;
        receiver.say("/gone", 410, &[]);
        receiver.say("/failing", 502, &[]);
        server.ticket(&ann, "one").await;
        settle(&server).await;
        let shown = server.get(&place(&gone)).by(&ada).await.expect(200);
        assert_eq!((&shown["is_enabled"], &shown["disabled_reason"]), (&json!(false), &json!("gone")));
        let audit = server.get("/api/audit?limit=1").by(&ada).await.expect(200);
        let told = &audit["data"][0];
        assert_eq!((&told["kind"], &told["actor_id"]), (&json!("webhook_saved"), &Value::Null));
        assert_eq!((&told["data"]["change"], &told["data"]["values"]["reason"]), (&json!("disabled"), &json!("gone")));
        // Nothing is noted down for it now.
        server.ticket(&ann, "two").await;
        settle(&server).await;
        let log = |webhook: &Value| format!("{}/deliveries", place(webhook));
        let count = async |webhook: &Value| {
            server.get(&log(webhook)).by(&ada).await.expect(200)["data"].as_array().expect("a list").len()
        };
        assert_eq!((count(&gone).await, count(&failing).await), (1, 2));
        for _ in 0..5 {
            server.pass(100_000);
            settle(&server).await;
        }
        let shown = server.get(&place(&failing)).by(&ada).await.expect(200);
        assert_eq!((&shown["is_enabled"], &shown["disabled_reason"]), (&json!(false), &json!("failing")));
        let sent = receiver.got("/failing").len();
        server.pass(200_000);
        settle(&server).await;
        assert_eq!((receiver.got("/failing").len(), receiver.got("/gone").len()), (sent, 1));

        // What waited goes on, and what happens from now on; not what happened in between.
        receiver.recover("/gone");
        let on = json!({"is_enabled": true});
        let shown = server.put(&place(&gone)).by(&ada).json(on).await.expect(200);
        assert_eq!((&shown["disabled_reason"], &shown["failing_since"]), (&Value::Null, &Value::Null));
        server.ticket(&ann, "three").await;
        settle(&server).await;
        let subjects: Vec<_> =
            receiver.got("/gone")[1..].iter().map(|got| got.body["data"]["ticket"]["subject"].clone()).collect();
        assert_eq!(subjects, ["one", "three"]);
    })
    .await;
}
