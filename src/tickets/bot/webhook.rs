//! Somebody's own server in the bot's seat: it is sent what the customer wrote, and answers what to do.
//!
//! At least once for each message that waits, each time with the same `delivery_id`. It answers `reply` with a text, `handoff`
//! with a reason for staff, `no_reply`, or `typing` if it wants to be asked again in a moment.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::HandoffReason;
use super::reply::{Decision, Desk, Question, Reply, Work};
use super::settings::engine::{Engine, WebhookSettings};
use super::signed::{self, Visitor};
use super::tools::clean;
use crate::app::App;
use crate::error::Result;
use crate::platform::http::text;
use crate::platform::outbound::Failure;

const MOST_BYTES: usize = 64 * 1024;
const MOST_CHARS: usize = 4000;
const MOST_TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(500);
/// How soon it may want to be asked again, in milliseconds.
const AGAIN: (u64, u64) = (100, 5000);

#[derive(Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
enum Answer {
    Reply {
        text: String,
    },
    Handoff {
        #[serde(default)]
        reason: String,
    },
    NoReply,
    Typing {
        #[serde(default)]
        again_in_ms: u64,
    },
}

pub async fn decide(app: &App, desk: &Desk, webhook: &WebhookSettings, question: &Question) -> Result<Decision> {
    let deadline = Duration::from_secs(webhook.deadline_seconds.into()).min(question.time_left);
    let Visitor { user_id, external_id, is_guest } = signed::visitor(app, question.tenant, question.customer).await?;
    let said = question
        .said
        .iter()
        .map(|(is_customer, text)| json!({ "from": if *is_customer { "customer" } else { "staff" }, "text": text }));
    let body = json!({
        "event": "message",
        "delivery_id": question.delivery_id,
        "is_trial": question.customer.is_none(),
        "ticket_id": question.ticket_id,
        "messages": question.messages,
        "conversation": said.collect::<Vec<_>>(),
        "visitor": { "user_id": user_id, "external_id": external_id, "is_guest": is_guest },
    });
    let secret = desk.secrets.signing.as_deref();
    let asked = tokio::time::timeout(deadline, ask(app, &webhook.url, secret, &body)).await;
    let (reply, summary, error) = match asked.unwrap_or(Err(Failure::TimedOut)) {
        Ok(Answer::Reply { text }) => (Reply::Answer(text.trim().to_owned()), None, None),
        Ok(Answer::Handoff { reason }) => (Reply::HandOff(HandoffReason::Webhook), Some(clean(&reason)), None),
        Ok(Answer::NoReply) => (Reply::Nothing, None, None),
        Ok(Answer::Typing { .. }) => {
            (Reply::HandOff(HandoffReason::WebhookFailed), None, Some("webhook_broken".into()))
        }
        Err(failure) => {
            let code = format!("webhook_{}", failure.as_str());
            (Reply::HandOff(HandoffReason::WebhookFailed), None, Some(code))
        }
    };
    let work = Work { engine: Engine::Webhook, error, ..Work::default() };
    Ok(Decision { summary: summary.filter(|summary| !summary.is_empty()), work, ..reply.into() })
}

/// Until it has decided. The caller bounds the time.
async fn ask(app: &App, url: &str, secret: Option<&str>, body: &serde_json::Value) -> Result<Answer, Failure> {
    let mut tries = 1;
    loop {
        let pause = match once(app, url, secret, body).await {
            Ok(Answer::Typing { again_in_ms }) => Duration::from_millis(again_in_ms.clamp(AGAIN.0, AGAIN.1)),
            Ok(answer) => return Ok(answer),
            Err(Failure::Unreachable | Failure::Broken | Failure::Status(500.., _)) if tries < MOST_TRIES => {
                tries += 1;
                PAUSE
            }
            Err(failure) => return Err(failure),
        };
        tokio::time::sleep(pause).await;
    }
}

async fn once(app: &App, url: &str, secret: Option<&str>, body: &serde_json::Value) -> Result<Answer, Failure> {
    let answer = signed::post(app, url, secret, body).await?.up_to(MOST_BYTES).whole().await?;
    let answer = serde_json::from_slice(&answer).map_err(|_| Failure::Broken)?;
    match &answer {
        // The rules for what anybody writes.
        Answer::Reply { text } if text::content(MOST_CHARS)(&text.trim(), &()).is_err() => Err(Failure::TooLong),
        _ => Ok(answer),
    }
}
