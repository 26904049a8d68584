//! What is told, in which order, and how it is signed.

use serde_json::json;

use super::receiver::Got;
use super::{create, place, settle, with_receiver};

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_is_told_what_happens_in_order_and_signed() {
    with_receiver(async |server, receiver| {
        let (acme, other) = (server.tenant("acme").await, server.tenant("other").await);
        let (ada, sue, ann) = (acme.admin("ada").await, acme.support("sue").await, acme.customer("ann").await);
        let zoe = other.admin("zoe").await;
        let before = server.ticket(&ann, "Before").await;
        server.say(&ann, &before, "Nobody is told this").await;
        server.pass(1);
        let all = create(&server, &ada, &receiver.url("/all"), &[]).await;
        let notes = create(&server, &ada, &receiver.url("/notes"), &["note.added"]).await;
        create(&server, &zoe, &receiver.url("/other"), &[]).await;
        let secret = all["secret"].as_str().expect("a secret");
        assert_eq!((&all["types"], &all["is_enabled"]), (&json!([]), &json!(true)));

        let new = json!({"subject": "Lamp", "message_content": "It is <b>dark</b>"});
        let ticket = server.post("/api/tickets").by(&ann).json(new).await.expect(201);
        let ticket = ticket["ticket_id"].as_str().expect("an id").to_owned();
        let path = format!("/api/tickets/{ticket}");
        server.say(&sue, &ticket, "Switch it on").await;
        server.post(&format!("{path}/notes")).by(&sue).json(json!({"body": "A regular"})).await.expect(201);
        server.pass(1);
        server.say(&ann, &ticket, "Thanks").await;
        server.put(&path).by(&sue).json(json!({"status": "closed", "priority": "high"})).await.expect(200);
        server.pass(1);
        server.post(&format!("{path}/rating")).by(&ann).json(json!({"score": 5})).await.expect(201);
        server.say(&ann, &before, "Told from here on").await;
        acme.customer("bob").await;
        settle(&server).await;

        let told = receiver.got("/all");
        let of_ticket: Vec<_> =
            told.iter().filter(|got| got.raw.contains(&ticket)).map(|got| got.kind().to_owned()).collect();
        let expected = [
            "ticket.created",
            "message.sent",
            "message.sent",
            "ticket.updated",
            "ticket.assigned",
            "message.sent",
            "ticket.updated",
            "ticket.closed",
            "ticket.rated",
        ];
        assert_eq!(of_ticket, expected);
        assert!(told.iter().all(|got| got.is_signed_by(secret) && got.header("content-type") == "application/json"));
        let seconds = |got: &Got| got.header("webhook-timestamp").parse::<i64>().expect("seconds");
        assert!(told.iter().all(|got| (server.now().seconds() - seconds(got)).abs() <= 3));
        let ids: std::collections::HashSet<_> = told.iter().map(Got::id).collect();
        assert_eq!(ids.len(), told.len(), "each has an id of its own");
        let find = |kind: &str| told.iter().rfind(|got| got.kind() == kind).expect(kind).body["data"].clone();
        let closed = find("ticket.closed");
        assert_eq!((&closed["ticket"]["status"], &closed["changed"]["priority"]), (&json!("closed"), &json!("high")));
        assert_eq!(closed["actor_id"], sue.id.as_str());
        assert_eq!(find("ticket.rated")["rating"]["score"], 5);
        assert_eq!(find("user.registered")["user"]["username"], "bob");
        let is_message = |got: &&Got| got.kind() == "message.sent" && got.raw.contains(&ticket);
        let messages: Vec<_> = told.iter().filter(is_message).collect();
        let said: Vec<_> = messages.iter().map(|got| got.body["data"]["message"]["message_content"].clone()).collect();
        assert_eq!(said, ["It is <b>dark</b>", "Switch it on", "Thanks"]);
        assert!(told.iter().any(|got| got.raw.contains("Told from here on")));
        let read = server.get(&format!("/api/messages/{ticket}?limit=1")).by(&sue).await.expect(200);
        let (as_told, as_read) = (&messages[0].body["data"]["message"], &read["data"][0]);
        assert_eq!(
            as_told.as_object().expect("one").keys().collect::<Vec<_>>(),
            as_read.as_object().expect("one").keys().collect::<Vec<_>>()
        );

        // A private note is told to whoever asked for it, and by nothing else.
        assert_eq!(receiver.kinds("/notes"), ["note.added"]);
        assert_eq!(receiver.got("/notes")[0].body["data"]["note"]["body"], "A regular");
        assert!(told.iter().all(|got| !got.raw.contains("A regular")));
        // Nothing of another tenant's.
        assert_eq!(receiver.kinds("/other"), Vec::<String>::new());
        assert!(told.iter().all(|got| !got.raw.contains("Nobody is told this")));

        // The log has it all, and pages.
        let deliveries = format!("{}/deliveries", place(&all));
        let first = server.get(&format!("{deliveries}?limit=4")).by(&ada).await.expect(200);
        let second = format!("{deliveries}?limit=100&cursor={}", first["next_cursor"].as_str().expect("more"));
        let second = server.get(&second).by(&ada).await.expect(200);
        let listed: Vec<_> =
            [&first, &second].into_iter().flat_map(|page| page["data"].as_array().expect("a list")).collect();
        assert_eq!(listed.len(), told.len());
        assert!(
            listed.iter().all(|one| one["state"] == "delivered" && one["attempts"] == 1 && one["last_status"] == 204)
        );
        assert_eq!(server.get(&format!("{deliveries}?state=failed")).by(&ada).await.expect(200)["data"], json!([]));
        server.get(&format!("{deliveries}?state=lost")).by(&ada).await.invalid("state");

        // What a deleted ticket said is forgotten; that it is deleted is told.
        server.delete(&path).by(&sue).await.expect(204);
        settle(&server).await;
        assert_eq!(receiver.kinds("/all").last().map(String::as_str), Some("ticket.deleted"));
        let left = server.get(&format!("{deliveries}?limit=100")).by(&ada).await.expect(200);
        let left: Vec<_> =
            left["data"].as_array().expect("a list").iter().filter(|one| one["ticket_id"] == ticket.as_str()).collect();
        assert_eq!(left.iter().map(|one| &one["type"]).collect::<Vec<_>>(), ["ticket.deleted"]);
        drop(notes);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_asks_for_messages_is_told_none_from_before() {
    with_receiver(async |server, receiver| {
        let acme = server.tenant("acme").await;
        let (ada, ann) = (acme.admin("ada").await, acme.customer("ann").await);
        let webhook = create(&server, &ada, &receiver.url("/hook"), &["ticket.created", "ticket.updated"]).await;
        let ticket = server.ticket(&ann, "Lamp").await;
        for word in ["one", "two"] {
            server.say(&ann, &ticket, word).await;
        }
        settle(&server).await;
        let said = || {
            let messages = receiver.got("/hook").into_iter().filter(|got| got.kind() == "message.sent");
            messages.map(|got| got.body["data"]["message"]["message_content"].clone()).collect::<Vec<_>>()
        };
        // By name, and by no name at all.
        for (types, word) in [(json!(["ticket.updated", "message.sent"]), "three"), (json!([]), "five")] {
            server.pass(1);
            server.put(&place(&webhook)).by(&ada).json(json!({"types": types})).await.expect(200);
            server.say(&ann, &ticket, word).await;
            settle(&server).await;
            assert_eq!(said().last(), Some(&json!(word)));
            server.put(&place(&webhook)).by(&ada).json(json!({"types": ["ticket.updated"]})).await.expect(200);
            server.say(&ann, &ticket, "four").await;
            settle(&server).await;
        }
        assert_eq!(said(), ["three", "five"]);
        let priority = json!({"priority": "high"});
        server.put(&format!("/api/tickets/{ticket}")).by(&ada).json(priority).await.expect(200);
        settle(&server).await;
        assert_eq!(receiver.kinds("/hook").last().map(String::as_str), Some("ticket.updated"));
    })
    .await;
}
