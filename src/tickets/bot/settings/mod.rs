//! How a tenant wants its bot. Off until an admin switches it on.

pub mod engine;
pub mod models;
pub mod opening;
pub mod tools;

use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use self::engine::{BotWebhookPatch, Budget, Engine, Secrets, WebhookSettings};
use self::models::{EmbeddingPatch, EmbeddingSettings, ModelPatch, ModelSettings};
use self::opening::{Opening, are_hours, is_zone};
use self::tools::{HttpTool, Tool, are_http_tools, are_tools};
use super::store;
use crate::app::App;
use crate::auth::model::{TenantKey, UserKey};
use crate::auth::{bot_account, lock_tenant};
use crate::error::{Error, Result};
use crate::events::{self, Act, What};
use crate::platform::db::Tx;
use crate::platform::http::json::{not_null, nullable};
use crate::platform::http::text;
use crate::tickets::knowledge::articles::is_language;

/// Where the help centre has an article.
const IN_HELP_CENTRE: &str = "/help/{tenant}/{slug}";

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct BotSettings {
    /// Holds at once, on every node. Tickets that the bot has go to people with the customer's next message.
    pub enabled: bool,
    /// Whom customers see.
    pub name: String,
    #[schema(required)]
    pub avatar_url: Option<String>,
    /// What a page shows before anybody has written; empty: the page's own words.
    pub greeting: String,
    /// Spoken where the customer's own language cannot be told.
    pub language: String,
    /// How much of a question a passage has to cover, from 0.05 to 1, to be an answer.
    pub threshold: f64,
    /// The address of an article, with `{slug}` in it, and `{tenant}` where its name belongs: absolute, or a path below
    /// this server.
    pub article_url: String,
    /// Whose hours these are: an IANA name.
    pub timezone: String,
    /// When people are there; none: no hours are told.
    pub hours: Vec<Opening>,
    /// Said when a person is asked for while people are there; empty: the bot's own words, in the customer's language.
    pub handoff_open: String,
    /// The same outside the hours; `{when}` is when they begin again.
    pub handoff_closed: String,
    /// Who decides what is said.
    pub engine: Engine,
    /// For the model: who you are, and how it shall write.
    pub instructions: String,
    #[schema(required)]
    pub model: Option<ModelSettings>,
    /// With it, articles are found by their meaning too.
    #[schema(required)]
    pub embedding: Option<EmbeddingSettings>,
    pub tools: Vec<Tool>,
    pub http_tools: Vec<HttpTool>,
    pub budget: Budget,
    #[schema(required)]
    pub webhook: Option<WebhookSettings>,
}

impl Default for BotSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            name: "Assistant".into(),
            avatar_url: None,
            greeting: String::new(),
            language: "en".into(),
            threshold: super::reply::THRESHOLD,
            article_url: IN_HELP_CENTRE.into(),
            timezone: "UTC".into(),
            hours: Vec::new(),
            handoff_open: String::new(),
            handoff_closed: String::new(),
            engine: Engine::Passages,
            instructions: String::new(),
            model: None,
            embedding: None,
            tools: Vec::new(),
            http_tools: Vec::new(),
            budget: Budget::default(),
            webhook: None,
        }
    }
}

