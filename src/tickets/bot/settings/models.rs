//! Models, where they are asked, and with which key.

use garde::Validate;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::platform::http::json::nullable;
use crate::platform::http::text;

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

/// In the place of an address: the server's own model.
const OWN: &str = "local";

/// What makes vectors of texts, by OpenAI's embeddings or in the server itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EmbeddingSettings {
    /// The base of the routes, or `local`: the server's own model (`bot.embedding_folder`).
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
    #[garde(custom(is_base_or_own))]
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

impl EmbeddingSettings {
    pub fn is_own(&self) -> bool {
        self.url == OWN
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

fn is_base_or_own<T: AsRef<str>>(url: &T, context: &()) -> garde::Result {
    if url.as_ref() == OWN { Ok(()) } else { is_base(url, context) }
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

#[cfg(test)]
mod tests {
    use super::super::engine::Secrets;
    use super::super::{BotPatch, BotSettings};
    use super::*;

    #[test]
    fn a_key_goes_with_what_it_was_given_for() {
        let model = r#"{"provider":"openai","url":"https://a.example/v1","name":"x","api_key":"k"}"#;
        let embedding = r#"{"url":"https://a.example/v1","name":"x","api_key":"k"}"#;
        let (mut settings, mut secrets) = (BotSettings::default(), Secrets::default());
        let mut apply = |patch: &str| {
            let patch: BotPatch = serde_json::from_str(patch).expect("a patch");
            patch.apply(&mut settings, &mut secrets);
            (secrets.model_key.clone(), secrets.embedding_key.clone())
        };
        let key = Some("k".to_owned());
        let both = apply(&format!(r#"{{"model":{model},"embedding":{embedding}}}"#));
        assert_eq!(both, (key.clone(), key.clone()));
        assert_eq!(apply(r#"{"name":"Lantern"}"#), (key.clone(), key.clone()));
        assert_eq!(apply(r#"{"model":null}"#), (None, key));
        assert_eq!(apply(r#"{"embedding":null}"#), (None, None));
    }

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
}
