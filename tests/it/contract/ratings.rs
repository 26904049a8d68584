//! What a customer says of how their ticket was closed.

use serde_json::{Value, json};

use super::lifecycle::put;
use crate::harness::{Person, Server, on_both_engines, on_both_engines_for_days};

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_ticket_is_rated_by_its_customer_and_by_nobody_else() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (ann, bob, sue) = (acme.customer("ann").await, acme.customer("bob").await, acme.support("sue").await);
        let id = server.ticket(&ann, "Lamp").await;
        let path = format!("/api/tickets/{id}/rating");
        let rate = |by: &Person, body: Value| server.post(&path).by(by).json(body);
        rate(&ann, json!({"score": 5})).await.problem(409, "not_closed");
        let state = server.get(&path).by(&ann).await.expect(200);
        assert_eq!(state, json!({"rating": null, "may_rate": false}));
        put(&server, &id, &sue, json!({"status": "in_progress"})).await.expect(200);
        let closed = put(&server, &id, &sue, json!({"status": "closed"})).await.expect(200);
        assert_eq!(server.get(&path).by(&ann).await.expect(200)["may_rate"], true);
        assert_eq!(server.get(&path).by(&sue).await.expect(200)["may_rate"], false);

        rate(&bob, json!({"score": 5})).await.problem(404, "not_found");
        server.get(&path).by(&bob).await.problem(404, "not_found");
        rate(&sue, json!({"score": 5})).await.problem(403, "forbidden");
        server.post(&path).key(&acme.secret_key).json(json!({"score": 5})).await.problem(403, "forbidden");
        for (field, body) in [
            ("score", json!({})),
            ("score", json!({"score": 0})),
            ("score", json!({"score": 6})),
            ("score", json!({"score": 4.5})),
            ("score", json!({"score": "5"})),
            ("comment", json!({"score": 5, "comment": " "})),
            ("comment", json!({"score": 5, "comment": "x".repeat(1001)})),
            ("comment", json!({"score": 5, "comment": "\u{1b}[31m"})),
            ("support_id", json!({"score": 5, "support_id": ann.id})),
        ] {
            rate(&ann, body).await.invalid(field);
        }
        let given = rate(&ann, json!({"score": 4, "comment": "Quick,\nbut =short"})).await.expect(201);
        assert_eq!((&given["score"], &given["comment"]), (&json!(4), &json!("Quick,\nbut =short")));
        assert_eq!((&given["support_id"], &given["closed_at"]), (&json!(sue.id), &closed["closed_at"]));
        for person in [&ann, &sue] {
            assert_eq!(server.get(&path).by(person).await.expect(200)["rating"], given);
        }
        let history = server.get(&format!("/api/tickets/{id}/history")).by(&sue).await.expect(200);
        assert_eq!(
            (&history["data"][0]["kind"], &history["data"][0]["data"]),
            (&json!("ticket_rated"), &json!({"score": 4})),
            "what was said is not for the audit log"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rating_can_be_changed_for_a_day_and_each_closing_has_its_own() {
    on_both_engines_for_days(async |server| {
        let acme = server.tenant("acme").await;
        let (ann, sue) = (acme.customer("ann").await, acme.support("sue").await);
        let id = server.ticket(&ann, "Lamp").await;
        let path = format!("/api/tickets/{id}/rating");
        let rate = |score: i64| server.post(&path).by(&ann).json(json!({"score": score}));
        put(&server, &id, &sue, json!({"status": "closed"})).await.expect(200);
        let first = rate(2).await.expect(201);
        assert_eq!(rate(2).await.expect(200), first, "the same again changes nothing");
        server.pass(3600);
        let changed = rate(3).await.expect(200);
        assert_eq!((&changed["score"], &changed["created_at"]), (&json!(3), &first["created_at"]));
        assert_ne!(changed["updated_at"], first["updated_at"]);
        server.pass(23 * 3600);
        rate(1).await.problem(409, "rating_final");
        assert_eq!(server.get(&path).by(&ann).await.expect(200), json!({"rating": changed, "may_rate": false}));

        put(&server, &id, &ann, json!({"status": "open"})).await.expect(200);
        rate(5).await.problem(409, "not_closed");
        assert_eq!(server.get(&path).by(&sue).await.expect(200)["rating"], changed, "that of the last closing");
        put(&server, &id, &sue, json!({"status": "closed"})).await.expect(200);
        assert_eq!(server.get(&path).by(&ann).await.expect(200)["may_rate"], true);
        rate(5).await.expect(201);
        assert_eq!(server.count("select count(*) from ratings").await, 2);
        for change in 0..10 {
            rate(1 + change % 2).await.expect(200);
        }
        rate(4).await.problem(409, "rating_final");
        server.delete(&format!("/api/tickets/{id}")).by(&sue).await.expect(204);
        assert_eq!(server.count("select count(*) from ratings").await, 0);
    })
    .await;
}

#[tokio::test]
async fn whether_customers_are_asked_is_the_tenants_choice() {
    let server = Server::sqlite().await;
    let acme = server.tenant("acme").await;
    let ada = acme.admin("ada").await;
    let shown = async || server.get("/api/widget").key(&acme.publishable_key).await.expect(200)["ask_rating"].clone();
    assert_eq!(shown().await, false);
    server.put("/api/settings/widget").by(&ada).json(json!({"ask_rating": true})).await.expect(200);
    assert_eq!(shown().await, true);
}
