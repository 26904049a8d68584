//! The whole surface against everybody who has no right to it.
//!
//! The routes come from the server's own OpenAPI document; one without a row fails the test. Each row is called by each
//! kind of stranger with the victim's ids in each place that holds one. Each time: the status that the contract says, the
//! same bytes for what is foreign and what is absent, no word of the victim's, and not one changed row of its tenant.

mod attackers;
mod digest;
mod estate;
mod plans;
mod rows;

use std::collections::BTreeSet;
use std::rc::Rc;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Call, Server, on_both_engines};
use attackers::Attacker;
use estate::Estate;
use rows::{Place, ROWS, Row};

/// In every text of the victim, and of the other tenant.
const VICTIM: &str = "kanari";
const OTHER: &str = "zeisig";

#[test]
fn every_route_has_a_row_and_every_row_a_route() {
    let document: Value = serde_json::from_str(include_str!("../../../docs/openapi.json")).expect("JSON");
    let mut routes = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        let methods =
            item.as_object().expect("methods").keys().filter(|key| !["parameters", "summary"].contains(&key.as_str()));
        routes.extend(methods.map(|method| format!("{} {path}", method.to_uppercase())));
    }
    let rows: BTreeSet<String> = ROWS.iter().map(|row| row.route.to_owned()).collect();
    let missing: Vec<_> = routes.difference(&rows).collect();
    assert!(missing.is_empty(), "routes without a row in tests/it/matrix/rows.rs: {missing:?}");
    let stale: Vec<_> = rows.difference(&routes).collect();
    assert!(stale.is_empty(), "rows without a route: {stale:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_or_changes_what_is_not_theirs() {
    on_both_engines(async |server| {
        let (home, away) = (server.tenant(VICTIM).await, server.tenant(OTHER).await);
        let victim = Rc::new(Estate::build(&server, &home, VICTIM).await);
        let other = Rc::new(Estate::build(&server, &away, OTHER).await);
        let attackers = attackers::all(&server, &home, &victim, &away, &other).await;
        Estate::settle(&server).await;
        let before = digest::of_tenant(&server, VICTIM).await;
        assert!(
            [
                "messages ",
                "notes ",
                "invites ",
                "api_keys ",
                "sessions ",
                "widget_settings ",
                "ratings ",
                "analytics_slots ",
                "kb_articles ",
                "kb_passages ",
                "kb_imports ",
                "webhook_deliveries ",
                "bot_runs "
            ]
            .iter()
            .all(|table| before.contains(table))
        );
        let (mut calls, mut wrong) = (0, Vec::new());
        for row in ROWS.iter().filter(|row| !row.is_public()) {
            for attacker in &attackers {
                for place in row.places_for(attacker) {
                    calls += 1;
                    let fault = attack(&server, row, attacker, place, &victim).await.err();
                    wrong
                        .extend(fault.map(|fault| format!("{} by {} in {place:?}: {fault}", row.route, attacker.name)));
                    let after = digest::of_tenant(&server, VICTIM).await;
                    assert_eq!(
                        after, before,
                        "{} by {} in {place:?} changed the victim's rows",
                        row.route, attacker.name
                    );
                }
            }
        }
        assert!(wrong.is_empty(), "{} of {calls}:\n{}", wrong.len(), wrong.join("\n"));
        owners_succeed(&server, &victim).await;
        println!("{calls} calls: {} routes, {} kinds of strangers", ROWS.len(), attackers.len());
    })
    .await;
}

/// The matrix would prove nothing if its requests were no good: the owners' own are answered as they should be.
async fn owners_succeed(server: &Server, victim: &Estate) {
    for row in ROWS.iter().filter(|row| !row.is_public()) {
        let reply = call(server, row, &row.path(victim), (row.body)(victim)).by(victim.owner(row.level)).await;
        assert_eq!(reply.status, row.owner, "{} by its owner: {}", row.route, reply.text);
        assert!(!reply.text.contains(OTHER), "{}: {}", row.route, reply.text);
    }
}

async fn attack(server: &Server, row: &Row, attacker: &Attacker, place: Place, victim: &Estate) -> Result<(), String> {
    let own = &attacker.estate;
    let (mut path, mut body) = match place {
        Place::Path => (row.path(victim), (row.body)(victim)),
        _ => (row.path(own), (row.body)(own)),
    };
    match place {
        Place::None | Place::Path => {}
        Place::Body(field) => body[field] = json!(victim.id(field)),
        Place::Query(name) => path = format!("{path}?{name}={}", victim.id(name)),
        Place::Cursor => path = format!("{path}?cursor={}", victim.cursor(server, row).await),
    }
    let reply = attacker.sign(call(server, row, &path, body.clone())).await;
    let expected = row.expected(attacker, place);
    if !expected.contains(&reply.status) {
        return Err(format!("{} instead of {expected:?}: {}", reply.status, reply.text));
    }
    if reply.text.contains(VICTIM)
        || reply.headers.values().any(|value| value.as_bytes().windows(6).any(|w| w == VICTIM.as_bytes()))
    {
        return Err(format!("the victim's word in {}", reply.text));
    }
    if place == Place::Path && reply.status == 404 {
        let absent = attacker.sign(call(server, row, &row.absent_path(), body)).await;
        if (absent.status, &absent.text) != (reply.status, &reply.text) {
            return Err(format!("foreign and absent are told apart: {} {}", reply.text, absent.text));
        }
    }
    Ok(())
}

fn call(server: &Server, row: &Row, path: &str, body: Value) -> Call {
    let method = Method::from_bytes(row.method().as_bytes()).expect("a method");
    let call = server.call(method, path).header("x-request-id", "matrix");
    match body["file"].as_str().filter(|_| row.is_upload()) {
        Some(content) => call.files(&[(&format!("{content}.txt"), content.as_bytes())]),
        None if body.is_null() => call,
        None => call.json(body),
    }
}
