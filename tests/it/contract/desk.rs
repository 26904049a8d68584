//! What a support desk asks all day: how much waits, who there is, what happened.

use serde_json::{Value, json};
use smilechat::auth::model::TenantKey;
use smilechat::tickets::activity;
use smilechat::tickets::model::Side;

use crate::harness::{Person, Server, on_both_engines};

async fn names(server: &Server, by: &Person, query: &str) -> Vec<String> {
    let page = server.get(&format!("/api/users?{query}")).by(by).await.expect(200);
    page["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["username"].as_str().expect("a name").into())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queues_are_counted() {
    on_both_engines(async |server| {
        let (acme, other) = (server.tenant("acme").await, server.tenant("other").await);
        let (sue, ann) = (acme.support("sue").await, acme.customer("ann").await);
        let counts = async |by: &Person| server.get("/api/tickets/counts").by(by).await.expect(200);
        assert_eq!(counts(&sue).await, json!({"mine": 0, "unassigned": 0, "bot": 0, "all": 0, "closed": 0}));
        let mut tickets = Vec::new();
        for n in 0..4 {
            tickets.push(server.ticket(&ann, &format!("ticket {n}")).await);
        }
        let put = |ticket: &str, body: Value| server.put(&format!("/api/tickets/{ticket}")).by(&sue).json(body);
        put(&tickets[0], json!({"status": "in_progress"})).await.expect(200);
        put(&tickets[1], json!({"status": "closed"})).await.expect(200);
        assert_eq!(counts(&sue).await, json!({"mine": 1, "unassigned": 2, "bot": 0, "all": 3, "closed": 1}));
        let sam = acme.support("sam").await;
        assert_eq!(counts(&sam).await["mine"], 0);
        assert_eq!(
            counts(&other.support("sue").await).await,
            json!({"mine": 0, "unassigned": 0, "bot": 0, "all": 0, "closed": 0})
        );
        server.get("/api/tickets/counts").by(&ann).await.problem(403, "forbidden");

        for (query, expected) in
            [("status=active", 3), ("status=active&support_id=none", 2), ("status=active&support_id=me", 1)]
        {
            let page = server.get(&format!("/api/tickets?{query}")).by(&sue).await.expect(200);
            let listed = page["data"].as_array().expect("a list");
            assert!(
                listed.len() == expected && listed.iter().all(|ticket| ticket["status"] != "closed"),
                "{query}: {page}"
            );
        }
        server.get("/api/tickets?status=alive").by(&sue).await.invalid("status");
        put(&tickets[2], json!({"status": "active"})).await.invalid("status");
    })
    .await;
}

/// A queue of people's work does not show what the bot works at.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_bot_has_is_a_queue_of_its_own() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (ada, sue, ann) = (acme.admin("ada").await, acme.support("sue").await, acme.customer("ann").await);
        let before = server.ticket(&ann, "before there was a bot").await;
        server.put("/api/bot").by(&ada).json(json!({"enabled": true})).await.expect(200);
        let (kept, asked, taken) = (
            server.ticket(&ann, "the bot's").await,
            server.ticket(&ann, "a person, please").await,
            server.ticket(&ann, "with Sue").await,
        );
        server.post(&format!("/api/tickets/{asked}/handoff")).by(&ann).json(json!({})).await.expect(200);
        let take = json!({"status": "in_progress"});
        server.put(&format!("/api/tickets/{taken}")).by(&sue).json(take).await.expect(200);

        let listed = async |query: &str| -> Vec<String> {
            let page = server.get(&format!("/api/tickets?{query}")).by(&sue).await.expect(200);
            let all = page["data"].as_array().expect("a list");
            all.iter().map(|ticket| ticket["ticket_id"].as_str().expect("an id").to_owned()).collect()
        };
        let sorted = |mut ids: Vec<String>| {
            ids.sort();
            ids
        };
        assert_eq!(listed("bot_state=bot").await, [kept.as_str()]);
        assert_eq!(listed("bot_state=handoff_requested").await, [asked.as_str()]);
        assert_eq!(listed("bot_state=human").await, [taken.as_str()]);
        assert_eq!(listed("bot_state=none").await, [before.as_str()]);
        let waiting = sorted(listed("status=active&support_id=none&bot_state=not_bot").await);
        assert_eq!(waiting, sorted(vec![before.clone(), asked.clone()]));
        server.get("/api/tickets?bot_state=robot").by(&sue).await.invalid("bot_state");
        let counts = async || server.get("/api/tickets/counts").by(&sue).await.expect(200);
        assert_eq!(counts().await, json!({"mine": 1, "unassigned": 2, "bot": 1, "all": 4, "closed": 0}));
        assert_eq!(server.get("/api/analytics/live").by(&sue).await.expect(200)["unassigned"], 2);

        server.delete(&format!("/api/tickets/{taken}/handoff")).by(&sue).await.expect(200);
        assert_eq!(counts().await, json!({"mine": 0, "unassigned": 2, "bot": 2, "all": 4, "closed": 0}));
        let close = json!({"status": "closed"});
        server.put(&format!("/api/tickets/{kept}")).by(&ann).json(close).await.expect(200);
        assert_eq!(counts().await, json!({"mine": 0, "unassigned": 2, "bot": 1, "all": 3, "closed": 1}));
        assert_eq!(listed("status=active&bot_state=bot").await, [taken.as_str()]);
    })
    .await;
}

