//! What the bot made of each message, and from what: for staff who ask why it said that.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::platform::clock::Timestamp;

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Run {
    pub run_id: String,
    pub ticket_id: String,
    /// The newest message that it took into account.
    pub seq: i64,
    /// The message that it sent.
    #[schema(required)]
    pub reply_seq: Option<i64>,
    /// `answered`, `small_talk`, `asked_back`, `handed_over` or `no_reply`.
    pub outcome: String,
    /// Why it was handed over.
    #[schema(required)]
    pub reason: Option<String>,
    /// The best of what was found, the best first; it answered with the first whose score was good enough.
    pub passages: Vec<RunPassage>,
    /// From the customer's message to the reply, both as stored.
    pub latency_ms: i64,
    pub created_at: Timestamp,
    /// Who decided: `passages`, `model` or `webhook`.
    pub engine: String,
    #[schema(required)]
    pub model: Option<String>,
    /// Of all calls of the model together, as it counts; estimated where it does not say.
    pub input_tokens: i64,
    pub output_tokens: i64,
    /// By the prices of the settings.
    pub cost: f64,
    /// What the model did, or tried.
    pub tools: Vec<ToolUse>,
    /// What went wrong, as a code.
    #[schema(required)]
    pub error: Option<String>,
    /// The message of `seq`.
    #[schema(required)]
    pub question: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RunPassage {
    pub article_id: String,
    pub slug: String,
    pub title: String,
    pub heading: String,
    pub score: f64,
}

/// A call of a tool, in brief.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ToolUse {
    pub name: String,
    /// As the model wrote them, cut.
    pub arguments: String,
    /// What it was told, cut.
    pub result: String,
}
