//! Who decides what the bot says: a passage as it stands, a model, or somebody's own server; what models may take; what is
//! shown to nobody.

use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::platform::http::text;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// The best passage, as it stands.
    #[default]
    Passages,
    /// A model writes from the passages.
    Model,
    /// A server of the tenant's answers.
    Webhook,
}

impl Engine {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passages => "passages",
            Self::Model => "model",
            Self::Webhook => "webhook",
        }
    }
}

/// What models may take. Null: no bound. A day is one of UTC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Budget {
    #[garde(inner(range(min = 0)))]
    #[schema(required, minimum = 0)]
    pub tokens_per_day: Option<i64>,
    #[garde(inner(range(min = 0)))]
    #[schema(required, minimum = 0)]
    pub tokens_per_visitor_per_day: Option<i64>,
    /// Answers in one ticket.
    #[garde(inner(range(min = 0)))]
    #[schema(required, minimum = 0)]
    pub turns_per_ticket: Option<i64>,
    /// In the money of the prices.
    #[garde(inner(range(min = 0.0, max = 1e9)))]
    #[schema(required, minimum = 0)]
    pub cost_per_day: Option<f64>,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            tokens_per_day: Some(1_000_000),
            tokens_per_visitor_per_day: Some(50_000),
            turns_per_ticket: Some(30),
            cost_per_day: None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WebhookSettings {
    pub url: String,
    pub deadline_seconds: u32,
    pub has_secret: bool,
}

#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BotWebhookPatch {
    #[garde(custom(text::http_url))]
    url: String,
    #[garde(range(min = 1, max = 25))]
    #[schema(minimum = 1, maximum = 25)]
    #[serde(default = "webhook_seconds")]
    deadline_seconds: u32,
    /// Passed over: what `GET` answered may be sent back.
    #[garde(skip)]
    #[serde(default, rename = "has_secret")]
    _has_secret: bool,
}

fn webhook_seconds() -> u32 {
    10
}

/// What is kept, and shown to nobody but to whom it is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Secrets {
    pub model_key: Option<String>,
    pub embedding_key: Option<String>,
    /// Signs what webhooks and tools are sent.
    pub signing: Option<String>,
}

impl BotWebhookPatch {
    pub fn apply(self, has_secret: bool) -> WebhookSettings {
        WebhookSettings { url: self.url, deadline_seconds: self.deadline_seconds, has_secret }
    }
}
