//! A guest with a ticket: a message each way, its ids compared, and a file. What a guest cannot take away, the last step
//! names.

use std::time::Instant;

use http::Method;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use uuid::Uuid;

use super::health;
use super::report::{Finding, Outcome, Report};
use super::target::{Answer, Target};
use super::wire::Line;

/// Above what proxies take where nobody told them otherwise, 1 MiB.
const FILE_BYTES: usize = 3 << 20;

pub struct Visitor {
    token: String,
    ticket_id: String,
    number: i64,
}

impl Visitor {
    pub fn token(&self) -> &str {
        &self.token
    }
}

/// None: there is no key, or no guest came in.
pub async fn converse(target: &Target, report: &mut Report, has_sockets: bool) -> anyhow::Result<Option<Visitor>> {
    let mut visitor = None;
    report.step("guest", async { arrive(target, &mut visitor).await }).await?;
    let Some(visitor) = visitor else { return Ok(None) };
    let mut line = None;
    let enter = async { enter(target, &visitor, &mut line).await };
    let joined = report.step_by_socket(has_sockets, "room", enter).await?;
    if let Some(mut line) = line.filter(|_| joined) {
        report.step("rest>socket", from_rest(target, &visitor, &mut line)).await?;
        report.step("socket>rest", from_socket(target, &visitor, &mut line)).await?;
        line.close().await;
    }
    report.step("upload", upload(target, &visitor)).await?;
    Ok(Some(visitor))
}

async fn arrive(target: &Target, visitor: &mut Option<Visitor>) -> Outcome {
    let Some(key) = &target.api_key else {
        return Ok(Finding::skipped("give --api-key pk_… to have a conversation tried"));
    };
    let session = call(target, Method::POST, "/api/auth/anonymous", None, Some(json!({}))).await?;
    let token = word(&session, "access_token");
    let new_ticket = json!({ "subject": "smilechat doctor" });
    let ticket = call(target, Method::POST, "/api/tickets", Some(&token), Some(new_ticket)).await?;
    let number = ticket["number"].as_i64().unwrap_or_default();
    *visitor = Some(Visitor { token, ticket_id: word(&ticket, "ticket_id"), number });
    let shown: String = key.chars().take(8).collect();
    Ok(Finding::good(format!("in by {shown}…, with ticket {number}")))
}

async fn enter(target: &Target, visitor: &Visitor, line: &mut Option<Line>) -> Outcome {
    let mut opened = Line::open(target, None).await?;
    let refused = |why: String| {
        let advice = "The guest's token was good for REST just now. Another node that does not know it? All nodes need the \
                      same JWT_SECRET and the same database.";
        Finding::broken(why, advice)
    };
    opened.join(&visitor.token, target.api_key.as_deref()).await.map_err(refused)?;
    opened.ask("join_ticket", json!({ "ticket_id": visitor.ticket_id })).await.map_err(refused)?;
    *line = Some(opened);
    Ok(Finding::good("joined by socket"))
}

async fn from_rest(target: &Target, visitor: &Visitor, line: &mut Line) -> Outcome {
    let client_id = Uuid::new_v4().to_string();
    let begun = Instant::now();
    let body = json!({ "message_content": "Sent by REST.", "client_id": client_id });
    let path = format!("/api/messages/{}", visitor.ticket_id);
    let stored = call(target, Method::POST, &path, Some(&visitor.token), Some(body)).await?;
    let acked = begun.elapsed();
    let heard = line.heard(&client_id).await.map_err(|why| {
        let advice = "It was stored, and the socket was not told: the two are on different nodes that do not hear each other \
                      (REDIS_URL, or one database for all), or the server's own log has an error.";
        Finding::broken(format!("stored in {} ms, then {why}", acked.as_millis()), advice)
    })?;
    let delivered = begun.elapsed();
    same(&stored, &heard)?;
    dated(&stored)?;
    let (acked, delivered) = (acked.as_secs_f64() * 1e3, delivered.as_secs_f64() * 1e3);
    Ok(Finding::good(format!("stored in {acked:.1} ms, on the socket after {delivered:.1} ms, the same message")))
}

async fn from_socket(target: &Target, visitor: &Visitor, line: &mut Line) -> Outcome {
    let client_id = Uuid::new_v4().to_string();
    let begun = Instant::now();
    let body = json!({ "ticket_id": visitor.ticket_id, "message_content": "Sent by socket.", "client_id": client_id });
    let not_acked =
        |why| Finding::broken(why, "The socket is open, and its messages are not acknowledged: see the node's log.");
    let ack = line.ask("chat_message", body).await.map_err(not_acked)?;
    let acked = begun.elapsed();
    same(&ack["message"], &line.heard(&client_id).await.map_err(not_acked)?)?;
    let delivered = begun.elapsed();
    let path = format!("/api/messages/{}?limit=10", visitor.ticket_id);
    let page = call(target, Method::GET, &path, Some(&visitor.token), None).await?;
    let rows = page["data"].as_array().map(Vec::as_slice).unwrap_or_default();
    let row = rows.iter().find(|row| row["client_id"] == client_id.as_str()).unwrap_or(&Value::Null);
    same(&ack["message"], row)?;
    let (acked, delivered) = (acked.as_secs_f64() * 1e3, delivered.as_secs_f64() * 1e3);
    Ok(Finding::good(format!("acked in {acked:.1} ms, in the room after {delivered:.1} ms, found by REST")))
}