/// What is absent stays.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BotPatch {
    #[garde(skip)]
    #[serde(default, deserialize_with = "not_null")]
    pub enabled: Option<bool>,
    /// One line of at most 200 characters.
    #[garde(inner(custom(text::name(200))))]
    #[serde(default, deserialize_with = "not_null")]
    pub name: Option<String>,
    #[garde(custom(is_picture))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub avatar_url: Option<Option<String>>,
    /// At most 1,000 characters.
    #[garde(inner(custom(is_text)))]
    #[serde(default, deserialize_with = "not_null")]
    pub greeting: Option<String>,
    #[garde(inner(custom(is_language)))]
    #[serde(default, deserialize_with = "not_null")]
    pub language: Option<String>,
    #[garde(inner(range(min = 0.05, max = 1.0)))]
    #[schema(minimum = 0.05, maximum = 1)]
    #[serde(default, deserialize_with = "not_null")]
    pub threshold: Option<f64>,
    /// http or https, or a path that begins with `/`; has `{slug}` in it, and may have `{tenant}`.
    #[garde(inner(custom(is_article_url)))]
    #[serde(default, deserialize_with = "not_null")]
    pub article_url: Option<String>,
    #[garde(inner(custom(is_zone)))]
    #[serde(default, deserialize_with = "not_null")]
    pub timezone: Option<String>,
    /// At most 50.
    #[garde(inner(custom(are_hours)))]
    #[serde(default, deserialize_with = "not_null")]
    pub hours: Option<Vec<Opening>>,
    #[garde(inner(custom(is_text)))]
    #[serde(default, deserialize_with = "not_null")]
    pub handoff_open: Option<String>,
    #[garde(inner(custom(is_text)))]
    #[serde(default, deserialize_with = "not_null")]
    pub handoff_closed: Option<String>,
    /// `model` and `webhook` want their settings.
    #[garde(skip)]
    #[serde(default, deserialize_with = "not_null")]
    pub engine: Option<Engine>,
    /// At most 4,000 characters.
    #[garde(inner(custom(are_instructions)))]
    #[serde(default, deserialize_with = "not_null")]
    pub instructions: Option<String>,
    #[garde(dive)]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<ModelPatch>)]
    pub model: Option<Option<ModelPatch>>,
    #[garde(dive)]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<EmbeddingPatch>)]
    pub embedding: Option<Option<EmbeddingPatch>>,
    #[garde(inner(custom(are_tools)))]
    #[serde(default, deserialize_with = "not_null")]
    pub tools: Option<Vec<Tool>>,
    /// At most 8.
    #[garde(inner(custom(are_http_tools)))]
    #[serde(default, deserialize_with = "not_null")]
    pub http_tools: Option<Vec<HttpTool>>,
    /// The whole of it; what is absent is as at the beginning.
    #[garde(dive)]
    #[serde(default, deserialize_with = "not_null")]
    pub budget: Option<Budget>,
    #[garde(dive)]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<BotWebhookPatch>)]
    pub webhook: Option<Option<BotWebhookPatch>>,
}

impl BotPatch {
    fn apply(self, to: &mut BotSettings, secrets: &mut Secrets) {
        fn set<T>(field: &mut T, new: Option<T>) {
            if let Some(new) = new {
                *field = new;
            }
        }
        set(&mut to.enabled, self.enabled);
        set(&mut to.name, self.name);
        set(&mut to.avatar_url, self.avatar_url);
        set(&mut to.greeting, self.greeting);
        set(&mut to.language, self.language);
        set(&mut to.threshold, self.threshold);
        set(&mut to.article_url, self.article_url);
        set(&mut to.timezone, self.timezone);
        set(&mut to.hours, self.hours);
        set(&mut to.handoff_open, self.handoff_open);
        set(&mut to.handoff_closed, self.handoff_closed);
        set(&mut to.engine, self.engine);
        set(&mut to.instructions, self.instructions);
        set(&mut to.tools, self.tools);
        set(&mut to.http_tools, self.http_tools);
        set(&mut to.budget, self.budget);
        // With what a key was given for, the key goes.
        if let Some(model) = self.model {
            to.model = model.map(|new| new.apply(to.model.as_ref(), &mut secrets.model_key));
            secrets.model_key = secrets.model_key.take().filter(|_| to.model.is_some());
        }
        if let Some(embedding) = self.embedding {
            to.embedding = embedding.map(|new| new.apply(to.embedding.as_ref(), &mut secrets.embedding_key));
            secrets.embedding_key = secrets.embedding_key.take().filter(|_| to.embedding.is_some());
        }
        if let Some(webhook) = self.webhook {
            to.webhook = webhook.map(|new| new.apply(secrets.signing.is_some()));
        }
    }
}

