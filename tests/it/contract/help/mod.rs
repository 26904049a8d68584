//! The public help centre: pages of what is published and of nothing else, for readers without a script. What the cases share is
//! here.

mod bounds;
mod contents;
mod languages;
mod votes;

use serde_json::{Value, json};

use crate::harness::{Person, Reply, Server, Tenant};

const HTML: &str = "text/html; charset=utf-8";

async fn write(server: &Server, by: &Person, new: Value) -> Value {
    server.post("/api/kb/articles").by(by).json(new).await.expect(201)
}

/// Two published articles on one shelf, one beside it, one in German, and one that is not out yet.
async fn stocked(server: &Server, tenant: &Tenant<'_>) -> Person {
    let ada = tenant.admin("ada").await;
    let shelf = json!({"name": "Delivery", "description": "Parcels and postage."});
    let shelf = server.post("/api/kb/collections").by(&ada).json(shelf).await.expect(201)["collection_id"].clone();
    for (slug, title, body, language, status, collection) in [
        (
            "costs",
            "What does delivery cost?",
            "**Four** euros.\n\n## Abroad\n\nEight euros.",
            "en",
            "published",
            &shelf,
        ),
        ("costs-de", "Was kostet die Lieferung?", "Vier Euro.", "de", "published", &shelf),
        ("times", "How long does it take?", "Three days.", "en", "published", &shelf),
        ("tea", "Do you sell tea?", "No, coffee alone.", "en", "published", &Value::Null),
        ("secret", "Zeppelins are coming", "Delivery by zeppelin.", "en", "draft", &shelf),
    ] {
        let new = json!({"slug": slug, "title": title, "body": body, "language": language, "status": status,
            "collection_id": collection});
        write(server, &ada, new).await;
    }
    ada
}

fn page(reply: Reply) -> String {
    assert_eq!((reply.status, reply.header("content-type")), (200, Some(HTML)), "{}", reply.text);
    assert!(!reply.text.contains("<script") && !reply.text.to_lowercase().contains("zeppelin"), "{}", reply.text);
    reply.text
}
