//! Webhooks against a real receiver: what is told, in which order, how often, and to whom it is not.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use smilechat::error::Result;
use smilechat::notifications::{deliver_due, derive, sweep};
use smilechat::platform::db::{Dialect, Tx};
use smilechat::platform::secret::hmac_sha256;
use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;

use crate::harness::{Engine, Person, Server};

const PATH: &str = "/api/webhooks";

/// One request as it came.
#[derive(Clone)]
struct Got {
    path: String,
    headers: HeaderMap,
    raw: String,
    body: Value,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().expect("ASCII")
    }

    fn id(&self) -> &str {
        self.header("webhook-id")
    }

    fn kind(&self) -> &str {
        self.body["type"].as_str().expect("a type")
    }

    /// Whether one of its signatures is of this secret, as Standard Webhooks has it.
    fn is_signed_by(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").expect("the prefix")).expect("base64");
        let signed = format!("{}.{}.{}", self.id(), self.header("webhook-timestamp"), self.raw);
        let signature = format!("v1,{}", STANDARD.encode(hmac_sha256(&key, &[signed.as_bytes()])));
        self.header("webhook-signature").split(' ').any(|one| one == signature)
    }
}

/// A server of a tenant's. Each path is answered as it is told, 204 at first; `None` is when it is released.
#[derive(Clone)]
struct Receiver {
    released: Arc<Notify>,
    origin: String,
    got: Arc<Mutex<Vec<Got>>>,
    answers: Arc<Mutex<BTreeMap<String, Option<Response<()>>>>>,
}

impl Receiver {
    async fn serve() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let receiver = Self { released: Arc::default(), origin, got: Arc::default(), answers: Arc::default() };
        let served = receiver.clone();
        let answer = move |request: Request<Body>| {
            let served = served.clone();
            async move { served.answer(request).await }
        };
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
        receiver
    }

    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let (path, headers) = (request.uri().path().to_owned(), request.headers().clone());
        let bytes = axum::body::to_bytes(request.into_body(), 1 << 20).await.expect("a body");
        let raw = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        let body = serde_json::from_str(&raw).expect("JSON");
        self.got.lock().expect("no panic").push(Got { path: path.clone(), headers, raw, body });
        let answer = self.answers.lock().expect("no panic").get(&path).cloned();
        match answer {
            Some(Some(answer)) => return answer.map(|()| Body::from("no word of this is read")),
            Some(None) => self.released.notified().await,
            None => {}
        }
        Response::builder().status(204).body(Body::empty()).expect("a response")
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    fn say(&self, path: &str, status: u16, headers: &[(&'static str, &str)]) {
        let response = headers
            .iter()
            .fold(Response::builder().status(status), |response, (name, value)| response.header(*name, *value));
        let response = response.body(()).expect("a response");
        self.answers.lock().expect("no panic").insert(path.into(), Some(response));
    }

    fn hold(&self, path: &str) {
        self.answers.lock().expect("no panic").insert(path.into(), None);
    }

    fn recover(&self, path: &str) {
        self.answers.lock().expect("no panic").remove(path);
    }

    fn got(&self, path: &str) -> Vec<Got> {
        self.got.lock().expect("no panic").iter().filter(|got| got.path == path).cloned().collect()
    }

    fn kinds(&self, path: &str) -> Vec<String> {
        self.got(path).iter().map(|got| got.kind().to_owned()).collect()
    }

    /// Once there are so many; and there are no more.
    async fn until(&self, path: &str, count: usize) -> Vec<Got> {
        until(async || self.got(path).len() >= count).await;
        let got = self.got(path);
        assert_eq!(got.len(), count, "{:?}", self.kinds(path));
        got
    }
}

async fn until(is_so: impl AsyncFn() -> bool) {
    for _ in 0..500 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it did not come to that");
}

/// On both engines, with a receiver that the operator allows.
async fn with_receiver(case: impl AsyncFn(Server, Receiver)) {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        println!("on {engine:?}");
        let receiver = Receiver::serve().await;
        let host = receiver.origin.replace("http://", "");
        let server = Server::start_with(engine, |config| {
            config.outbound.own_hosts = host;
            config.notifications.webhook_timeout_seconds = 25;
            // Days pass here.
            config.auth.access_token_seconds = 30 * 86_400;
            config.auth.refresh_token_seconds = 60 * 86_400;
        })
        .await;
        let db = server.running.app.db.clone();
        case(server, receiver).await;
        db.close().await;
    }
}

