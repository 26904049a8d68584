//! Private notes.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{Person, on_both_engines};

#[tokio::test(flavor = "multi_thread")]
async fn notes_are_supports_alone_and_no_messages() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (ann, bob, sue) = (acme.customer("ann").await, acme.customer("bob").await, acme.support("sue").await);
        let id = server.ticket(&ann, "Lamp").await;
        let path = format!("/api/tickets/{id}/notes");
        let write = |by: &Person, body: Value| server.post(&path).by(by).json(body);
        write(&ann, json!({"body": "mine"})).await.problem(403, "forbidden");
        write(&bob, json!({"body": "mine"})).await.problem(404, "not_found");
        server.get(&path).by(&ann).await.problem(403, "forbidden");
        server.get(&path).by(&bob).await.problem(404, "not_found");
        for (field, body) in [
            ("body", json!({})),
            ("body", json!({"body": " "})),
            ("body", json!({"body": "x".repeat(10_001)})),
            ("author_id", json!({"body": "x", "author_id": ann.id})),
        ] {
            write(&sue, body).await.invalid(field);
        }
        let note = write(&sue, json!({"body": "A secret,\nreally"})).await.expect(201);
        let names: BTreeSet<&str> = note.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(names, BTreeSet::from(["author_id", "body", "note_id", "ticket_id", "timestamp"]));
        assert_eq!(
            (&note["ticket_id"], &note["author_id"], &note["body"]),
            (&json!(id), &json!(sue.id), &json!("A secret,\nreally"))
        );
        assert_eq!(server.get(&path).by(&sue).await.expect(200)["data"], json!([note]));
        let messages = server.get(&format!("/api/messages/{id}")).by(&ann).await;
        assert_eq!(messages.expect(200)["data"], json!([]));
        assert_eq!(server.get(&format!("/api/tickets/{id}")).by(&ann).await.expect(200)["last_seq"], 0);
    })
    .await;
}