/// A tenant's settings, and who the bot is once it was switched on.
pub fn find(tx: &mut Tx<'_>, tenant: TenantKey) -> Result<(BotSettings, Option<UserKey>)> {
    let (settings, _, user) = find_all(tx, tenant)?;
    Ok((settings, user))
}

/// With what is shown to nobody.
pub fn find_all(tx: &mut Tx<'_>, tenant: TenantKey) -> Result<(BotSettings, Secrets, Option<UserKey>)> {
    match store::find_settings(tx, tenant)? {
        Some((stored, secrets, user)) => {
            let secrets = serde_json::from_str(&secrets).map_err(Error::internal)?;
            Ok((read_stored(&stored)?, secrets, Some(user)))
        }
        None => Ok((BotSettings::default(), Secrets::default(), None)),
    }
}

/// Field by field: one that came with a later version has its default, and what a later version wrote and this one does not
/// know is passed over.
fn read_stored(stored: &str) -> Result<BotSettings> {
    let mut settings = BotSettings::default();
    let mut fields: Map<String, Value> = serde_json::from_str(stored).map_err(Error::internal)?;
    settings.model = fields.remove("model").and_then(|field| serde_json::from_value(field).ok());
    settings.embedding = fields.remove("embedding").and_then(|field| serde_json::from_value(field).ok());
    settings.webhook = fields.remove("webhook").and_then(|field| serde_json::from_value(field).ok());
    for field in fields {
        if let Ok(patch) = serde_json::from_value::<BotPatch>(Value::Object(Map::from_iter([field]))) {
            patch.apply(&mut settings, &mut Secrets::default());
        }
    }
    Ok(settings)
}

pub fn update_in(tx: &mut Tx<'_>, app: &App, act: &Act, patch: BotPatch) -> Result<BotSettings> {
    // One at a time: what another admin changed a moment ago must not be written back.
    lock_tenant(tx, act.tenant)?;
    let (before, old_secrets, user) = find_all(tx, act.tenant)?;
    let (mut after, mut secrets) = (before.clone(), old_secrets.clone());
    patch.apply(&mut after, &mut secrets);
    // What is signed with it can be checked from the first call on.
    if secrets.signing.is_none() && (after.webhook.is_some() || !after.http_tools.is_empty()) {
        secrets.signing = Some(app.random.token(SIGNING));
    }
    if let Some(webhook) = &mut after.webhook {
        webhook.has_secret = true;
    }
    if after == before && secrets == old_secrets {
        return Ok(before);
    }
    check_whole(&after)?;
    let is_own = after.embedding.as_ref().is_some_and(EmbeddingSettings::is_own);
    // What was set before stays: another setting may be changed beside it, on whatever node.
    if is_own && app.encoder.is_none() && after.embedding != before.embedding {
        return Err(Error::invalid("embedding.url", "not_set_up", "This server has no model of its own."));
    }
    let user = match user {
        Some(user) => user,
        None => bot_account::create(tx, &app.random, act, &after.name)?,
    };
    bot_account::set_face(tx, act, user, &after.name, after.avatar_url.as_deref())?;
    let (Value::Object(old), Value::Object(new)) = (json!(before), json!(after)) else {
        return Err(Error::bug("settings are an object"));
    };
    save(tx, act, &after, &secrets, user)?;
    let mut values: Map<String, Value> = new.into_iter().filter(|(name, value)| old.get(name) != Some(value)).collect();
    if secrets.model_key != old_secrets.model_key || secrets.embedding_key != old_secrets.embedding_key {
        values.insert("api_key".into(), json!("changed"));
    }
    events::record(tx, act, What::BotSettingsChanged { values })?;
    Ok(after)
}

