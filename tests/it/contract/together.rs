//! Messages to several tickets that are stored in one transaction, on PostgreSQL.

use std::sync::{Arc, mpsc};

use axum::http::{HeaderMap, HeaderValue, Method};
use futures_util::future::{FutureExt, join_all};
use serde_json::json;
use smilechat::auth::guard;
use smilechat::auth::model::Caller;
use smilechat::error::Result;
use smilechat::tickets::messages::send::{self, NewMessage, Sent};
use tokio::task::JoinHandle;

use crate::harness::{Engine, Person, Server};

/// Connections of the test's server to its database.
const CONNECTIONS: usize = 4;
const PLAIN: usize = 24;

async fn caller(server: &Server, person: &Person) -> Arc<Caller> {
    let mut headers = HeaderMap::new();
    let token = HeaderValue::from_str(&format!("Bearer {}", person.token)).expect("a header");
    headers.insert("authorization", token);
    guard::caller(&server.running.app, &Method::POST, &headers).await.expect("signed in")
}

fn message(content: &str) -> NewMessage {
    let client_id = Some(format!("id of {content}"));
    NewMessage { message_content: content.to_owned(), client_id, attachment_ids: Vec::new() }
}

/// Keeps a connection until it is told to let go, with a ticket locked or without.
async fn hold(server: &Server, ticket: Option<&str>) -> (mpsc::Sender<()>, JoinHandle<Result<()>>) {
    let (let_go, told) = mpsc::channel();
    let (held, is_held) = tokio::sync::oneshot::channel();
    let (db, ticket) = (server.running.app.db.clone(), ticket.map(str::to_owned));
    let holding = tokio::spawn(async move {
        db.write(move |tx| {
            if let Some(ticket) = ticket {
                tx.execute("update tickets set subject = subject where ticket_id = $1", &[ticket.as_str().into()])?;
            }
            let _ = held.send(());
            let _ = told.recv();
            Ok(())
        })
        .await
    });
    is_held.await.expect("held");
    (let_go, holding)
}

/// For each answer the `seq`, negative for one that was stored before; or the error's code.
fn told(answers: Result<Vec<Result<Sent>>>) -> Vec<std::result::Result<i64, &'static str>> {
    let seq = |answer: Result<Sent>| match answer {
        Ok(Sent::New(message)) => Ok(message.seq),
        Ok(Sent::Again(message)) => Ok(-message.seq),
        Err(error) => Err(error.code()),
    };
    match answers {
        Ok(answers) => answers.into_iter().map(seq).collect(),
        Err(error) => vec![Err(error.code())],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_is_stored_together_and_what_is_special_about_one_is_no_other_s() {
    let server = Server::start(Engine::Postgres).await;
    let acme = server.tenant("acme").await;
    let other = server.tenant("other").await;
    let (ann, bob, sue) = (acme.customer("ann").await, acme.customer("bob").await, acme.support("sue").await);
    let (eve, gone) = (other.customer("eve").await, acme.customer("gone").await);
    let mut plain = Vec::new();
    for number in 0..PLAIN {
        plain.push(server.ticket(&ann, &format!("Lamp {number}")).await);
    }
    let closed = server.ticket(&ann, "Closed").await;
    server.put(&format!("/api/tickets/{closed}")).by(&sue).json(json!({"status": "closed"})).await.expect(200);
    let locked = server.ticket(&ann, "Locked").await;
    let repeated = server.ticket(&ann, "Repeated").await;
    let foreign = server.ticket(&eve, "Of another tenant").await;
    let left = server.ticket(&gone, "Of one who has left").await;
    let [ann, bob, eve, gone_caller] = [
        caller(&server, &ann).await,
        caller(&server, &bob).await,
        caller(&server, &eve).await,
        caller(&server, &gone).await,
    ];
    let app = &server.running.app;
    let send = |caller: &Arc<Caller>, ticket: &str, contents: &[&str]| {
        let messages = contents.iter().map(|content| message(content)).collect();
        send::send_all(app, caller.clone(), ticket.to_owned(), messages)
    };
    assert_eq!(told(send(&ann, &repeated, &["first"]).await), [Ok(1)]);
    server.post("/api/auth/logout").by(&gone).await.expect(204);

    let mut holders = vec![hold(&server, Some(&locked)).await];
    for _ in 1..CONNECTIONS {
        holders.push(hold(&server, None).await);
    }
    // Nothing can be stored now: all of these wait, most of them for a turn.
    let sent_plain = plain.iter().map(|ticket| send(&ann, ticket, &["one", "two"])).collect::<Vec<_>>();
    let mut of_many = Box::pin(join_all(sent_plain));
    assert!((&mut of_many).now_or_never().is_none());
    let mut of_locked = Box::pin(send(&ann, &locked, &["behind a lock"]));
    assert!((&mut of_locked).now_or_never().is_none());
    let mut special = Box::pin(join_all([
        send(&ann, &repeated, &["second", "first", "third"]),
        send(&ann, &closed, &["open it again"]),
        send(&bob, &plain[0], &["not mine"]),
        send(&eve, &foreign, &["next door"]),
        send(&eve, &plain[1], &["not even my tenant's"]),
        send(&gone_caller, &left, &["after the end of my session"]),
        send(&ann, "no\0ticket", &["nowhere"]),
    ]));
    assert!((&mut special).now_or_never().is_none());
    let (lock, others) = (holders.remove(0), holders);
    for (let_go, holding) in others {
        let_go.send(()).expect("told");
        holding.await.expect("ended").expect("nothing was to be stored");
    }

    for answers in of_many.await {
        assert_eq!(told(answers), [Ok(1), Ok(2)]);
    }
    let special: Vec<_> = special.await.into_iter().map(told).collect();
    let expected: [&[_]; 7] = [
        &[Ok(2), Ok(-1), Ok(3)],
        &[Ok(1)],
        &[Err("not_found")],
        &[Ok(1)],
        &[Err("not_found")],
        &[Err("unauthorized")],
        &[Err("invalid")],
    ];
    assert_eq!(special, expected);
    assert!((&mut of_locked).now_or_never().is_none(), "it waits for its own ticket alone");
    lock.0.send(()).expect("told");
    lock.1.await.expect("ended").expect("the subject is what it was");
    assert_eq!(told(of_locked.await), [Ok(1)]);

    let transactions =
        server.count("select count(distinct xmin::text) from messages where client_id = 'id of one'").await;
    assert!(transactions < PLAIN as i64 / 2, "{PLAIN} tickets in {transactions} transactions");
    let reopened = server.get(&format!("/api/tickets/{closed}")).by(&sue).await.expect(200);
    assert_eq!(reopened["status"], "open");
    let page = server.get(&format!("/api/messages/{repeated}")).by(&sue).await.expect(200);
    let stored: Vec<_> =
        page["data"].as_array().expect("a list").iter().map(|m| (&m["seq"], &m["message_content"])).collect();
    assert_eq!(stored, [(&json!(1), &json!("first")), (&json!(2), &json!("second")), (&json!(3), &json!("third"))]);
    let ticket = server.get(&format!("/api/tickets/{}", plain[0])).by(&sue).await.expect(200);
    assert_eq!((&ticket["unread_count"], &ticket["last_seq"]), (&json!(2), &json!(2)));
}
