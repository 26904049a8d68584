//! Long polling: several requests that have to reach the same node.

use http::Method;
use serde_json::Value;

use super::report::{Finding, Outcome};
use super::target::{Answer, Target};

const PATH: &str = "/socket.io/?EIO=4&transport=polling";
/// A proxy that takes two nodes in turn passes none of them by luck; one that draws lots, one time in 256.
const REQUESTS: usize = 8;
/// A pong: it changes nothing.
const HARMLESS: &str = "3";
const CLOSE: &str = "1";

pub async fn stickiness(target: &Target) -> Outcome {
    let sid = open(target).await?;
    let mut lost = 0;
    for _ in 0..REQUESTS {
        let answer = post(target, &sid, HARMLESS).await?;
        match answer.status {
            200 => {}
            400 if answer.code().is_some() => lost += 1,
            status => return Err(refused(&format!("a poll is answered {status}"), &answer)),
        }
    }
    post(target, &sid, CLOSE).await?;
    if lost == 0 {
        return Ok(Finding::good(format!("{REQUESTS} requests of one session reached the same node")));
    }
    Err(Finding::broken(
        format!("session unknown, for {lost} of {REQUESTS} requests"),
        "The requests of one client go to different nodes. Keep a client at one node: nginx `hash $remote_addr consistent;` \
         in the upstream of /socket.io/ (deploy/nginx), Kubernetes affinity by cookie or client address.",
    ))
}

/// The handshake: the id of a new session.
pub async fn open(target: &Target) -> Result<String, Finding> {
    let answer = target.get(PATH).await?;
    let body = String::from_utf8_lossy(&answer.body);
    let handshake: Value = body.strip_prefix('0').and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    match handshake["sid"].as_str() {
        Some(sid) if answer.status == 200 => Ok(sid.to_owned()),
        _ => Err(refused(&format!("the handshake is answered {}", answer.status), &answer)),
    }
}

async fn post(target: &Target, sid: &str, packet: &'static str) -> Result<Answer, Finding> {
    let request = target.request(Method::POST, &format!("{PATH}&sid={sid}"));
    target.send(request.header("content-type", "text/plain;charset=UTF-8").body(packet)).await
}

fn refused(what: &str, answer: &Answer) -> Finding {
    let advice = match answer.code().as_deref() {
        Some("origin_not_allowed") => "The page's origin stands neither in CORS_ORIGINS nor at a publishable key.",
        Some("unavailable") => "The node is draining: the proxy should send nobody there. /readyz says so.",
        Some("rate_limited") => {
            "Too many sockets come from one address: does the server know of its proxies \
             (SMILECHAT_SERVER__TRUSTED_PROXIES)?"
        }
        Some(_) => "The node refuses it; its log has the request's id.",
        None => "The answer is not SmileChat's: the proxy has to pass /socket.io/ on, with its query.",
    };
    Finding::broken(format!("{what}{}", answer.by()), advice)
}
