//! A question put to the bot as it is set, outside of any ticket: for whoever sets it, and for `eval`. Nothing is stored but
//! what a model took.

use std::time::Instant;

use axum::extract::State;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answer;
use super::reply::{self, Decision, Desk, Question, Reply};
use super::runs::{RunPassage, ToolUse};
use super::wording::Language;
use crate::app::App;
use crate::auth::Action;
use crate::auth::guard::SignedIn;
use crate::auth::model::TenantKey;
use crate::error::Result;
use crate::platform::http::api::{Api, routes};
use crate::platform::http::json::Json;
use crate::platform::http::problem::Problem;
use crate::platform::http::text;
use crate::platform::id;

pub fn routes() -> Api<App> {
    Api::new().routes(routes!(try_bot))
}

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// At most 2,000 characters.
    #[garde(custom(text::content(2000)))]
    question: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TrialResult {
    /// What it would say.
    #[schema(required)]
    reply: Option<String>,
    /// As of a run.
    outcome: String,
    #[schema(required)]
    reason: Option<String>,
    passages: Vec<RunPassage>,
    engine: String,
    #[schema(required)]
    model: Option<String>,
    input_tokens: i64,
    output_tokens: i64,
    cost: f64,
    latency_ms: u64,
    tools: Vec<ToolUse>,
    #[schema(required)]
    error: Option<String>,
}

/// Puts a question to the bot as it is set, as the first of a ticket, whether it is switched on or not. Nothing is stored, and no
/// tool changes anything. Admins only.
#[utoipa::path(post, path = "/api/bot/try", tag = "bot", operation_id = "try_bot", request_body = Trial,
    responses((status = 200, body = TrialResult), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn try_bot(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Json(trial): Json<Trial>,
) -> Result<Json<TrialResult>> {
    caller.require(Action::SettingsManage)?;
    let (tenant, began) = (caller.tenant, Instant::now());
    let (desk, _) = app.db.read(move |tx| Desk::find(tx, tenant)).await?;
    let Decision { reply, passages, work, .. } = decide(&app, &desk, tenant, vec![trial.question]).await?;
    let outcome = reply.outcome().to_owned();
    let (reply, reason) = match reply {
        Reply::Answer(text) | Reply::SmallTalk(text) | Reply::AskBack(text) => (Some(text), None),
        Reply::HandOff(reason) => (None, Some(reason.as_str().to_owned())),
        Reply::Nothing => (None, None),
    };
    Ok(Json(TrialResult {
        reply,
        outcome,
        reason,
        passages,
        engine: work.engine.as_str().to_owned(),
        model: work.model,
        input_tokens: work.tokens.input,
        output_tokens: work.tokens.output,
        cost: work.cost,
        latency_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        tools: work.tools,
        error: work.error,
    }))
}

/// What was written in one go, as the first of a ticket. Never empty.
pub async fn decide(app: &App, desk: &Desk, tenant: TenantKey, messages: Vec<String>) -> Result<Decision> {
    let question = Question {
        tenant,
        customer: None,
        ticket_id: String::new(),
        delivery_id: id::new_id(app.clock.now(), &app.random),
        time_left: answer::DEADLINE,
        said: messages.iter().map(|message| (true, message.clone())).collect(),
        language: Language::of(&messages.join("\n"), &desk.settings.language),
        messages,
        last: None,
        model_answers: 0,
    };
    reply::decide(app, desk, &question, &|_| ()).await
}
