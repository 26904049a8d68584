//! Lists: pages, cursors and filters.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{Person, Server, on_both_engines};

/// All pages of a list, each as the values of one field.
async fn walk(server: &Server, by: &Person, list: &str, field: &str) -> Vec<Vec<String>> {
    let (mut pages, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("{list}{cursor}")).by(by).await.expect(200);
        assert_eq!(page.as_object().expect("an object").keys().collect::<Vec<_>>(), ["data", "next_cursor"]);
        let data = page["data"].as_array().expect("a list");
        pages.push(data.iter().map(|one| one[field].to_string().trim_matches('"').to_owned()).collect());
        assert!(pages.len() < 50, "{list} has no end");
        match &page["next_cursor"] {
            Value::String(next) => cursor = format!("&cursor={next}"),
            end => {
                assert_eq!(end, &Value::Null);
                return pages;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_walked_without_a_hole_or_a_double() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (ann, ada) = (acme.customer("ann").await, acme.admin("ada").await);
        let id = server.ticket(&ann, "first").await;
        for n in 0..6 {
            // Half of them in one and the same millisecond.
            server.pass(n % 2);
            server.ticket(&ann, &format!("ticket {n}")).await;
            acme.guest().await;
            acme.invite("support").await;
            server
                .post(&format!("/api/tickets/{id}/notes"))
                .by(&ada)
                .json(json!({"body": format!("note {n}")}))
                .await
                .expect(201);
            let key = json!({"kind": "publishable", "name": format!("key {n}")});
            server.post("/api/api-keys").by(&ada).json(key).await.expect(201);
            server
                .put(&format!("/api/tickets/{id}"))
                .by(&ada)
                .json(json!({"tags": [format!("tag{n}")]}))
                .await
                .expect(200);
        }
        let (notes, history) = (format!("/api/tickets/{id}/notes"), format!("/api/tickets/{id}/history"));
        for (list, field) in [
            ("/api/tickets", "ticket_id"),
            ("/api/users", "id"),
            ("/api/invites", "invite_id"),
            ("/api/api-keys", "api_key_id"),
            (&notes, "note_id"),
            (&history, "data"),
            ("/api/audit", "data"),
        ] {
            let whole = walk(&server, &ada, &format!("{list}?limit=100"), field).await;
            let [all] = whole.as_slice() else { panic!("{list}: one page of 100") };
            let pages = walk(&server, &ada, &format!("{list}?limit=3"), field).await;
            assert!(
                pages.len() >= 2 && pages[..pages.len() - 1].iter().all(|page| page.len() == 3),
                "{list}: {pages:?}"
            );
            assert_eq!(&pages.concat(), all, "{list}");
            // Two entries of the audit log may well say the same.
            assert!(field == "data" || all.iter().collect::<BTreeSet<_>>().len() == all.len(), "{list}: {all:?}");
        }
        let newest_first = walk(&server, &ada, "/api/tickets?limit=100", "updated_at").await.concat();
        assert!(newest_first.is_sorted_by(|a, b| a >= b), "{newest_first:?}");
    })
    .await;
}

#[tokio::test]
async fn limits_and_cursors_are_checked() {
    let server = Server::sqlite().await;
    let (acme, other) = (server.tenant("acme").await, server.tenant("other").await);
    let (ada, eve) = (acme.admin("ada").await, other.admin("eve").await);
    for n in 0..25 {
        server.ticket(&ada, &format!("a {n}")).await;
        server.ticket(&eve, &format!("e {n}")).await;
    }
    let list = async |query: &str| server.get(&format!("/api/tickets?{query}")).by(&ada).await;
    assert_eq!(list("").await.expect(200)["data"].as_array().expect("a list").len(), 20);
    assert_eq!(list("limit=1&offset=7&page=2&utm_source=x").await.expect(200)["data"][0]["subject"], "a 24");
    for limit in ["0", "-1", "101", "1e9", "", "x", "99999999999999999999", "1.5"] {
        list(&format!("limit={limit}")).await.invalid("limit");
    }
    let foreign = server.get("/api/tickets?limit=1").by(&eve).await.expect(200)["next_cursor"].clone();
    let of_another_list = server.get("/api/users?limit=1").by(&ada).await.expect(200)["next_cursor"].clone();
    let (foreign, of_another_list) = (foreign.as_str().expect("a cursor"), of_another_list.as_str().expect("a cursor"));
    for cursor in [foreign, of_another_list, "", "x", "AAAA", "%00", &"A".repeat(5000)] {
        let reply = list(&format!("cursor={cursor}")).await;
        reply.problem(422, "invalid");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_are_filtered() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (ann, bob, sue) = (acme.customer("ann").await, acme.customer("bob").await, acme.support("sue").await);
        let open = async |by: &Person, body: Value| {
            server.post("/api/tickets").by(by).json(body).await.expect(201)["ticket_id"].clone()
        };
        let lamp = open(&ann, json!({"subject": "Défekte Lampe", "priority": "high", "tags": ["lamp"]})).await;
        server.pass(10);
        let middle = server.now().to_string();
        server.pass(10);
        let chair = open(&bob, json!({"subject": "A chair", "tags": ["wood", "lamp"]})).await;
        let table = open(&bob, json!({"subject": "A table", "priority": "low"})).await;
        let path = format!("/api/tickets/{}", table.as_str().expect("an id"));
        server.put(&path).by(&sue).json(json!({"status": "in_progress"})).await.expect(200);
        let found = async |by: &Person, query: &str| {
            let page = server.get(&format!("/api/tickets?{query}")).by(by).await.expect(200);
            page["data"]
                .as_array()
                .expect("a list")
                .iter()
                .map(|ticket| ticket["ticket_id"].clone())
                .collect::<Vec<_>>()
        };
        let (of_ann, of_sue) = (format!("customer_id={}", ann.id), format!("support_id={}", sue.id));
        let after = format!("updated_after={middle}");
        for (query, expected) in [
            ("status=open", vec![&chair, &lamp]),
            ("status=in_progress", vec![&table]),
            ("status=closed", vec![]),
            ("priority=high", vec![&lamp]),
            ("support_id=me", vec![&table]),
            ("support_id=none", vec![&chair, &lamp]),
            (&of_sue, vec![&table]),
            ("support_id=unknown", vec![]),
            (&of_ann, vec![&lamp]),
            ("customer_id=unknown", vec![]),
            ("tag=lamp", vec![&chair, &lamp]),
            ("tag=lam", vec![]),
            ("tag=lamp&priority=medium", vec![&chair]),
            ("q=defekt", vec![&lamp]),
            ("q=LAMPE", vec![&lamp]),
            ("q=bob", vec![&table, &chair]),
            ("q=bob%20chair", vec![&chair]),
            ("q=3", vec![&table]),
            ("q=%22%29%20OR%20%2A%20%3A%20-", vec![]),
            (&after, vec![&table, &chair]),
        ] {
            assert_eq!(found(&sue, query).await.iter().collect::<Vec<_>>(), expected, "{query}");
        }
        assert_eq!(found(&ann, "").await, std::slice::from_ref(&lamp), "a customer sees their own");
        for query in ["q=chair", "status=in_progress", "support_id=none&q=chair", &format!("customer_id={}", bob.id)] {
            assert_eq!(found(&ann, query).await, Vec::<Value>::new(), "{query}");
        }
        for (field, value) in
            [("status", "CLOSED%20"), ("status", "open,closed"), ("priority", "urgent"), ("updated_after", "yesterday")]
        {
            server.get(&format!("/api/tickets?{field}={value}")).by(&sue).await.invalid(field);
        }
    })
    .await;
}
