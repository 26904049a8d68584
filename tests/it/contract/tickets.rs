//! Tickets: who may do what, and the lifecycle.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::lifecycle::{get, put};
use crate::harness::{Person, Server, on_both_engines};

const FIELDS: [&str; 16] = [
    "bot_state",
    "channel",
    "closed_at",
    "created_at",
    "custom",
    "customer_id",
    "last_seq",
    "number",
    "priority",
    "status",
    "subject",
    "support_id",
    "tags",
    "ticket_id",
    "unread_count",
    "updated_at",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_new_ticket_is_the_callers_and_waits() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (ann, sue) = (acme.customer("ann").await, acme.support("sue").await);
        let new = json!({"subject": "Broken lamp", "message_content": "It broke.\nTwice.", "priority": "high", "tags": ["lamp", "a b", "lamp"],
            "custom": {"order": 17, "vip": true}});
        let ticket = server.post("/api/tickets").by(&ann).json(new).await.expect(201);
        let names: BTreeSet<&str> = ticket.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(names, BTreeSet::from(FIELDS));
        for (field, value) in [
            ("number", json!(1)),
            ("subject", json!("Broken lamp")),
            ("customer_id", json!(ann.id)),
            ("support_id", Value::Null),
            ("status", json!("open")),
            ("priority", json!("high")),
            ("tags", json!(["lamp", "a b"])),
            ("custom", json!({"order": 17, "vip": true})),
            ("last_seq", json!(1)),
            ("unread_count", json!(0)),
            ("closed_at", Value::Null),
        ] {
            assert_eq!(ticket[field], value, "{field}");
        }
        let id = ticket["ticket_id"].as_str().expect("a string");
        assert!(id.len() <= 64);
        assert_eq!(get(&server, id, &ann).await, ticket);
        assert_eq!(get(&server, id, &sue).await["unread_count"], 1);
        let plain = server.post("/api/tickets").by(&ann).json(json!({"subject": "Second"})).await.expect(201);
        assert_eq!((&plain["number"], &plain["priority"], &plain["last_seq"]), (&json!(2), &json!("medium"), &json!(0)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn support_opens_tickets_for_customers_and_customers_for_themselves() {
    on_both_engines(async |server| {
        let (acme, other) = (server.tenant("acme").await, server.tenant("other").await);
        let (ann, bob, sue) = (acme.customer("ann").await, acme.customer("bob").await, acme.support("sue").await);
        let stranger = other.customer("ann").await;
        let open = |by: &Person, customer: &str| {
            server.post("/api/tickets").by(by).json(json!({"subject": "For you", "customer_id": customer}))
        };
        assert_eq!(open(&sue, &ann.id).await.expect(201)["customer_id"], ann.id);
        open(&ann, &bob.id).await.problem(403, "forbidden");
        open(&ann, &ann.id).await.problem(403, "forbidden");
        for nobody in [&stranger.id, "unknown", ""] {
            open(&sue, nobody).await.invalid("customer_id");
        }
        assert_eq!(server.count("select count(*) from tickets").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_closes_and_reopens_and_nothing_else() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (ann, bob, sue) = (acme.customer("ann").await, acme.customer("bob").await, acme.support("sue").await);
        let id = server.ticket(&ann, "Lamp").await;
        let before = get(&server, &id, &ann).await;
        for patch in [
            json!({"status": "in_progress"}),
            json!({"priority": "high"}),
            json!({"support_id": sue.id}),
            json!({"support_id": null}),
            json!({"subject": "Mine"}),
            json!({"tags": []}),
            json!({"custom": {}}),
            json!({"status": "closed", "priority": "low"}),
        ] {
            put(&server, &id, &ann, patch).await.problem(403, "forbidden");
        }
        put(&server, &id, &bob, json!({"status": "closed"})).await.problem(404, "not_found");
        server.delete(&format!("/api/tickets/{id}")).by(&ann).await.problem(403, "forbidden");
        server.delete(&format!("/api/tickets/{id}")).by(&bob).await.problem(404, "not_found");
        assert_eq!(get(&server, &id, &ann).await, before);
        server.pass(5);
        let closed = put(&server, &id, &ann, json!({"status": "closed"})).await.expect(200);
        assert_eq!((&closed["status"], &closed["closed_at"]), (&json!("closed"), &json!(server.now().to_string())));
        let open = put(&server, &id, &ann, json!({"status": "open"})).await.expect(200);
        assert_eq!((&open["status"], &open["closed_at"]), (&json!("open"), &Value::Null));
        put(&server, &id, &sue, json!({"status": "in_progress"})).await.expect(200);
        put(&server, &id, &ann, json!({"status": "open"})).await.problem(403, "forbidden");
        put(&server, &id, &ann, json!({"status": "closed"})).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_ticket_is_gone_from_everywhere_but_the_audit_log() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (ann, sue, ada) = (acme.customer("ann").await, acme.support("sue").await, acme.admin("ada").await);
        let id = server.ticket(&ann, "Zebra").await;
        let message = server.say(&ann, &id, "Hello").await;
        let note = server
            .post(&format!("/api/tickets/{id}/notes"))
            .by(&sue)
            .json(json!({"body": "A zebra"}))
            .await
            .expect(201);
        assert_eq!(note["ticket_id"], id);
        server.delete(&format!("/api/tickets/{id}")).by(&sue).await.expect(204);
        for path in [
            format!("/api/tickets/{id}"),
            format!("/api/messages/{id}"),
            format!("/api/tickets/{id}/notes"),
            format!("/api/tickets/{id}/history"),
        ] {
            server.get(&path).by(&sue).await.problem(404, "not_found");
        }
        let read = format!("/api/messages/{}/read", message["message_id"].as_str().expect("an id"));
        server.put(&read).by(&sue).await.problem(404, "not_found");
        server.delete(&format!("/api/tickets/{id}")).by(&sue).await.problem(404, "not_found");
        for list in ["/api/tickets", "/api/tickets?q=zebra"] {
            assert_eq!(server.get(list).by(&sue).await.expect(200)["data"], json!([]));
        }
        let audit = server.get("/api/audit").by(&ada).await.expect(200);
        let is_kept =
            audit["data"].as_array().expect("a list").iter().any(|entry| {
                entry["kind"] == "ticket_deleted" && entry["ticket_id"] == id && entry["actor_id"] == sue.id
            });
        assert!(is_kept, "{audit}");
    })
    .await;
}

#[tokio::test]
async fn what_a_ticket_may_not_hold() {
    let server = Server::sqlite().await;
    let acme = server.tenant("acme").await;
    let sue = acme.support("sue").await;
    let id = server.ticket(&sue, "Lamp").await;
    let before = get(&server, &id, &sue).await;
    let too_many: Vec<String> = (0..21).map(|n| format!("tag{n}")).collect();
    let refused: &[(&str, Value)] = &[
        ("status", json!("CLOSED ")),
        ("status", json!(["open"])),
        ("status", json!(1)),
        ("status", json!("")),
        ("priority", json!("urgent")),
        ("subject", json!("")),
        ("subject", json!(" \u{200b}\t")),
        ("subject", json!("two\nlines")),
        ("subject", json!("x".repeat(501))),
        ("tags", json!("lamp")),
        ("tags", json!([""])),
        ("tags", json!(too_many)),
        ("custom", json!([])),
        ("custom", json!({"x": "y".repeat(17_000)})),
        ("support_id", json!(7)),
        ("if_updated_at", json!("yesterday")),
        ("customer_id", json!(sue.id)),
        ("number", json!(7)),
        ("tenant_id", json!("x")),
        ("updated_at", json!("2020-01-01T00:00:00.000Z")),
    ];
    for (field, value) in refused {
        let reply = put(&server, &id, &sue, json!({*field: value})).await;
        reply.problem(422, "invalid");
        let named = reply.json()["errors"][0]["field"].as_str().expect("a field").to_owned();
        assert!(named.starts_with(field), "{field}: {named}");
    }
    assert_eq!(get(&server, &id, &sue).await, before);
    server.post("/api/tickets").by(&sue).json(json!({})).await.invalid("subject");
    server.post("/api/tickets").by(&sue).json(json!({"subject": "x", "status": "closed"})).await.invalid("status");
    server
        .post("/api/tickets")
        .by(&sue)
        .json(json!({"subject": "x", "message_content": "x".repeat(10_001)}))
        .await
        .invalid("message_content");
    assert_eq!(server.count("select count(*) from tickets").await, 1);
    assert_eq!(put(&server, &id, &sue, json!({"subject": "𝒳".repeat(500)})).await.status, 200);
}

#[tokio::test]
async fn what_a_patch_leaves_alone_is_absent_and_not_null() {
    let server = Server::sqlite().await;
    let sue = server.tenant("acme").await.support("sue").await;
    let path = format!("/api/tickets/{}", server.ticket(&sue, "Lamp").await);
    for field in ["status", "priority", "subject", "tags", "custom", "if_updated_at"] {
        server.put(&path).by(&sue).json(json!({field: null})).await.invalid(field);
    }
    server.put(&path).by(&sue).json(json!({})).await.expect(200);
}