async fn upload(target: &Target, visitor: &Visitor) -> Outcome {
    const BOUNDARY: &str = "smilechat-doctor-7c1f";
    let head = format!(
        "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"doctor.txt\"\r\n\
         content-type: text/plain\r\n\r\n"
    );
    let body = head + &"All is well.\n".repeat(FILE_BYTES / 13) + &format!("\r\n--{BOUNDARY}--\r\n");
    let path = format!("/api/attachments?ticket_id={}", visitor.ticket_id);
    let request = signed(target, target.request(Method::POST, &path), Some(&visitor.token));
    let request = request.header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"));
    let answer = target.send(request.body(body)).await?;
    match (answer.status, answer.code()) {
        (201, _) => Ok(Finding::good("a file of 3 MB arrives; unsent, it is gone after a day")),
        (413, None) => Err(Finding::broken(
            format!("a file of 3 MB is answered 413{}", answer.by()),
            "The proxy takes less than SmileChat does. nginx: client_max_body_size 260m for /api/attachments.",
        )),
        _ => Err(unexpected("the upload", &answer)),
    }
}

/// What a guest can: the ticket is closed and the session ended.
pub async fn clean_up(target: &Target, visitor: Visitor) -> Outcome {
    let token = Some(visitor.token.as_str());
    let path = format!("/api/tickets/{}", visitor.ticket_id);
    call(target, Method::PUT, &path, token, Some(json!({ "status": "closed" }))).await?;
    call(target, Method::POST, "/api/auth/logout", token, Some(json!({}))).await?;
    Ok(Finding::good(format!(
        "signed out; ticket {} \"smilechat doctor\" remains, closed, and its guest: staff may delete the ticket",
        visitor.number
    )))
}

/// The body of an answer that has to be a success.
async fn call(
    target: &Target,
    method: Method,
    path: &str,
    token: Option<&str>,
    body: Option<Value>,
) -> Result<Value, Finding> {
    let mut request = signed(target, target.request(method.clone(), path), token);
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    let answer = target.send(request).await?;
    match answer.status {
        200..=299 => Ok(answer.json()),
        _ => Err(unexpected(&format!("{method} {path}"), &answer)),
    }
}

fn signed(target: &Target, mut request: RequestBuilder, token: Option<&str>) -> RequestBuilder {
    if let Some(key) = &target.api_key {
        request = request.header("x-api-key", key);
    }
    match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    }
}

fn unexpected(what: &str, answer: &Answer) -> Finding {
    let code = answer.code();
    let advice = match code.as_deref() {
        Some("unauthorized") => {
            "The key or the token is not known there: is the key right, and do all nodes share JWT_SECRET and database?"
        }
        Some("origin_not_allowed" | "forbidden") => {
            "The key is for other pages (give --origin), or is no publishable one."
        }
        Some("rate_limited") => {
            "Too many requests from one address: does the server know of its proxies (SMILECHAT_SERVER__TRUSTED_PROXIES)?"
        }
        Some(_) => "The node refuses it; its log has the request's id.",
        None => "The answer is not SmileChat's: a node behind the proxy is dead, or the proxy does not pass this on.",
    };
    let code = code.map(|code| format!(" {code}")).unwrap_or_default();
    Finding::broken(format!("{what} is answered {}{code}{}", answer.status, answer.by()), advice)
}

fn same(one: &Value, other: &Value) -> Result<(), Finding> {
    let facts =
        |message: &Value| [&message["message_id"], &message["seq"], &message["message_content"]].map(Value::clone);
    match facts(one) == facts(other) && !one["message_id"].is_null() {
        true => Ok(()),
        false => Err(Finding::broken(
            format!("message {} became {}", one["message_id"], other["message_id"]),
            "REST and sockets are answered by nodes with different databases, or something on the way caches.",
        )),
    }
}

/// The node's own clock: proxies date answers by theirs.
fn dated(message: &Value) -> Result<(), Finding> {
    let Ok(time) = word(message, "timestamp").parse::<jiff::Timestamp>() else { return Ok(()) };
    let ahead = time.as_second() - health::now().as_second();
    health::judge(ahead.abs(), if ahead > 0 { "ahead of" } else { "behind" }).map(drop)
}

fn word(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}
