//! Who decides what the bot says: a passage as it stands, a model, or somebody's own server; and what it may take.

use std::collections::HashSet;

use garde::Validate;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::platform::http::json::nullable;
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// What speaks OpenAI's chat completions: OpenAI, Azure, Ollama, vLLM, llama.cpp, OpenRouter, Mistral.
    Openai,
    /// Anthropic's messages.
    Anthropic,
}

/// A model, where it is asked, and what it may take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ModelSettings {
    pub provider: Provider,
    /// The base of its routes, as in `https://api.openai.com/v1` or `https://api.anthropic.com/v1`.
    pub url: String,
    pub name: String,
    /// Whether a key is kept. It is never shown.
    pub has_api_key: bool,
    /// Tokens of one answer, at most.
    pub max_tokens: u32,
    /// Seconds for the whole of an answer, with all tries.
    pub deadline_seconds: u32,
    #[schema(required)]
    pub temperature: Option<f64>,
    /// Money per million tokens of what it reads and of what it writes; 0: not counted.
    pub input_price: f64,
    pub output_price: f64,
}

/// The whole of it. `api_key`: absent keeps the key as long as `url` stays at its origin, null removes it.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelPatch {
    #[garde(skip)]
    provider: Provider,
    #[garde(custom(is_base))]
    url: String,
    #[garde(custom(text::line(200)))]
    name: String,
    #[garde(custom(is_key))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    api_key: Option<Option<String>>,
    /// Passed over: what `GET` answered may be sent back.
    #[garde(skip)]
    #[serde(default, rename = "has_api_key")]
    _has_api_key: bool,
    #[garde(range(min = 16, max = 4096))]
    #[schema(minimum = 16, maximum = 4096)]
    #[serde(default = "max_tokens")]
    max_tokens: u32,
    #[garde(range(min = 2, max = 25))]
    #[schema(minimum = 2, maximum = 25)]
    #[serde(default = "deadline_seconds")]
    deadline_seconds: u32,
    #[garde(inner(range(min = 0.0, max = 2.0)))]
    #[schema(minimum = 0, maximum = 2)]
    #[serde(default)]
    temperature: Option<f64>,
    #[garde(range(min = 0.0, max = 10_000.0))]
    #[schema(minimum = 0, maximum = 10_000)]
    #[serde(default)]
    input_price: f64,
    #[garde(range(min = 0.0, max = 10_000.0))]
    #[schema(minimum = 0, maximum = 10_000)]
    #[serde(default)]
    output_price: f64,
}

fn max_tokens() -> u32 {
    700
}

fn deadline_seconds() -> u32 {
    20
}

/// What makes vectors of texts, by OpenAI's embeddings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EmbeddingSettings {
    pub url: String,
    pub name: String,
    pub has_api_key: bool,
    /// How near to a question a passage has to be, from 0 to 1, to be an answer without its words. It depends on the model; null:
    /// nearness alone answers nothing, it says what is looked at.
    #[schema(required)]
    pub threshold: Option<f64>,
}

/// As of a model.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingPatch {
    #[garde(custom(is_base))]
    url: String,
    #[garde(custom(text::line(200)))]
    name: String,
    #[garde(custom(is_key))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    api_key: Option<Option<String>>,
    #[garde(skip)]
    #[serde(default, rename = "has_api_key")]
    _has_api_key: bool,
    #[garde(inner(range(min = 0.0, max = 1.0)))]
    #[schema(minimum = 0, maximum = 1)]
    #[serde(default)]
    threshold: Option<f64>,
}

/// What a model may do in the ticket that it answers in. Handing over and saying nothing it always may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tool {
    /// Add tags.
    Tag,
    /// Set the priority.
    Priority,
    /// Close it.
    Close,
    /// See the customer's own tickets.
    LookUp,
    HandOver,
}

