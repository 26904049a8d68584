//! Whether a node answers, what it needs, and whether its clock goes right.

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use serde_json::Value;

use super::report::{Finding, Outcome};
use super::target::{Answer, Target};
use crate::platform::clock::Clock;

/// Enough for a proxy that takes its nodes in turn to come to each of a few.
const ASKED: usize = 6;
/// A token may be dated by one clock and judged by another; more than this, and signing in fails now and then.
const MOST_SECONDS: i64 = 5;

pub async fn server(target: &Target) -> Outcome {
    let (mut faults, mut version) = (Vec::new(), None);
    for _ in 0..ASKED {
        match target.get("/healthz").await {
            Ok(answer) => match version_of(&answer) {
                Some(found) => version = Some(found),
                None => faults.push(format!("{}{}", answer.status, answer.by())),
            },
            Err(_) => faults.push("no answer".into()),
        }
    }
    faults.sort_unstable();
    faults.dedup();
    let told = faults.join(", ");
    match version {
        Some(version) if faults.is_empty() => Ok(Finding::good(format!("SmileChat {version} answers"))),
        Some(_) => Err(Finding::broken(
            format!("of {ASKED} requests to /healthz some were answered {told}"),
            "A node behind the proxy is dead, and the proxy goes on sending to it: start it, or let the proxy take it out \
             (nginx: max_fails and proxy_next_upstream; Kubernetes: the readiness probe on /readyz).",
        )),
        None if faults.iter().any(|fault| fault.starts_with("50")) => Err(Finding::broken(
            format!("/healthz is answered {told}"),
            "The proxy stands and finds no node behind it: is SmileChat running, and on the address and port that the \
             proxy sends to?",
        )),
        None => Err(Finding::broken(
            format!("/healthz is answered {told}, not as SmileChat does"),
            "Something else answers here, or the proxy does not pass every path on: it has to send / to SmileChat.",
        )),
    }
}

fn version_of(answer: &Answer) -> Option<String> {
    let is_ok = answer.status == 200 && answer.json()["status"] == "ok";
    is_ok.then(|| answer.json()["version"].as_str().unwrap_or("of an unknown version").to_owned())
}

pub async fn dependencies(target: &Target) -> Outcome {
    let answer = target.get("/readyz").await?;
    let Value::Array(found) = answer.json()["dependencies"].take() else {
        let advice = "The proxy does not pass /readyz on. That is as you like; your load balancer needs it.";
        return Ok(Finding::warning(format!("/readyz is answered {}{}", answer.status, answer.by()), advice));
    };
    let word = |one: &Value, key: &str| one[key].as_str().unwrap_or("?").to_owned();
    let told = |one: &Value| {
        let latency = one["latency_ms"].as_f64().unwrap_or_default();
        format!("{} ({}) {} {latency} ms", word(one, "name"), word(one, "kind"), word(one, "status"))
    };
    let (up, down): (Vec<_>, Vec<_>) = found.iter().partition(|one| one["status"] == "ok");
    let all = found.iter().map(told).collect::<Vec<_>>().join(", ");
    if down.is_empty() && !up.is_empty() && answer.status == 200 {
        return Ok(Finding::good(all));
    }
    let names = down.iter().map(|one| word(one, "name")).collect::<Vec<_>>().join(", ");
    Err(Finding::broken(
        all,
        format!("The node cannot use: {names}. Its log says why; it heals by itself once that is back."),
    ))
}

pub async fn clock(target: &Target) -> Outcome {
    let before = now();
    let answer = target.get("/healthz").await?;
    let date = answer.header("date").and_then(|date| DateTimeParser::new().parse_timestamp(date).ok());
    let Some(date) = date else {
        let advice = "Every server dates its answers (RFC 9110): something on the way takes the Date away.";
        return Ok(Finding::warning("the answer has no date", advice));
    };
    // The date is whole seconds, and was written at some moment of the request.
    let ahead = date.as_second() - now().as_second();
    let behind = before.as_second() - date.as_second();
    judge(ahead.max(behind), if ahead > 0 { "ahead of" } else { "behind" })
}

/// `seconds`: by how much a clock is off.
pub fn judge(seconds: i64, direction: &str) -> Outcome {
    if seconds <= MOST_SECONDS {
        return Ok(Finding::good(format!("agrees with ours within {} s", seconds.max(1))));
    }
    Err(Finding::broken(
        format!("{seconds} s {direction} ours"),
        "Let both machines keep time by NTP (timedatectl). A wrong clock ends sessions early, refuses `identify`, and \
         dates messages wrong.",
    ))
}

pub fn now() -> Timestamp {
    Timestamp::from_millisecond(Clock::System.now().0).unwrap_or_default()
}

pub async fn metrics(target: &Target) -> Outcome {
    let answer = target.get("/metrics").await?;
    let is_open = answer.status == 200 && String::from_utf8_lossy(&answer.body).contains("smilechat_");
    if is_open && !target.is_this_machine() {
        let advice =
            "Anybody can read how busy you are. Let the proxy answer 404 here, and scrape the nodes themselves.";
        return Ok(Finding::warning("/metrics is open to everybody", advice));
    }
    Ok(Finding::good(if is_open { "open, on this machine" } else { "not open to everybody" }))
}
