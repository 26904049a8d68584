//! The bot answers first, and knows when to stop.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::harness::{Engine, Person, Server, Tenant, on_both_engines};

const LATEST: Duration = Duration::from_secs(10);

async fn messages(server: &Server, by: &Person, ticket: &str) -> Vec<Value> {
    let page = server.get(&format!("/api/messages/{ticket}?limit=100")).by(by).await.expect(200);
    page["data"].as_array().expect("a list").clone()
}

/// The bot's word behind what is there, once it comes.
async fn next_word(server: &Server, by: &Person, ticket: &str, after: usize) -> Value {
    let begun = Instant::now();
    loop {
        let said = messages(server, by, ticket).await;
        if let Some(word) = said.into_iter().skip(after).find(|one| one["kind"] == "bot") {
            return word;
        }
        assert!(begun.elapsed() < LATEST, "the bot says nothing");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn ask(server: &Server, by: &Person, ticket: &str, question: &str) -> Value {
    // Runs are listed by their time.
    server.pass(1);
    let before = messages(server, by, ticket).await.len();
    server.say(by, ticket, question).await;
    next_word(server, by, ticket, before + 1).await
}

async fn state(server: &Server, by: &Person, ticket: &str) -> Value {
    server.get(&format!("/api/tickets/{ticket}")).by(by).await.expect(200)["bot_state"].clone()
}

/// A tenant with a bot that knows two things.
async fn with_bot(server: &Server, tenant: &Tenant<'_>) -> Person {
    let ada = tenant.admin("ada").await;
    for (title, body) in [
        (
            "What does delivery cost?",
            "Delivery costs four euros, <img src=x onerror=alert(1)> and is free from two bags on.",
        ),
        ("How do I pause my subscription?", "Choose Pause under **Account**."),
    ] {
        let new = json!({"title": title, "body": body, "status": "published"});
        server.post("/api/kb/articles").by(&ada).json(new).await.expect(201);
    }
    let settings = json!({"enabled": true, "name": "Lantern", "article_url": "https://help.example/{slug}"});
    server.put("/api/bot").by(&ada).json(settings).await.expect(200);
    ada
}

#[tokio::test(flavor = "multi_thread")]
async fn a_covered_question_is_answered_with_its_source_and_another_is_handed_over() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let ada = with_bot(&server, &acme).await;
        let (sue, guest) = (acme.support("sue").await, acme.guest().await);
        let new = json!({"subject": "Hi", "message_content": "How much is delivery?"});
        let ticket = server.post("/api/tickets").by(&guest).json(new).await.expect(201);
        assert_eq!((&ticket["bot_state"], &ticket["support_id"]), (&json!("bot"), &Value::Null));
        let ticket = ticket["ticket_id"].as_str().expect("an id").to_owned();
        let answer = next_word(&server, &guest, &ticket, 1).await;
        let text = answer["message_content"].as_str().expect("text");
        assert!(text.contains("four euros") && text.contains("<img src=x"), "plain text, as it stands: {text}");
        assert!(text.ends_with("What does delivery cost?: https://help.example/what-does-delivery-cost"), "{text}");
        assert_eq!((&answer["sender"]["name"], &answer["seq"]), (&json!("Lantern"), &json!(2)));
        assert_eq!(server.get(&format!("/api/tickets/{ticket}")).by(&sue).await.expect(200)["status"], "open");

        let hello = ask(&server, &guest, &ticket, "thank you!").await;
        assert!(hello["message_content"].as_str().expect("text").contains("welcome"));
        let asked = ask(&server, &guest, &ticket, "??").await;
        assert!(asked["message_content"].as_str().expect("text").contains("sentence"));
        assert_eq!(state(&server, &guest, &ticket).await, "bot", "small talk hands nothing over");

        let over = ask(&server, &guest, &ticket, "Do you repair zeppelins on the moon?").await;
        assert!(over["message_content"].as_str().expect("text").contains("colleague"));
        assert_eq!(state(&server, &guest, &ticket).await, "handoff_requested");
        let notes = server.get(&format!("/api/tickets/{ticket}/notes")).by(&sue).await.expect(200);
        let note = notes["data"][0]["body"].as_str().expect("a note");
        assert!(
            note.contains("no article covers this")
                && !note.contains("low_confidence")
                && note.contains("zeppelins")
                && note.contains("How much is delivery?")
        );
        let runs = server.get(&format!("/api/bot/runs?ticket_id={ticket}")).by(&sue).await.expect(200);
        let outcomes: Vec<_> =
            runs["data"].as_array().expect("runs").iter().map(|run| run["outcome"].clone()).collect();
        assert_eq!(json!(outcomes), json!(["handed_over", "asked_back", "small_talk", "answered"]));
        let first = &runs["data"][3];
        assert_eq!((&first["seq"], &first["reply_seq"]), (&json!(1), &json!(2)));
        assert_eq!(first["passages"][0]["slug"], "what-does-delivery-cost");
        assert_eq!(runs["data"][0]["reason"], "low_confidence");
        server.get("/api/bot/runs").by(&guest).await.problem(403, "forbidden");
        assert!(ada.id != answer["sender_id"].as_str().expect("an id"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_in_charge_from_their_first_word_until_they_give_it_back() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        with_bot(&server, &acme).await;
        let (sue, ann) = (acme.support("sue").await, acme.customer("ann").await);
        let ticket = server.ticket(&ann, "Hi").await;
        ask(&server, &ann, &ticket, "What does delivery cost?").await;
        server.say(&sue, &ticket, "I am here.").await;
        assert_eq!(state(&server, &sue, &ticket).await, "human");
        server.say(&ann, &ticket, "And how do I pause my subscription?").await;
        let history = server.get(&format!("/api/tickets/{ticket}/history")).by(&sue).await.expect(200);
        let changes = history["data"].as_array().expect("a list").iter();
        assert!(changes.clone().any(|entry| entry["data"]["reason"] == "staff_wrote"), "{history}");

        // Only what is owed is ever answered, so that nothing comes late either.
        assert_eq!(server.count("select count(*) from tickets where bot_due_seq is not null").await, 0);
        server.delete(&format!("/api/tickets/{ticket}/handoff")).by(&ann).await.problem(403, "forbidden");
        let back = server.delete(&format!("/api/tickets/{ticket}/handoff")).by(&sue).await.expect(200);
        assert_eq!(
            (&back["bot_state"], &back["support_id"], &back["status"]),
            (&json!("bot"), &Value::Null, &json!("open"))
        );
        let answer = ask(&server, &ann, &ticket, "How can I pause my subscription?").await;
        assert!(answer["message_content"].as_str().expect("text").contains("Choose Pause under Account."));

        // To take it says who is there; nobody else writes for the bot from then on.
        let path = format!("/api/tickets/{ticket}");
        let taken = server.put(&path).by(&sue).json(json!({"status": "in_progress"})).await.expect(200);
        assert_eq!((&taken["bot_state"], &taken["support_id"]), (&json!("human"), &json!(sue.id)));
        let said = messages(&server, &ann, &ticket).await;
        let last = said.last().expect("messages");
        assert_eq!((&last["kind"], &last["message_content"]), (&json!("event"), &json!("sue is with you now.")));
        let all: Vec<_> = said.iter().map(|one| one["seq"].as_i64().expect("a number")).collect();
        assert_eq!(all, (1..=all.len() as i64).collect::<Vec<_>>(), "no hole");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_gets_a_person_by_asking() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        with_bot(&server, &acme).await;
        let (ann, bob, sue) = (acme.customer("ann").await, acme.customer("bob").await, acme.support("sue").await);
        let wish = server.ticket(&ann, "Hi").await;
        let over = ask(&server, &ann, &wish, "Ich möchte mit einem Menschen sprechen, was kostet die Lieferung?").await;
        assert!(over["message_content"].as_str().expect("text").contains("weiter"), "in their language: {over}");
        assert_eq!(state(&server, &ann, &wish).await, "handoff_requested");

        let button = server.ticket(&ann, "Hi").await;
        let path = format!("/api/tickets/{button}/handoff");
        server.post(&path).by(&bob).json(json!({})).await.problem(404, "not_found");
        let asked = server.post(&path).by(&ann).json(json!({})).await.expect(200);
        assert_eq!(asked["bot_state"], "handoff_requested");
        server.post(&path).by(&ann).json(json!({})).await.expect(200);
        assert_eq!(messages(&server, &ann, &button).await.len(), 1, "told once");

        let new = json!({"subject": "Hi", "message_content": "What does delivery cost?", "bot": false});
        let chosen = server.post("/api/tickets").by(&ann).json(new).await.expect(201);
        assert_eq!((&chosen["bot_state"], &chosen["last_seq"]), (&json!("handoff_requested"), &json!(2)));

        // A page makes the ticket first: the customer's words stand above the sentence all the same, and in the note.
        let new = json!({"subject": "Hi", "bot": false});
        let silent = server.post("/api/tickets").by(&ann).json(new).await.expect(201);
        assert_eq!((&silent["bot_state"], &silent["last_seq"]), (&json!("handoff_requested"), &json!(0)));
        let silent = silent["ticket_id"].as_str().expect("id").to_owned();
        server.say(&ann, &silent, "Was kostet die Lieferung?").await;
        server.say(&ann, &silent, "Hallo?").await;
        let said = messages(&server, &ann, &silent).await;
        let kinds: Vec<_> = said.iter().map(|message| message["kind"].as_str().expect("kind")).collect();
        assert_eq!(kinds, ["text", "bot", "text"]);
        assert!(said[1]["message_content"].as_str().expect("text").contains("weiter"), "in their language: {said:?}");
        let notes = server.get(&format!("/api/tickets/{silent}/notes")).by(&sue).await.expect(200);
        assert_eq!(notes["data"].as_array().expect("notes").len(), 1);
        let note = notes["data"][0]["body"].as_str().expect("body");
        assert!(note.contains("from the start") && note.contains("- Was kostet die Lieferung?"), "{note}");

        // Where staff write first, there is nothing to hand over any more.
        let new = json!({"subject": "Hi", "bot": false});
        let greeted = server.post("/api/tickets").by(&ann).json(new).await.expect(201);
        let greeted = greeted["ticket_id"].as_str().expect("id").to_owned();
        server.say(&sue, &greeted, "Hello, Sue here").await;
        server.say(&ann, &greeted, "Hello").await;
        assert_eq!(messages(&server, &ann, &greeted).await.len(), 2);

        let again = server.ticket(&ann, "Hi").await;
        ask(&server, &ann, &again, "What does delivery cost?").await;
        ask(&server, &ann, &again, "that did not help").await;
        let repeated = server.ticket(&ann, "Hi").await;
        ask(&server, &ann, &repeated, "What does delivery cost?").await;
        ask(&server, &ann, &repeated, "what does delivery cost").await;
        for (ticket, reason) in [(&again, "not_helped"), (&repeated, "repeated")] {
            let runs = server.get(&format!("/api/bot/runs?ticket_id={ticket}")).by(&sue).await.expect(200);
            assert_eq!(runs["data"][0]["reason"], reason);
        }

        // What staff open for somebody is no bot's.
        let for_ann = json!({"subject": "We call you", "customer_id": ann.id});
        assert_eq!(server.post("/api/tickets").by(&sue).json(for_ann).await.expect(201)["bot_state"], Value::Null);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_is_off_until_it_is_on_and_off_at_once() {
    on_both_engines(async |server| {
        let (acme, other) = (server.tenant("acme").await, server.tenant("other").await);
        let (ann, cat) = (acme.customer("ann").await, other.customer("cat").await);
        let ada = with_bot(&server, &acme).await;
        let none = server.ticket(&cat, "Hi").await;
        server.say(&cat, &none, "What does delivery cost?").await;
        assert_eq!(state(&server, &cat, &none).await, Value::Null);

        let ticket = server.ticket(&ann, "Hi").await;
        ask(&server, &ann, &ticket, "What does delivery cost?").await;
        server.put("/api/bot").by(&ada).json(json!({"enabled": false})).await.expect(200);
        let over = ask(&server, &ann, &ticket, "How do I pause my subscription?").await;
        assert!(over["message_content"].as_str().expect("text").contains("colleague"));
        let runs = server.get("/api/bot/runs?limit=1").by(&ada).await.expect(200);
        assert_eq!(runs["data"][0]["reason"], "bot_off");
        let later = server.ticket(&ann, "Hi").await;
        assert_eq!(state(&server, &ann, &later).await, Value::Null);
        server.delete(&format!("/api/tickets/{later}/handoff")).by(&ada).await.problem(409, "bot_off");
        assert_eq!(messages(&server, &cat, &none).await.len(), 1);

        let people = server.get("/api/users?kind=staff").by(&ada).await.expect(200);
        assert!(!people.to_string().contains("Lantern"), "nobody gives it a ticket");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_assigned_while_the_bot_has_it() {
    let server = Server::sqlite().await;
    let acme = server.tenant("acme").await;
    with_bot(&server, &acme).await;
    let ann = acme.customer("ann").await;
    let ticket = server.ticket(&ann, "Hi").await;
    assert_eq!(
        server
            .count("select count(*) from tickets where status = 'open' and support_key is null and is_held = false")
            .await,
        0
    );
    ask(&server, &ann, &ticket, "agent please").await;
    assert_eq!(
        server
            .count("select count(*) from tickets where status = 'open' and support_key is null and is_held = false")
            .await,
        1
    );
    // Closed by its customer and reopened while the bot has it, it is still the bot's.
    let other = server.ticket(&ann, "Hi").await;
    let path = format!("/api/tickets/{other}");
    server.put(&path).by(&ann).json(json!({"status": "closed"})).await.expect(200);
    let answer = ask(&server, &ann, &other, "What does delivery cost?").await;
    assert!(answer["message_content"].as_str().expect("text").contains("four euros"));
    assert_eq!(
        server
            .count("select count(*) from tickets where status = 'open' and support_key is null and is_held = false")
            .await,
        1
    );
}

#[tokio::test]
async fn what_a_bot_may_not_be() {
    let server = Server::sqlite().await;
    let acme = server.tenant("acme").await;
    let (ada, sue) = (acme.admin("ada").await, acme.support("sue").await);
    for (field, value) in [
        ("enabled", json!("yes")),
        ("name", json!("")),
        ("avatar_url", json!("javascript:alert(1)")),
        ("threshold", json!(0)),
        ("threshold", json!(1.5)),
        ("article_url", json!("https://help.example/")),
        ("timezone", json!("Berlin")),
        ("hours", json!([{"day": "mon", "from": "17:00", "to": "09:00"}])),
        ("handoff_open", json!("x".repeat(1001))),
        ("mood", json!("sunny")),
    ] {
        server.put("/api/bot").by(&ada).json(json!({field: value})).await.invalid(field);
    }
    server.get("/api/bot").by(&sue).await.problem(403, "forbidden");
    server.put("/api/bot").by(&sue).json(json!({"enabled": true})).await.problem(403, "forbidden");
    let profile = server.get("/api/bot/profile").key(&acme.publishable_key).await.expect(200);
    assert_eq!((&profile["enabled"], &profile["is_open"]), (&json!(false), &Value::Null));
    let hours = json!({"timezone": "Europe/Berlin", "hours": [{"day": "sun", "from": "00:00", "to": "00:01"}]});
    server.put("/api/bot").by(&ada).json(hours).await.expect(200);
    let closed = server.get("/api/bot/profile").key(&acme.publishable_key).await.expect(200);
    assert_eq!((&closed["is_open"], closed["opens"].is_string()), (&json!(false), true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_closed_under_the_bot_and_opened_again_waits_for_a_person() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let ada = with_bot(&server, &acme).await;
        let (sue, ann) = (acme.support("sue").await, acme.customer("ann").await);
        let ticket = server.ticket(&ann, "Hi").await;
        let path = format!("/api/tickets/{ticket}");
        let set = async |status: &str| server.put(&path).by(&ann).json(json!({"status": status})).await.expect(200);
        set("closed").await;
        let before = messages(&server, &ann, &ticket).await.len();
        let asked = server.post(&format!("{path}/handoff")).by(&ann).json(json!({})).await.expect(200);
        assert_eq!((&asked["status"], &asked["bot_state"]), (&json!("closed"), &json!("bot")));
        assert_eq!(messages(&server, &ann, &ticket).await.len(), before, "nobody is promised");
        let opened = set("open").await;
        assert_eq!((&opened["status"], &opened["bot_state"]), (&json!("open"), &json!("handoff_requested")));
        server.say(&sue, &ticket, "Here I am").await;
        assert_eq!(state(&server, &ann, &ticket).await, "human");

        // And nobody shuts the bot's own account out.
        let other = server.ticket(&ann, "Hi").await;
        let bot = ask(&server, &ann, &other, "How much is delivery?").await["sender_id"].clone();
        let bot = format!("/api/users/{}", bot.as_str().expect("an id"));
        server.put(&bot).by(&ada).json(json!({"is_disabled": true})).await.problem(403, "forbidden");
        server.put(&bot).by(&ada).json(json!({"roles": ["customer"]})).await.problem(403, "forbidden");
    })
    .await;
}

/// Eight of one tenant are asked about at once: more than that have to wait, and no longer than one that is asked about.
#[tokio::test(flavor = "multi_thread")]
async fn who_waited_too_long_for_a_turn_gets_a_person() {
    let model = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let host = model.local_addr().expect("it is bound").to_string();
    let own = host.clone();
    let server = Server::start_with(Engine::Sqlite, |config| config.outbound.own_hosts = own).await;
    let acme = server.tenant("acme").await;
    let ada = acme.admin("ada").await;
    let openai =
        json!({"provider": "openai", "url": format!("http://{host}/v1"), "name": "silent", "deadline_seconds": 5});
    let settings = json!({"enabled": true, "engine": "model", "model": openai});
    server.put("/api/bot").by(&ada).json(settings).await.expect(200);
    let mut asked = Vec::new();
    for number in 0..9 {
        let customer = acme.customer(&format!("customer{number}")).await;
        let ticket = server.ticket(&customer, "Delivery").await;
        asked.push((customer, ticket));
    }
    for (customer, ticket) in &asked {
        server.say(customer, ticket, "What does delivery cost?").await;
    }
    let mut silent = Vec::new();
    while silent.len() < 8 {
        silent.push(model.accept().await.expect("a connection"));
    }
    server.pass(27);
    join_all(asked.iter().map(|(customer, ticket)| next_word(&server, customer, ticket, 1))).await;
    let runs = server.get("/api/bot/runs?limit=100").by(&ada).await.expect(200);
    let runs = runs["data"].as_array().expect("a list");
    assert!(runs.iter().all(|run| run["reason"] == "model_failed"), "{runs:?}");
    let how_many = |error: &str| runs.iter().filter(|run| run["error"] == error).count();
    assert_eq!((how_many("model_timeout"), how_many("waited_too_long")), (8, 1), "{runs:?}");
    assert_eq!(state(&server, &asked[8].0, &asked[8].1).await, "handoff_requested", "the last one asked");
}