fn save(tx: &mut Tx<'_>, act: &Act, settings: &BotSettings, secrets: &Secrets, user: UserKey) -> Result<()> {
    let (shown, hidden) = (json!(settings).to_string(), json!(secrets).to_string());
    let embedding = settings.embedding.as_ref().map(|embedding| embedding.name.as_str());
    let new = store::Stored { settings: &shown, secrets: &hidden, embedding, user, is_on: settings.enabled };
    store::save_settings(tx, act.tenant, &new, act.at)
}

const SIGNING: &str = "bot_";

/// A new secret, from which on webhooks and tools are signed: it is shown this once.
pub fn renew_signing(tx: &mut Tx<'_>, app: &App, act: &Act) -> Result<String> {
    lock_tenant(tx, act.tenant)?;
    let (settings, mut secrets, user) = find_all(tx, act.tenant)?;
    let (true, Some(user)) = (settings.webhook.is_some() || !settings.http_tools.is_empty(), user) else {
        return Err(Error::Conflict("not_set_up"));
    };
    let secret = app.random.token(SIGNING);
    secrets.signing = Some(secret.clone());
    save(tx, act, &settings, &secrets, user)?;
    let values = Map::from_iter([("webhook_secret".to_owned(), json!("changed"))]);
    events::record(tx, act, What::BotSettingsChanged { values })?;
    Ok(secret)
}

/// What one field says of another.
fn check_whole(settings: &BotSettings) -> Result<()> {
    let is_set_up = match settings.engine {
        Engine::Passages => true,
        Engine::Model => settings.model.is_some(),
        Engine::Webhook => settings.webhook.is_some(),
    };
    match is_set_up {
        true => Ok(()),
        false => Err(Error::invalid("engine", "not_set_up", "Set up the model or the webhook first, or with it.")),
    }
}

fn are_instructions<T: AsRef<str>>(text: &T, context: &()) -> garde::Result {
    if text.as_ref().is_empty() { Ok(()) } else { text::content(4000)(text, context) }
}

fn is_text<T: AsRef<str>>(text: &T, context: &()) -> garde::Result {
    if text.as_ref().is_empty() { Ok(()) } else { text::content(1000)(text, context) }
}

fn is_picture(url: &Option<Option<String>>, context: &()) -> garde::Result {
    match url {
        Some(Some(url)) => text::http_url(url, context),
        _ => Ok(()),
    }
}

fn is_article_url<T: AsRef<str>>(url: &T, context: &()) -> garde::Result {
    let url = url.as_ref();
    let example = url.replace("{slug}", "x").replace("{tenant}", "x");
    // Browsers take a backslash for a slash: `/\` would lead to another host, as `//` does.
    let is_path = example.starts_with('/') && !example.starts_with("//") && example.len() <= 2048;
    let is_path = is_path && example.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    // Once each: what is put in for them is not counted below.
    let is_once = |name: &str| url.matches(name).count() <= 1;
    match url.contains("{slug}")
        && is_once("{slug}")
        && is_once("{tenant}")
        && (is_path || text::http_url(&example, context).is_ok())
    {
        true => Ok(()),
        false => Err(garde::Error::new("invalid_url: An http or https address or a path, with {slug} in it once.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_has_to_make_sense() {
        for good in ["/help/{tenant}/{slug}", "/faq/{slug}", "https://help.example/{slug}?from=chat"] {
            assert!(is_article_url(&good, &()).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/help",
            "//x/{slug}",
            "javascript:{slug}",
            "help/{slug}",
            "/a b/{slug}",
            "/\\evil/{slug}",
            "/help/{tenant}",
        ] {
            assert!(is_article_url(&bad, &()).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_an_older_version_stored_has_the_rest_by_default() {
        let read = read_stored(r#"{"enabled":true,"mood":"sunny","name":7}"#).expect("read");
        assert_eq!(read, BotSettings { enabled: true, ..BotSettings::default() });
        let set = BotSettings { avatar_url: Some("https://x.example/a.png".into()), ..read };
        assert_eq!(read_stored(&json!(set).to_string()).expect("read"), set);
    }
}