/// What is counted stops at 1,000, however much there is.
#[tokio::test(flavor = "multi_thread")]
async fn a_count_ends_at_a_thousand() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (sue, ann) = (acme.support("sue").await, acme.customer("ann").await);
        server.ticket(&ann, "the first").await;
        let copied = server.running.app.db.write(|tx| {
            for n in 2..=1100_i64 {
                tx.execute(
                    "insert into tickets (tenant_key, ticket_id, number, subject, customer_key, status, priority, tags,
                         channel, custom, created_at, updated_at)
                     select tenant_key, ticket_id || $1, $2, subject, customer_key, status, priority, tags, channel,
                         custom, created_at, updated_at
                     from tickets where number = 1",
                    &[n.to_string().as_str().into(), n.into()],
                )?;
            }
            Ok(())
        });
        copied.await.expect("1,100 tickets");
        let counts = server.get("/api/tickets/counts").by(&sue).await.expect(200);
        assert_eq!(counts, json!({"mine": 0, "unassigned": 1000, "bot": 0, "all": 1000, "closed": 0}));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_found_by_kind_by_words_and_by_ids() {
    on_both_engines(async |server| {
        let (acme, other) = (server.tenant("acme").await, server.tenant("other").await);
        let (ada, ann, bob) = (acme.admin("ada").await, acme.customer("ann").await, acme.customer("bob_100").await);
        let (guest, stranger) = (acme.guest().await, other.customer("zoe").await);
        let profile = json!({"name": "Zoë Müller-Lüdenscheidt", "email": "zoe@shop.example"});
        server.put("/api/users/profile").by(&ann).json(profile).await.expect(200);
        // The account that the tenant's secret key acts as is nobody to give a ticket to.
        assert_eq!(names(&server, &ada, "kind=staff").await, ["ada"]);
        assert_eq!(names(&server, &ada, "kind=customer").await, ["ann", "bob_100"]);
        assert_eq!(names(&server, &ada, "kind=guest").await, [guest.username.as_str()]);
        for (q, expected) in [
            ("zoe", vec!["ann"]),
            ("ZO%C3%8B", vec!["ann"]),
            ("mull", vec!["ann"]),
            ("m%C3%BCller+shop", vec!["ann"]),
            ("ann", vec!["ann"]),
            ("uller", vec![]),
            ("zoe+bob", vec![]),
            ("100", vec!["bob_100"]),
            ("%25", vec![]),
            ("_", vec![]),
            ("'+or+1=1", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(names(&server, &ada, &format!("q={q}")).await, expected, "{q:?}");
        }
        assert_eq!(names(&server, &ada, "q=a&kind=staff").await, ["ada"]);
        let ids = format!("ids={},{},{},nobody", bob.id, ada.id, stranger.id);
        assert_eq!(names(&server, &ada, &ids).await, ["ada", "bob_100"]);
        server.get("/api/users?kind=robot").by(&ada).await.invalid("kind");
        server.get(&format!("/api/users?ids={}", "x,".repeat(100))).by(&ada).await.invalid("ids");
        server.get("/api/users?q=zoe").by(&ann).await.problem(403, "forbidden");
    })
    .await;
}

/// What `ticket_activity` tells, read from each engine; tests/clients shows who is told.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_new_in_a_ticket_is_its_counts_and_its_last_message() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (sue, ann) = (acme.support("sue").await, acme.customer("ann").await);
        let ticket_id = server.ticket(&ann, "Lamp").await;
        let app = &server.running.app;
        let own = TenantKey(server.count("select tenant_key from tickets").await);
        let news_in = async |tenant: TenantKey, side: Side| {
            let found = activity::read(app, vec![(tenant, ticket_id.clone())]).await.expect("read").remove(0);
            found.map(|activity| json!(activity.seen_by(side)))
        };
        let news = async |side| news_in(own, side).await;
        let show = async || server.get(&format!("/api/tickets/{ticket_id}")).by(&sue).await.expect(200);
        let silent = json!({"ticket_id": ticket_id, "last_seq": 0, "unread_count": 0,
            "updated_at": show().await["updated_at"], "last_message": null});
        assert_eq!(news(Side::Staff).await, Some(silent));

        server.say(&ann, &ticket_id, "It is dark").await;
        let said = server.say(&ann, &ticket_id, "in \n here").await;
        let last = json!({"text": "in here", "sender_id": ann.id, "sender_role": "customer", "kind": "text",
            "timestamp": said["timestamp"]});
        let two = |unread: i64, updated_at: &Value| {
            json!({"ticket_id": ticket_id, "last_seq": 2, "unread_count": unread, "updated_at": updated_at,
                "last_message": last})
        };
        let updated_at = &show().await["updated_at"];
        assert_eq!(news(Side::Staff).await, Some(two(2, updated_at)));
        assert_eq!(news(Side::Customer).await, Some(two(0, updated_at)));
        assert_eq!(news_in(app.auth.default_tenant, Side::Staff).await, None, "another tenant's");
        server.delete(&format!("/api/tickets/{ticket_id}")).by(&sue).await.expect(204);
        assert_eq!(news(Side::Staff).await, None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_names_who_did_it() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (sue, ann) = (acme.support("sue").await, acme.customer("ann").await);
        let ticket = server.ticket(&ann, "Lamp").await;
        server.put(&format!("/api/tickets/{ticket}")).by(&sue).json(json!({"priority": "high"})).await.expect(200);
        let history = server.get(&format!("/api/tickets/{ticket}/history")).by(&sue).await.expect(200);
        let told: Vec<(&Value, &Value)> = history["data"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|entry| (&entry["kind"], &entry["actor_name"]))
            .collect();
        assert_eq!(told, [(&json!("ticket_updated"), &json!("sue")), (&json!("ticket_created"), &json!("ann"))]);
    })
    .await;
}
