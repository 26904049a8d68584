//! Messages and read marks.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::harness::{Call, Person, Server, on_both_engines};

const FIELDS: [&str; 13] = [
    "attachments",
    "client_id",
    "delivered_at",
    "is_read",
    "kind",
    "message_content",
    "message_id",
    "read_at",
    "sender",
    "sender_id",
    "seq",
    "ticket_id",
    "timestamp",
];

fn send(server: &Server, ticket: &str, by: &Person, body: Value) -> Call {
    server.post(&format!("/api/messages/{ticket}")).by(by).json(body)
}

fn seqs(page: &Value) -> Vec<i64> {
    page["data"].as_array().expect("a list").iter().map(|message| message["seq"].as_i64().expect("a number")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_stored_as_sent_and_numbered() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (ann, sue) = (acme.customer("ann").await, acme.support("sue").await);
        let id = server.ticket(&ann, "Lamp").await;
        let texts = [
            " <b>x</b>&amp;\r\n\t'; drop table messages; -- ",
            "👩‍👩‍👧 \u{202e}Zoe\u{308}",
            "\\u0000 is six characters",
            &"𝒳".repeat(10_000),
        ];
        for (n, text) in texts.iter().enumerate() {
            let message = send(&server, &id, &ann, json!({"message_content": text})).await.expect(201);
            let names: BTreeSet<&str> = message.as_object().expect("an object").keys().map(String::as_str).collect();
            assert_eq!(names, BTreeSet::from(FIELDS));
            for (field, value) in [
                ("ticket_id", json!(id)),
                ("sender_id", json!(ann.id)),
                ("sender", json!({"id": ann.id, "name": "ann", "role": "customer", "avatar_url": null})),
                ("seq", json!(n + 1)),
                ("message_content", json!(text)),
                ("kind", json!("text")),
                ("attachments", json!([])),
                ("client_id", Value::Null),
                ("is_read", json!(false)),
                ("read_at", Value::Null),
                ("delivered_at", Value::Null),
                ("timestamp", json!(server.now().to_string())),
            ] {
                assert_eq!(message[field], value, "{field}");
            }
        }
        let page = server.get(&format!("/api/messages/{id}")).by(&sue).await.expect(200);
        let stored: Vec<&str> = page["data"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|m| m["message_content"].as_str().expect("text"))
            .collect();
        assert_eq!(stored, texts);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_id_makes_one_message() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (ann, sue) = (acme.customer("ann").await, acme.support("sue").await);
        let (id, second) = (server.ticket(&ann, "Lamp").await, server.ticket(&ann, "Second").await);
        let body = json!({"message_content": "Hello", "client_id": "c-1"});
        let first = send(&server, &id, &ann, body.clone()).await.expect(201);
        assert_eq!(first["client_id"], "c-1");
        assert_eq!(send(&server, &id, &ann, body.clone()).await.expect(200), first);
        let other = json!({"message_content": "Another", "client_id": "c-1"});
        send(&server, &id, &ann, other).await.problem(409, "client_id_reused");
        send(&server, &id, &sue, body.clone()).await.expect(201);
        send(&server, &second, &ann, body).await.expect(201);
        assert_eq!(server.count("select count(*) from messages").await, 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_sends_of_one_client_id_make_one_row_and_others_leave_no_hole() {
    on_both_engines(async |server| {
        let ann = server.tenant("acme").await.customer("ann").await;
        let id = server.ticket(&ann, "Lamp").await;
        let mut tries = JoinSet::new();
        for n in 0..60 {
            let client_id = if n % 2 == 0 { "same".to_owned() } else { format!("c-{n}") };
            tries.spawn(
                send(&server, &id, &ann, json!({"message_content": "Hello", "client_id": client_id})).into_future(),
            );
        }
        let replies: Vec<(u16, Value)> =
            tries.join_all().await.iter().map(|reply| (reply.status, reply.json())).collect();
        let same: Vec<_> = replies.iter().filter(|(_, message)| message["client_id"] == "same").collect();
        assert_eq!(same.iter().filter(|(status, _)| *status == 201).count(), 1);
        assert_eq!(same.iter().filter(|(status, _)| *status == 200).count(), 29);
        assert_eq!(same.iter().map(|(_, message)| message["message_id"].to_string()).collect::<BTreeSet<_>>().len(), 1);
        let page = server.get(&format!("/api/messages/{id}?after_seq=0&limit=100")).by(&ann).await.expect(200);
        assert_eq!(seqs(&page), (1..=31).collect::<Vec<_>>());
        assert_eq!(server.get(&format!("/api/tickets/{id}")).by(&ann).await.expect(200)["last_seq"], 31);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_paged_in_both_directions() {
    on_both_engines(async |server| {
        let ann = server.tenant("acme").await.customer("ann").await;
        let id = server.ticket(&ann, "Lamp").await;
        for n in 1..=25 {
            server.say(&ann, &id, &format!("{n}")).await;
        }
        let page = async |query: &str| server.get(&format!("/api/messages/{id}?{query}")).by(&ann).await.expect(200);
        let walk = async |query: &str| {
            let (mut pages, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = page(&format!("{query}{cursor}")).await;
                pages.push(seqs(&page));
                match page["next_cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => return pages,
                }
            }
        };
        assert_eq!(seqs(&page("").await), (6..=25).collect::<Vec<_>>(), "the last page by default, ascending");
        let range = |from: i64, to: i64| (from..=to).collect::<Vec<_>>();
        assert_eq!(walk("limit=10").await, [range(16, 25), range(6, 15), range(1, 5)]);
        assert_eq!(walk("after_seq=3&limit=10").await, [range(4, 13), range(14, 23), range(24, 25)]);
        assert_eq!(walk("before_seq=12&limit=6").await, [range(6, 11), range(1, 5)]);
        assert_eq!(walk("after_seq=25").await, [range(1, 0)]);
        assert_eq!(walk("before_seq=1").await, [range(1, 0)]);
        for (query, field) in [
            ("after_seq=x", "after_seq"),
            ("after_seq=-1", "after_seq"),
            ("before_seq=-5", "before_seq"),
            ("before_seq=1e3", "before_seq"),
            ("after_seq=1&before_seq=9", "after_seq"),
        ] {
            server.get(&format!("/api/messages/{id}?{query}")).by(&ann).await.invalid(field);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_marks_what_others_sent_before_and_never_backwards() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (ann, sue, bob) = (acme.customer("ann").await, acme.support("sue").await, acme.customer("bob").await);
        let id = server.ticket(&ann, "Lamp").await;
        let mut ids = vec![String::new()];
        for by in [&ann, &ann, &sue, &ann] {
            let message = server.say(by, &id, "Hello").await;
            ids.push(message["message_id"].as_str().expect("an id").to_owned());
        }
        let read = |seq: usize, by: &Person| server.put(&format!("/api/messages/{}/read", ids[seq])).by(by);
        let marks = async || {
            let page = server.get(&format!("/api/messages/{id}")).by(&ann).await.expect(200);
            page["data"].as_array().expect("a list").iter().map(|m| m["is_read"] == true).collect::<Vec<_>>()
        };
        assert_eq!(read(1, &ann).await.expect(200)["is_read"], false, "an own message stays as it is");
        read(1, &bob).await.problem(404, "not_found");
        assert_eq!(marks().await, [false; 4]);
        server.pass(7);
        let second = read(2, &sue).await.expect(200);
        assert_eq!((&second["is_read"], &second["read_at"]), (&json!(true), &json!(server.now().to_string())));
        assert_eq!(marks().await, [true, true, false, false]);
        let unread = async |by: &Person| {
            server.get(&format!("/api/tickets/{id}")).by(by).await.expect(200)["unread_count"].clone()
        };
        assert_eq!((unread(&sue).await, unread(&ann).await), (json!(1), json!(1)));
        server.pass(7);
        assert_eq!(read(1, &sue).await.expect(200)["read_at"], second["read_at"], "the first reading counts");
        assert_eq!(marks().await, [true, true, false, false]);
        read(3, &ann).await.expect(200);
        read(4, &sue).await.expect(200);
        assert_eq!((unread(&sue).await, unread(&ann).await), (json!(0), json!(0)));
        for unknown in [
            format!("{id}.5"),
            format!("{id}.0"),
            format!("{id}.01"),
            format!("{id}.-1"),
            id.clone(),
            format!("{id}.99999999999999999999"),
        ] {
            server.put(&format!("/api/messages/{unknown}/read")).by(&sue).await.problem(404, "not_found");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_who_reads_leaves_the_customers_count_and_tick() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (ann, sue, tom) = (acme.customer("ann").await, acme.support("sue").await, acme.support("tom").await);
        let id = server.ticket(&ann, "Lamp").await;
        let first = server.say(&sue, &id, "Hello").await["message_id"].as_str().expect("an id").to_owned();
        let read = |by: &Person| server.put(&format!("/api/messages/{first}/read")).by(by);
        assert_eq!(read(&tom).await.expect(200)["is_read"], false, "it was not written to him");
        let ticket = async || server.get(&format!("/api/tickets/{id}")).by(&ann).await.expect(200);
        assert_eq!(ticket().await["unread_count"], 1);
        assert_eq!(read(&ann).await.expect(200)["is_read"], true);
        assert_eq!(ticket().await["unread_count"], 0);
        read(&ann).bytes("{bad").await.problem(400, "bad_json");
        read(&ann).json(json!({"zzz": 1})).await.invalid("zzz");
    })
    .await;
}

#[tokio::test]
async fn what_a_message_may_not_be() {
    let server = Server::sqlite().await;
    let acme = server.tenant("acme").await;
    let (ann, sue) = (acme.customer("ann").await, acme.support("sue").await);
    let id = server.ticket(&ann, "Lamp").await;
    let refused = [
        ("message_content", json!({})),
        ("message_content", json!({"message_content": ""})),
        ("message_content", json!({"message_content": " \n\t\u{a0}"})),
        ("message_content", json!({"message_content": "\u{200b}\u{feff}\u{2060}"})),
        ("message_content", json!({"message_content": "x".repeat(10_001)})),
        ("message_content", json!({"message_content": "bell\u{7}"})),
        ("message_content", json!({"message_content": "nul\u{0}"})),
        ("message_content", json!({"message_content": null})),
        ("message_content", json!({"message_content": ["x"]})),
        ("client_id", json!({"message_content": "x", "client_id": "x".repeat(129)})),
        ("client_id", json!({"message_content": "x", "client_id": 7})),
        ("sender_id", json!({"message_content": "x", "sender_id": sue.id})),
        ("kind", json!({"message_content": "x", "kind": "bot"})),
        ("seq", json!({"message_content": "x", "seq": 7})),
        ("attachment_ids", json!({"message_content": "x", "attachment_ids": ["unknown"]})),
    ];
    for (field, body) in refused {
        send(&server, &id, &ann, body).await.invalid(field);
    }
    let lone = format!(r#"{{"message_content":"{}"}}"#, r"\ud800");
    server.post(&format!("/api/messages/{id}")).by(&ann).bytes(lone).await.problem(400, "bad_json");
    send(&server, "unknown", &ann, json!({"message_content": "x"})).await.problem(404, "not_found");
    assert_eq!(server.count("select count(*) from messages").await, 0);
    send(&server, &id, &ann, json!({"message_content": "x", "client_id": "𝒳".repeat(128)})).await.expect(201);
}