/// A route of the tenant's that a model may call, in the name of the customer that it answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpTool {
    /// As in `order_status`.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,39}$")]
    pub name: String,
    /// For the model: what it does, and when to call it.
    pub description: String,
    /// It is sent a signed `POST`.
    pub url: String,
    #[serde(default)]
    pub parameters: Vec<Parameter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    #[schema(pattern = "^[a-z][a-z0-9_]{0,39}$")]
    pub name: String,
    #[serde(rename = "type")]
    pub kind: ParameterKind,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub is_required: bool,
    /// One of these; of strings alone.
    #[serde(default)]
    #[schema(required)]
    pub choices: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ParameterKind {
    String,
    Integer,
    Number,
    Boolean,
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
pub struct WebhookPatch {
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

impl ModelPatch {
    pub fn apply(self, before: Option<&ModelSettings>, key: &mut Option<String>) -> ModelSettings {
        set_key(key, self.api_key, before.map(|before| before.url.as_str()), &self.url);
        ModelSettings {
            provider: self.provider,
            url: self.url,
            name: self.name,
            has_api_key: key.is_some(),
            max_tokens: self.max_tokens,
            deadline_seconds: self.deadline_seconds,
            temperature: self.temperature,
            input_price: self.input_price,
            output_price: self.output_price,
        }
    }
}

impl EmbeddingPatch {
    pub fn apply(self, before: Option<&EmbeddingSettings>, key: &mut Option<String>) -> EmbeddingSettings {
        set_key(key, self.api_key, before.map(|before| before.url.as_str()), &self.url);
        let threshold = self.threshold;
        EmbeddingSettings { url: self.url, name: self.name, has_api_key: key.is_some(), threshold }
    }
}

impl WebhookPatch {
    pub fn apply(self, has_secret: bool) -> WebhookSettings {
        WebhookSettings { url: self.url, deadline_seconds: self.deadline_seconds, has_secret }
    }
}

fn set_key(key: &mut Option<String>, new: Option<Option<String>>, before: Option<&str>, url: &str) {
    match new {
        Some(new) => *key = new,
        // A key is for whom it was made: it does not go along to another host.
        None if before.map(origin) != Some(origin(url)) => *key = None,
        None => {}
    }
}

fn origin(url: &str) -> Option<String> {
    Url::parse(url).ok().map(|url| url.origin().ascii_serialization())
}

fn is_base<T: AsRef<str>>(url: &T, context: &()) -> garde::Result {
    text::http_url(url, context)?;
    match Url::parse(url.as_ref()) {
        Ok(url) if url.fragment().is_none() && !url.cannot_be_a_base() => Ok(()),
        _ => Err(garde::Error::new("invalid_url: The base of the routes, as in https://api.openai.com/v1.")),
    }
}

/// It goes into a header.
fn is_key(key: &Option<Option<String>>, _: &()) -> garde::Result {
    match key {
        Some(Some(key)) if key.is_empty() || key.len() > 500 || !key.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Err(garde::Error::new("invalid_value: 1 to 500 visible ASCII characters."))
        }
        _ => Ok(()),
    }
}

pub fn are_tools<T: AsRef<[Tool]>>(tools: &T, _: &()) -> garde::Result {
    let tools = tools.as_ref();
    match tools.iter().collect::<HashSet<_>>().len() == tools.len() {
        true => Ok(()),
        false => Err(garde::Error::new("invalid_value: Each once.")),
    }
}

const MOST_TOOLS: usize = 8;
const MOST_PARAMETERS: usize = 10;

pub fn are_http_tools<T: AsRef<[HttpTool]>>(tools: &T, context: &()) -> garde::Result {
    let tools = tools.as_ref();
    let names: HashSet<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
    let taken = ["tag", "priority", "close", "look_up", "hand_over", "no_reply"];
    if tools.len() > MOST_TOOLS || names.len() < tools.len() || taken.iter().any(|taken| names.contains(taken)) {
        return Err(garde::Error::new("invalid_value: At most 8, each with a name of its own."));
    }
    for tool in tools {
        text::http_url(&tool.url, context)?;
        text::content(500)(&tool.description, context)?;
        let names: HashSet<&str> = tool.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
        let are_good = tool.parameters.iter().all(is_parameter)
            && tool.parameters.len() <= MOST_PARAMETERS
            && names.len() == tool.parameters.len();
        if !is_name(&tool.name) || !are_good {
            return Err(garde::Error::new(
                "invalid_value: Names of a to z, 0 to 9 and _, at most 10 parameters, choices of strings alone.",
            ));
        }
    }
    Ok(())
}

fn is_parameter(parameter: &Parameter) -> bool {
    let are_choices = parameter.choices.as_ref().is_none_or(|choices| {
        parameter.kind == ParameterKind::String
            && (1..=50).contains(&choices.len())
            && choices.iter().all(|choice| text::is_line(choice, 100))
    });
    let is_described = parameter.description.is_empty() || text::is_line(&parameter.description, 300);
    is_name(&parameter.name) && is_described && are_choices
}

fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=40).contains(&name.len()) && name.as_bytes()[0].is_ascii_lowercase() && name.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stays_with_the_host_that_it_was_given_for() {
        let kept = |before: Option<&str>, url: &str, new: Option<Option<&str>>| {
            let mut key = Some("old".to_owned());
            set_key(&mut key, new.map(|new| new.map(str::to_owned)), before, url);
            key
        };
        let here = "https://a.example/v1";
        assert_eq!(kept(Some(here), "https://a.example/v2", None).as_deref(), Some("old"));
        for other in ["https://b.example/v1", "http://a.example/v1", "https://a.example:444/v1"] {
            assert_eq!(kept(Some(here), other, None), None, "{other}");
        }
        assert_eq!(kept(None, here, None), None);
        assert_eq!(kept(Some(here), here, Some(None)), None);
        assert_eq!(kept(Some(here), "https://b.example", Some(Some("new"))).as_deref(), Some("new"));
    }

    #[test]
    fn a_tool_has_a_name_that_is_its_own() {
        let tool = |name: &str, parameter: &str| HttpTool {
            name: name.into(),
            description: "Tells where an order is.".into(),
            url: "https://shop.example/order".into(),
            parameters: vec![Parameter {
                name: parameter.into(),
                kind: ParameterKind::Integer,
                description: String::new(),
                is_required: true,
                choices: None,
            }],
        };
        assert!(are_http_tools(&[tool("order_status", "number")].as_slice(), &()).is_ok());
        for (name, parameter) in
            [("close", "x"), ("Order", "x"), ("a b", "x"), ("", "x"), ("order", "1"), ("order", "")]
        {
            assert!(are_http_tools(&[tool(name, parameter)].as_slice(), &()).is_err(), "{name} {parameter}");
        }
        assert!(are_http_tools(&[tool("a", "x"), tool("a", "x")].as_slice(), &()).is_err());
        let choices = HttpTool {
            parameters: vec![Parameter { choices: Some(vec!["a".into()]), ..tool("a", "x").parameters.remove(0) }],
            ..tool("a", "x")
        };
        assert!(are_http_tools(&[choices].as_slice(), &()).is_err());
    }
}