async fn create(server: &Server, by: &Person, url: &str, types: &[&str]) -> Value {
    server.post(PATH).by(by).json(json!({"url": url, "types": types})).await.expect(201)
}

fn place(webhook: &Value) -> String {
    format!("{PATH}/{}", webhook["webhook_id"].as_str().expect("an id"))
}

/// All that happened is told, as far as its time has come. The server's own loops are at it too.
async fn settle(server: &Server) {
    let (app, now) = (&server.running.app, server.now());
    derive(app).await.expect("derived");
    let is_told = async || {
        deliver_due(app).await.expect("delivered");
        let left = app.db.read(move |tx| {
            let sql = "select count(*) from webhook_deliveries d join webhooks w on w.webhook_key = d.webhook_key
                 where d.claimed_until is not null or (d.state = 'pending' and d.next_at <= $1 and w.is_enabled = true)";
            tx.one(sql, &[now.into()], |row| row.take::<i64>())
        });
        left.await.expect("a count") == 0
    };
    until(is_told).await;
}

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
async fn what_is_not_taken_is_sent_again_with_the_same_id_and_its_ticket_waits() {
    with_receiver(async |server, receiver| {
        let acme = server.tenant("acme").await;
        let (ada, ann) = (acme.admin("ada").await, acme.customer("ann").await);
        let webhook = create(&server, &ada, &receiver.url("/hook"), &["ticket.created", "message.sent"]).await;
        create(&server, &ada, &receiver.url("/well"), &["message.sent"]).await;
        receiver.say("/hook", 500, &[]);
        let ticket = server.ticket(&ann, "Lamp").await;
        server.say(&ann, &ticket, "one").await;
        server.say(&ann, &ticket, "two").await;
        settle(&server).await;
        receiver.until("/hook", 1).await;
        assert_eq!(receiver.kinds("/well"), ["message.sent", "message.sent"], "another one is told");
        let state = async |state: &str| {
            let path = format!("{}/deliveries?state={state}", place(&webhook));
            server.get(&path).by(&ada).await.expect(200)["data"].as_array().expect("a list").clone()
        };
        let pending = state("pending").await;
        assert_eq!(
            (&pending[0]["type"], &pending[0]["last_error"]),
            (&json!("ticket.created"), &json!("server_error"))
        );
        assert_eq!((pending.len(), state("waiting").await.len()), (1, 2));
        let shown = server.get(&place(&webhook)).by(&ada).await.expect(200);
        assert!(shown["failing_since"].is_string() && shown["is_enabled"] == true);

        // By the table, each a little later at most.
        for (attempts, seconds) in (2..).zip([5, 300, 1800, 7200]) {
            server.pass(seconds - 1);
            settle(&server).await;
            receiver.until("/hook", attempts - 1).await;
            server.pass(1 + seconds / 10 + 1);
            settle(&server).await;
            receiver.until("/hook", attempts).await;
        }
        receiver.say("/hook", 503, &[("retry-after", "40000")]);
        server.pass(20_000);
        settle(&server).await;
        receiver.until("/hook", 6).await;
        server.pass(39_999);
        settle(&server).await;
        receiver.until("/hook", 6).await;
        receiver.recover("/hook");
        server.pass(1);
        settle(&server).await;
        let told = receiver.until("/hook", 9).await;
        assert!(told[..7].iter().all(|got| got.id() == told[0].id() && got.raw == told[0].raw));
        assert_eq!(receiver.kinds("/hook")[6..], ["ticket.created", "message.sent", "message.sent"]);
        let shown = server.get(&place(&webhook)).by(&ada).await.expect(200);
        assert_eq!(shown["failing_since"], Value::Null);

        // Ten attempts, and then the next.
        receiver.say("/hook", 400, &[]);
        server.say(&ann, &ticket, "three").await;
        server.say(&ann, &ticket, "four").await;
        settle(&server).await;
        for seconds in [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400] {
            server.pass(seconds * 11 / 10 + 1);
            settle(&server).await;
        }
        let failed = state("failed").await;
        assert_eq!((failed.len(), &failed[0]["attempts"], &failed[0]["last_status"]), (1, &json!(10), &json!(400)));
        assert_eq!((&failed[0]["last_error"], &failed[0]["next_at"]), (&json!("rejected"), &Value::Null));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn receivers_that_do_not_answer_delay_nobody_else() {
    with_receiver(async |server, receiver| {
        let app = server.running.app.clone();
        let (acme, other, third) =
            (server.tenant("acme").await, server.tenant("other").await, server.tenant("third").await);
        let (ada, ann) = (acme.admin("ada").await, acme.customer("ann").await);
        let (zoe, tom) = (other.admin("zoe").await, other.customer("tom").await);
        let (eve, kim) = (third.admin("eve").await, third.customer("kim").await);
        receiver.hold("/dead");
        // Three of a tenant's do not delay its fourth. Nine of another's would hold the places that are left.
        for (by, count) in [(&ada, 3), (&zoe, 17)] {
            for _ in 0..count {
                create(&server, by, &receiver.url("/dead"), &["ticket.created"]).await;
            }
        }
        create(&server, &ada, &receiver.url("/ada"), &["ticket.created"]).await;
        for _ in 0..20 {
            server.ticket(&ann, "Lamp").await;
            server.ticket(&tom, "Lamp").await;
        }
        derive(&app).await.expect("derived");
        receiver.until("/ada", 20).await;
        let held = 12 + 16;
        receiver.until("/dead", held).await;

        let begun = Instant::now();
        create(&server, &eve, &receiver.url("/eve"), &["ticket.created"]).await;
        for _ in 0..20 {
            server.ticket(&kim, "Lamp").await;
        }
        derive(&app).await.expect("derived");
        receiver.until("/eve", 20).await;
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        receiver.until("/dead", held).await;
        let under_way = "select count(*) from webhook_deliveries where claimed_until is not null";
        until(async || server.count(under_way).await == held as i64).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_webhook_leaves_connections_to_messages() {
    with_receiver(async |server, receiver| {
        let app = server.running.app.clone();
        let acme = server.tenant("acme").await;
        let (ada, ann) = (acme.admin("ada").await, acme.customer("ann").await);
        receiver.hold("/hook");
        for _ in 0..3 {
            create(&server, &ada, &receiver.url("/hook"), &["ticket.created"]).await;
        }
        for _ in 0..3 {
            server.ticket(&ann, "Lamp").await;
        }
        let ticket = server.ticket(&ann, "Lamp").await;
        derive(&app).await.expect("derived");
        receiver.until("/hook", 12).await;

        // Somebody holds the webhooks, as deriving does; and then twelve are answered. SQLite has one that writes anyway.
        if app.db.read(|tx| Ok(tx.dialect())).await.expect("read") == Dialect::Postgres {
            let (held, is_held) = oneshot::channel();
            let (release, is_released) = std::sync::mpsc::channel::<()>();
            let db = app.db.clone();
            let hold = tokio::spawn(async move {
                let hold = db.write(move |tx| {
                    tx.all("select webhook_key from webhooks for update", &[], |row| row.take::<i64>())?;
                    let _ = held.send(());
                    let _ = is_released.recv_timeout(Duration::from_secs(5));
                    Ok(())
                });
                hold.await
            });
            is_held.await.expect("held");
            receiver.released.notify_waiters();
            let waiting =
                "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
            until(async || server.count(waiting).await > 0).await;
            for word in ["one", "two", "three"] {
                tokio::time::sleep(Duration::from_millis(100)).await;
                server.say(&ann, &ticket, word).await;
                assert_eq!(server.count(waiting).await, 1, "of four connections");
            }
            release.send(()).expect("released");
            hold.await.expect("no panic").expect("held");
        } else {
            receiver.released.notify_waiters();
        }
        let done = "select count(*) from webhook_deliveries where state = 'delivered'";
        until(async || server.count(done).await == 12).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_gone_or_fails_for_days_is_switched_off_and_goes_on_where_it_was() {
    with_receiver(async |server, receiver| {
        let acme = server.tenant("acme").await;
        let (ada, ann) = (acme.admin("ada").await, acme.customer("ann").await);
        let gone = create(&server, &ada, &receiver.url("/gone"), &["ticket.created"]).await;
        let failing = create(&server, &ada, &receiver.url("/failing"), &["ticket.created"]).await;
        receiver.say("/gone", 410, &[]);
        receiver.say("/failing", 502, &[]);
        server.ticket(&ann, "one").await;
        settle(&server).await;
        let shown = server.get(&place(&gone)).by(&ada).await.expect(200);
        assert_eq!((&shown["is_enabled"], &shown["disabled_reason"]), (&json!(false), &json!("gone")));
        let audit = server.get("/api/audit?limit=1").by(&ada).await.expect(200);
        let told = &audit["data"][0];
        assert_eq!((&told["kind"], &told["actor_id"]), (&json!("webhook_saved"), &Value::Null));
        assert_eq!((&told["data"]["change"], &told["data"]["values"]["reason"]), (&json!("disabled"), &json!("gone")));
        // Nothing is noted down for it now.
        server.ticket(&ann, "two").await;
        settle(&server).await;
        let log = |webhook: &Value| format!("{}/deliveries", place(webhook));
        let count = async |webhook: &Value| {
            server.get(&log(webhook)).by(&ada).await.expect(200)["data"].as_array().expect("a list").len()
        };
        assert_eq!((count(&gone).await, count(&failing).await), (1, 2));
        for _ in 0..5 {
            server.pass(100_000);
            settle(&server).await;
        }
        let shown = server.get(&place(&failing)).by(&ada).await.expect(200);
        assert_eq!((&shown["is_enabled"], &shown["disabled_reason"]), (&json!(false), &json!("failing")));
        let sent = receiver.got("/failing").len();
        server.pass(200_000);
        settle(&server).await;
        assert_eq!((receiver.got("/failing").len(), receiver.got("/gone").len()), (sent, 1));

        // What waited goes on, and what happens from now on; not what happened in between.
        receiver.recover("/gone");
        let on = json!({"is_enabled": true});
        let shown = server.put(&place(&gone)).by(&ada).json(on).await.expect(200);
        assert_eq!((&shown["disabled_reason"], &shown["failing_since"]), (&Value::Null, &Value::Null));
        server.ticket(&ann, "three").await;
        settle(&server).await;
        let subjects: Vec<_> =
            receiver.got("/gone")[1..].iter().map(|got| got.body["data"]["ticket"]["subject"].clone()).collect();
        assert_eq!(subjects, ["one", "three"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_exchanged_a_try_is_sent_and_one_is_sent_again_by_hand() {
    with_receiver(async |server, receiver| {
        let app = server.running.app.clone();
        let acme = server.tenant("acme").await;
        let (ada, ann) = (acme.admin("ada").await, acme.customer("ann").await);
        let webhook = create(&server, &ada, &receiver.url("/hook"), &["ticket.created"]).await;
        let old = webhook["secret"].as_str().expect("a secret").to_owned();
        let call = server.post(&format!("{}/secret", place(&webhook))).by(&ada).json(json!({}));
        let new = call.await.expect(200)["secret"].as_str().expect("a secret").to_owned();
        assert_ne!(old, new);
        let test = async || server.post(&format!("{}/test", place(&webhook))).by(&ada).await.expect(200);
        let tried = test().await;
        assert_eq!((&tried["status"], &tried["error"]), (&json!(204), &Value::Null));
        let got = &receiver.until("/hook", 1).await[0];
        assert_eq!(got.kind(), "webhook.test");
        assert!(got.is_signed_by(&old) && got.is_signed_by(&new));
        server.pass(24 * 3600);
        receiver.say("/hook", 404, &[]);
        let tried = test().await;
        assert_eq!((&tried["status"], &tried["error"]), (&json!(404), &json!("rejected")));
        let got = &receiver.until("/hook", 2).await[1];
        assert!(!got.is_signed_by(&old) && got.is_signed_by(&new));
        receiver.recover("/hook");
        for path in [place(&webhook), PATH.to_owned()] {
            let shown = server.get(&path).by(&ada).await.expect(200).to_string();
            assert!(!shown.contains("whsec_"), "{shown}");
        }

        server.ticket(&ann, "Lamp").await;
        settle(&server).await;
        let first = receiver.until("/hook", 3).await[2].clone();
        let retry = format!("{}/deliveries/{}/retry", place(&webhook), first.id());
        let again = server.post(&retry).by(&ada).json(json!({})).await.expect(200);
        assert_eq!(again["delivery_id"], first.id());
        settle(&server).await;
        let second = receiver.until("/hook", 4).await[3].clone();
        assert_eq!((second.id(), &second.raw), (first.id(), &first.raw));
        server.post(&format!("{}/deliveries/msg_none/retry", place(&webhook))).by(&ada).await.problem(404, "not_found");

        // Kept for thirty days; and gone with its webhook.
        server.pass(30 * 86_400 + 1);
        sweep(&app).await.expect("swept");
        assert_eq!(server.count("select count(*) from webhook_deliveries").await, 0);
        let ada = acme.login("ada").await;
        let ann = acme.login("ann").await;
        server.ticket(&ann, "Lamp").await;
        settle(&server).await;
        server.delete(&place(&webhook)).by(&ada).await.expect(204);
        server.get(&place(&webhook)).by(&ada).await.problem(404, "not_found");
        sweep(&app).await.expect("swept");
        assert_eq!(server.count("select count(*) from webhook_deliveries").await, 0);
        assert_eq!(server.count("select count(*) from webhooks").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_thing_is_told_once_whoever_derives_and_however_often_it_is_cut_off() {
    with_receiver(async |server, receiver| {
        let app = server.running.app.clone();
        let acme = server.tenant("acme").await;
        let (ada, ann) = (acme.admin("ada").await, acme.customer("ann").await);
        create(&server, &ada, &receiver.url("/hook"), &["ticket.created", "message.sent"]).await;
        let mut tickets = Vec::new();
        for _ in 0..5 {
            tickets.push(server.ticket(&ann, "Lamp").await);
        }
        for round in 0..40_u64 {
            let ticket = &tickets[round as usize % tickets.len()];
            server.say(&ann, ticket, &format!("{round}")).await;
            let _ = timeout(Duration::from_micros(round * 97 % 4000), derive(&app)).await;
            let (one, another) = tokio::join!(derive(&app), derive(&app));
            one.and(another).expect("derived");
        }
        settle(&server).await;
        let told = receiver.until("/hook", 45).await;
        for ticket in &tickets {
            let of_ticket: Vec<_> = told.iter().filter(|got| got.raw.contains(ticket.as_str())).collect();
            assert_eq!(of_ticket[0].kind(), "ticket.created");
            let seqs: Vec<_> =
                of_ticket[1..].iter().map(|got| got.body["data"]["message"]["seq"].as_i64().expect("a seq")).collect();
            assert_eq!(seqs, (1..=8).collect::<Vec<_>>());
        }
        assert_eq!(server.count("select count(*) from webhook_deliveries").await, 45);
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

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_stops_nobody() {
    with_receiver(async |server, receiver| {
        let app = server.running.app.clone();
        let (acme, other) = (server.tenant("acme").await, server.tenant("other").await);
        let (ada, ann) = (acme.admin("ada").await, acme.customer("ann").await);
        let (zoe, tom) = (other.admin("zoe").await, other.customer("tom").await);
        create(&server, &ada, &receiver.url("/hook"), &[]).await;
        create(&server, &zoe, &receiver.url("/zoe"), &[]).await;
        let (odd, strange) = (server.ticket(&ann, "Lamp").await, server.ticket(&ann, "Chair").await);
        server.say(&ann, &strange, "Hello?").await;
        settle(&server).await;
        let told = receiver.got("/hook").len();

        // An event of a ticket in a state, and a message of a kind, that this version does not know.
        let write = app.db.write(move |tx| {
            let update = "update tickets set status = 'dreaming' where ticket_id = $1";
            tx.execute(update, &[odd.as_str().into()])?;
            let event = "insert into events (tenant_key, kind, ticket_id, data, timestamp)
                 select tenant_key, 'ticket_updated', ticket_id, '{}', updated_at from tickets where ticket_id = $1";
            tx.execute(event, &[odd.as_str().into()])?;
            fill(tx, &strange, 2)?;
            tx.execute("update messages set kind = 'song' where seq = 2", &[])
        });
        assert_eq!(write.await.expect("written"), 1);
        let ticket = server.ticket(&ann, "Table").await;
        server.say(&ann, &ticket, "Hello?").await;
        let ticket = server.ticket(&tom, "Lamp").await;
        server.say(&tom, &ticket, "Hello?").await;
        settle(&server).await;
        assert_eq!(receiver.kinds("/hook")[told..], ["ticket.created", "message.sent"]);
        assert_eq!(receiver.kinds("/zoe"), ["ticket.created", "message.sent"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_has_much_to_be_told_lets_others_have_their_turn() {
    with_receiver(async |server, receiver| {
        let app = server.running.app.clone();
        let (acme, other) = (server.tenant("acme").await, server.tenant("other").await);
        let (ada, ann) = (acme.admin("ada").await, acme.customer("ann").await);
        let (zoe, tom) = (other.admin("zoe").await, other.customer("tom").await);
        for _ in 0..20 {
            create(&server, &ada, &receiver.url("/busy"), &["message.sent"]).await;
        }
        create(&server, &zoe, &receiver.url("/zoe"), &["message.sent"]).await;
        let (many, one) = (server.ticket(&ann, "Lamp").await, server.ticket(&tom, "Lamp").await);
        server.say(&ann, &many, "Hello?").await;
        server.say(&tom, &one, "Hello?").await;
        settle(&server).await;
        receiver.hold("/busy");
        receiver.hold("/zoe");
        let write = app.db.write(move |tx| {
            tx.execute("delete from webhook_deliveries", &[])?;
            fill(tx, &many, 101)?;
            fill(tx, &one, 2)
        });
        write.await.expect("written");
        derive(&app).await.expect("derived");
        assert_eq!(server.count("select count(*) from webhook_deliveries").await, 2001);
        let before = "select count(*) from webhook_deliveries where delivery_key < (
             select d.delivery_key from webhook_deliveries d join tenants t on t.tenant_key = d.tenant_key
             where t.name = 'other')";
        let before = server.count(before).await;
        // A step of the server's own loop, and one of this.
        assert!(before < 1000, "{before} were written first");
    })
    .await;
}

/// More messages in a ticket that has one, as if they had been sent.
fn fill(tx: &mut Tx<'_>, ticket: &str, messages: i64) -> Result<()> {
    let insert = "insert into messages (ticket_key, seq, tenant_key, sender_key, kind, message_content, timestamp)
         select ticket_key, $2, tenant_key, sender_key, kind, message_content, timestamp from messages
         where seq = 1 and ticket_key = (select ticket_key from tickets where ticket_id = $1)";
    let rows: Vec<_> = (2..=messages).map(|seq| vec![ticket.into(), seq.into()]).collect();
    tx.execute_each(insert, &rows)?;
    tx.execute("update tickets set last_seq = $2 where ticket_id = $1", &[ticket.into(), messages.into()]).map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_are_committed_late_are_told_even_if_a_step_ends_before_them() {
    with_receiver(async |server, receiver| {
        let acme = server.tenant("acme").await;
        let (ada, ann) = (acme.admin("ada").await, acme.customer("ann").await);
        create(&server, &ada, &receiver.url("/hook"), &["ticket.updated", "message.sent"]).await;
        let ticket = server.ticket(&ann, "Lamp").await;
        server.say(&ann, &ticket, "Hello?").await;
        for priority in ["high", "low"] {
            let change = json!({"priority": priority});
            server.put(&format!("/api/tickets/{ticket}")).by(&ada).json(change).await.expect(200);
        }
        settle(&server).await;
        let updates = receiver.kinds("/hook").iter().filter(|kind| *kind == "ticket.updated").count();
        receiver.got.lock().expect("no panic").clear();
        receiver.say("/hook", 500, &[]);

        // The same events once more, passed over by now and just committed; and more messages before them than a step tells.
        let now = server.now();
        let pass_over = server.running.app.db.write(move |tx| {
            fill(tx, &ticket, 1100)?;
            let sql = "select event_key from events where kind = 'ticket_updated' order by event_key";
            let missing: Vec<(i64, i64)> = tx.all(sql, &[], |row| Ok((row.take()?, now.0)))?;
            let missing = json!(missing).to_string();
            tx.execute("delete from webhook_deliveries", &[])?;
            tx.execute("update webhook_cursors set missing = $1", &[missing.as_str().into()])?;
            Ok(missing.matches('[').count() - 1)
        });
        assert_eq!(pass_over.await.expect("passed over"), updates);
        derive(&server.running.app).await.expect("derived");
        let messages = server.count("select count(*) from webhook_deliveries where type = 'message.sent'").await;
        assert_eq!(server.count("select count(*) from webhook_deliveries").await, messages + updates as i64);
        assert_eq!(messages, 1099);
        let missing = server.count("select count(*) from webhook_cursors where missing = '[]'").await;
        assert_eq!(missing, 1, "nothing is asked for any more");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_a_webhook_is_refused() {
    with_receiver(async |server, receiver| {
        let (acme, other) = (server.tenant("acme").await, server.tenant("other").await);
        let (ada, sue, zoe) = (acme.admin("ada").await, acme.support("sue").await, other.admin("zoe").await);
        let url = receiver.url("/hook");
        for (field, body) in [
            ("url", json!({"url": "ftp://shop.example/"})),
            ("url", json!({"url": "https://user:password@shop.example/"})),
            ("url", json!({"url": "http://127.0.0.1:9/"})),
            ("url", json!({"url": "http://169.254.169.254/latest"})),
            ("url", json!({"url": "http://[::1]:80/"})),
            ("url", json!({"url": format!("https://shop.example/{}", "x".repeat(2048))})),
            ("url", json!({"types": []})),
            ("description", json!({"url": url, "description": "a\nb"})),
            ("description", json!({"url": url, "description": "x".repeat(201)})),
            ("types[0]", json!({"url": url, "types": ["ticket.eaten"]})),
            ("types[0]", json!({"url": url, "types": ["webhook.test"]})),
            ("types", json!({"url": url, "types": vec!["ticket.created"; 51]})),
            ("secret", json!({"url": url, "secret": "whsec_mine"})),
        ] {
            server.post(PATH).by(&ada).json(body).await.invalid(field);
        }
        server.post(PATH).by(&sue).json(json!({"url": url})).await.problem(403, "forbidden");
        // A name is judged when it is asked.
        let named = create(&server, &ada, "http://localhost:9/", &[]).await;
        let tried = server.post(&format!("{}/test", place(&named))).by(&ada).await.expect(200);
        assert_eq!((&tried["status"], &tried["error"]), (&Value::Null, &json!("refused_address")));
        for path in ["", "/deliveries"] {
            server.get(&format!("{}{path}", place(&named))).by(&zoe).await.problem(404, "not_found");
        }
        server.put(&place(&named)).by(&ada).json(json!({"url": "http://10.0.0.1/"})).await.invalid("url");
        server.put(&place(&named)).by(&ada).json(json!({"is_enabled": null})).await.invalid("is_enabled");
        let twice = json!({"url": url, "types": ["ticket.created", "message.sent", "ticket.created"]});
        let changed = server.put(&place(&named)).by(&ada).json(twice).await.expect(200);
        assert_eq!(changed["types"], json!(["ticket.created", "message.sent"]));
        let elsewhere = json!({"url": receiver.url("/elsewhere")});
        assert_eq!(
            server.put(&place(&named)).by(&ada).json(elsewhere.clone()).await.expect(200)["url"],
            elsewhere["url"]
        );
        let audit = server.get("/api/audit?limit=1").by(&ada).await.expect(200);
        assert_eq!(
            audit["data"][0]["data"]["values"],
            json!({"url": receiver.origin}),
            "no path, which may be a secret"
        );
        for _ in 1..20 {
            create(&server, &ada, &url, &[]).await;
        }
        server.post(PATH).by(&ada).json(json!({"url": url})).await.problem(409, "too_many_webhooks");
        create(&server, &zoe, &url, &[]).await;
        server.delete(&place(&named)).by(&ada).await.expect(204);
        create(&server, &ada, &url, &[]).await;
    })
    .await;
}
