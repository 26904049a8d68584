//! How a ticket moves from status to status and from hand to hand.

use serde_json::{Value, json};

use crate::harness::{Person, Reply, Server, on_both_engines};

pub async fn put(server: &Server, ticket: &str, by: &Person, patch: Value) -> Reply {
    server.put(&format!("/api/tickets/{ticket}")).by(by).json(patch).await
}

pub async fn get(server: &Server, ticket: &str, by: &Person) -> Value {
    server.get(&format!("/api/tickets/{ticket}")).by(by).await.expect(200)
}

/// From each status to each other, by support: the lifecycle of the contract.
#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_moves_along_its_lifecycle_only() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (ann, sue) = (acme.customer("ann").await, acme.support("sue").await);
        let moves = [
            ("open", "in_progress"),
            ("in_progress", "closed"),
            ("closed", "open"),
            ("in_progress", "open"),
            ("open", "closed"),
        ];
        for from in ["open", "in_progress", "closed"] {
            for to in ["open", "in_progress", "closed"] {
                let id = server.ticket(&ann, "Lamp").await;
                put(&server, &id, &sue, json!({"status": from})).await.expect(200);
                let before = get(&server, &id, &sue).await;
                server.pass(1);
                let reply = put(&server, &id, &sue, json!({"status": to})).await;
                match (from == to, moves.contains(&(from, to))) {
                    (true, _) => assert_eq!(reply.expect(200), before, "{from} again changes nothing"),
                    (_, true) => assert_eq!(reply.expect(200)["status"], to),
                    _ => reply.problem(409, "invalid_transition"),
                }
                let holder = if reply.status == 200 && to == "in_progress" { json!(sue.id) } else { Value::Null };
                let after = get(&server, &id, &sue).await;
                if to != "closed" && reply.status == 200 {
                    assert_eq!(after["support_id"], holder, "{from} to {to}");
                }
                assert_eq!(
                    put(&server, &id, &sue, json!({})).await.expect(200),
                    after,
                    "nothing asked, nothing changed"
                );
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_move_a_ticket() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (ann, sue) = (acme.customer("ann").await, acme.support("sue").await);
        let id = server.ticket(&ann, "Lamp").await;
        server.say(&ann, &id, "Hello?").await;
        assert_eq!(get(&server, &id, &ann).await["status"], "open");
        server.say(&sue, &id, "Hello!").await;
        let taken = get(&server, &id, &ann).await;
        assert_eq!((&taken["status"], &taken["support_id"]), (&json!("in_progress"), &json!(sue.id)));
        put(&server, &id, &ann, json!({"status": "closed"})).await.expect(200);
        server.say(&sue, &id, "Bye.").await;
        assert_eq!(get(&server, &id, &ann).await["status"], "closed", "only a customer's message reopens");
        server.say(&ann, &id, "One more thing").await;
        let reopened = get(&server, &id, &ann).await;
        assert_eq!((&reopened["status"], &reopened["closed_at"]), (&json!("open"), &Value::Null));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn support_assigns_and_puts_back() {
    on_both_engines(async |server| {
        let (acme, other) = (server.tenant("acme").await, server.tenant("other").await);
        let (ann, sue, sam) = (acme.customer("ann").await, acme.support("sue").await, acme.support("sam").await);
        let stranger = other.support("sue").await;
        let id = server.ticket(&ann, "Lamp").await;
        for nobody in [&ann.id, &stranger.id, "unknown", ""] {
            put(&server, &id, &sue, json!({"support_id": nobody})).await.invalid("support_id");
        }
        let given = put(&server, &id, &sue, json!({"support_id": sam.id})).await.expect(200);
        assert_eq!((&given["support_id"], &given["status"]), (&json!(sam.id), &json!("in_progress")));
        put(&server, &id, &sue, json!({"status": "in_progress"})).await.problem(409, "conflict");
        let back = put(&server, &id, &sue, json!({"support_id": null})).await.expect(200);
        assert_eq!((&back["support_id"], &back["status"]), (&Value::Null, &json!("open")));
        let patch = json!({"subject": "Two lamps", "priority": "low", "tags": ["x"], "custom": {"a": [1]}});
        let changed = put(&server, &id, &sue, patch.clone()).await.expect(200);
        for (field, value) in patch.as_object().expect("an object") {
            assert_eq!(&changed[field], value, "{field}");
        }
        let stale = json!({"priority": "high", "if_updated_at": given["updated_at"]});
        put(&server, &id, &sue, stale).await.problem(409, "conflict");
        let fresh = json!({"priority": "high", "if_updated_at": changed["updated_at"]});
        assert_eq!(put(&server, &id, &sue, fresh).await.expect(200)["priority"], "high");
    })
    .await;
}

/// Two claim one ticket at once, a hundred times: each time one has it and the other is told.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_claim_a_ticket_one_wins() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (ann, sue, sam) = (acme.customer("ann").await, acme.support("sue").await, acme.support("sam").await);
        for _ in 0..100 {
            let id = server.ticket(&ann, "Lamp").await;
            let claim = |by| put(&server, &id, by, json!({"status": "in_progress"}));
            let (one, two) = tokio::join!(claim(&sue), claim(&sam));
            let (winner, loser, holder) = if one.status == 200 { (one, two, &sue) } else { (two, one, &sam) };
            assert_eq!(winner.expect(200)["support_id"], holder.id);
            loser.problem(409, "conflict");
            assert_eq!(get(&server, &id, &ann).await["support_id"], holder.id);
        }
    })
    .await;
}
