//! The widget of a tenant: how it looks and greets, by an admin's settings, and who of the staff is there.
//!
//! `GET /api/widget` is what a page asks before anybody is signed in. Invariant: nothing of it is private; of staff it
//! names those who are online, and no more than a customer would see beside a message.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, VARY};
use axum::response::IntoResponse;
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::guard::{SignedIn, Tenant};
use crate::auth::model::{TenantKey, UserKey};
use crate::auth::permissions::Action;
use crate::auth::profile;
use crate::auth::store::{tenants, users, widget};
use crate::error::{Error, Result};
use crate::events::{self, Act, What};
use crate::platform::db::Tx;
use crate::platform::http::api::{Api, routes};
use crate::platform::http::json::{Json, not_null};
use crate::platform::http::problem::Problem;
use crate::platform::http::text;

/// How many faces the widget shows.
const MOST_SHOWN: usize = 3;

pub fn routes() -> Api<App> {
    Api::new().routes(routes!(show)).routes(routes!(settings, update))
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WidgetSettings {
    /// Whom visitors write to.
    pub name: String,
    /// Empty: the widget's own words, in the visitor's language.
    pub greeting: String,
    #[schema(pattern = "^#[0-9a-fA-F]{6}$")]
    pub primary_color: String,
    pub position: WidgetPosition,
    pub theme: WidgetTheme,
    /// `auto` for the visitor's own, or a language tag such as `en`.
    pub language: String,
    pub prechat: Prechat,
    /// What a visitor can send by one tap.
    pub quick_replies: Vec<String>,
    /// Whether a new message makes a sound.
    pub sound: bool,
    /// Whether a customer is asked how it was, once their ticket is closed.
    pub ask_rating: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WidgetPosition {
    Right,
    Left,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WidgetTheme {
    /// As the visitor's system is.
    Auto,
    Light,
    Dark,
}

/// Whether a visitor is asked for name and e-mail before the first message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Prechat {
    None,
    Optional,
    Required,
}

impl Default for WidgetSettings {
    fn default() -> Self {
        Self {
            name: "Support".into(),
            greeting: String::new(),
            primary_color: "#2563eb".into(),
            position: WidgetPosition::Right,
            theme: WidgetTheme::Auto,
            language: "auto".into(),
            prechat: Prechat::None,
            quick_replies: Vec::new(),
            sound: true,
            ask_rating: false,
        }
    }
}

/// What is absent stays.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WidgetPatch {
    /// One line of at most 200 characters.
    #[garde(inner(custom(text::name(200))))]
    #[serde(default, deserialize_with = "not_null")]
    pub name: Option<String>,
    /// At most 1,000 characters; empty for the widget's own words.
    #[garde(inner(custom(is_greeting)))]
    #[serde(default, deserialize_with = "not_null")]
    pub greeting: Option<String>,
    #[garde(inner(custom(is_color)))]
    #[schema(pattern = "^#[0-9a-fA-F]{6}$")]
    #[serde(default, deserialize_with = "not_null")]
    pub primary_color: Option<String>,
    #[garde(skip)]
    #[serde(default, deserialize_with = "not_null")]
    pub position: Option<WidgetPosition>,
    #[garde(skip)]
    #[serde(default, deserialize_with = "not_null")]
    pub theme: Option<WidgetTheme>,
    /// `auto` or a language tag such as `en`.
    #[garde(inner(custom(is_language)))]
    #[serde(default, deserialize_with = "not_null")]
    pub language: Option<String>,
    #[garde(skip)]
    #[serde(default, deserialize_with = "not_null")]
    pub prechat: Option<Prechat>,
    /// At most 6, each a line of at most 80 characters.
    #[garde(inner(length(max = 6), inner(custom(text::line(80)))))]
    #[serde(default, deserialize_with = "not_null")]
    pub quick_replies: Option<Vec<String>>,
    #[garde(skip)]
    #[serde(default, deserialize_with = "not_null")]
    pub sound: Option<bool>,
    #[garde(skip)]
    #[serde(default, deserialize_with = "not_null")]
    pub ask_rating: Option<bool>,
}

impl WidgetPatch {
    /// Answers the names of the fields that are others now.
    fn apply(self, to: &mut WidgetSettings) -> Vec<&'static str> {
        let mut changed = Vec::new();
        profile::set(&mut to.name, self.name, "name", &mut changed);
        profile::set(&mut to.greeting, self.greeting, "greeting", &mut changed);
        profile::set(&mut to.primary_color, self.primary_color, "primary_color", &mut changed);
        profile::set(&mut to.position, self.position, "position", &mut changed);
        profile::set(&mut to.theme, self.theme, "theme", &mut changed);
        profile::set(&mut to.language, self.language, "language", &mut changed);
        profile::set(&mut to.prechat, self.prechat, "prechat", &mut changed);
        profile::set(&mut to.quick_replies, self.quick_replies, "quick_replies", &mut changed);
        profile::set(&mut to.sound, self.sound, "sound", &mut changed);
        profile::set(&mut to.ask_rating, self.ask_rating, "ask_rating", &mut changed);
        changed
    }
}

/// How the tenant's widget looks and greets.
#[utoipa::path(get, path = "/api/settings/widget", tag = "settings", operation_id = "show_widget_settings",
    responses((status = 200, body = WidgetSettings), (status = 401, body = Problem), (status = 403, body = Problem)))]
async fn settings(State(app): State<App>, SignedIn(caller): SignedIn) -> Result<Json<WidgetSettings>> {
    caller.require(Action::SettingsManage)?;
    let tenant = caller.tenant;
    app.db.read(move |tx| find(tx, tenant)).await.map(Json)
}

/// Changes how the tenant's widget looks and greets; pages show it within seconds.
#[utoipa::path(put, path = "/api/settings/widget", tag = "settings", operation_id = "update_widget_settings", request_body = WidgetPatch,
    responses((status = 200, body = WidgetSettings), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn update(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Json(patch): Json<WidgetPatch>,
) -> Result<Json<WidgetSettings>> {
    caller.require(Action::SettingsManage)?;
    let now = app.clock.now();
    app.db.write(move |tx| update_in(tx, &Act::of(&caller, now), patch)).await.map(Json)
}

pub fn update_in(tx: &mut Tx<'_>, act: &Act, patch: WidgetPatch) -> Result<WidgetSettings> {
    // One at a time: what another admin changed a moment ago must not be written back.
    tenants::lock(tx, act.tenant)?;
    let mut settings = find(tx, act.tenant)?;
    let changed = patch.apply(&mut settings);
    if changed.is_empty() {
        return Ok(settings);
    }
    let Value::Object(values) = json!(settings) else { return Err(Error::bug("settings are an object")) };
    widget::save(tx, act.tenant, &json!(values).to_string(), act.at)?;
    let values = values.into_iter().filter(|(name, _)| changed.contains(&name.as_str())).collect();
    events::record(tx, act, What::WidgetSettingsChanged { values })?;
    Ok(settings)
}

/// What is stored is read as patches of the defaults, field by field: one that came with a later version has its default, and
/// what a later version wrote and this one does not know is passed over.
pub fn find(tx: &mut Tx<'_>, tenant: TenantKey) -> Result<WidgetSettings> {
    let mut settings = WidgetSettings::default();
    if let Some(stored) = widget::find(tx, tenant)? {
        read_stored(&stored, &mut settings)?;
    }
    Ok(settings)
}

fn read_stored(stored: &str, to: &mut WidgetSettings) -> Result<()> {
    let fields: Map<String, Value> = serde_json::from_str(stored).map_err(Error::internal)?;
    for field in fields {
        if let Ok(patch) = serde_json::from_value::<WidgetPatch>(Value::Object(Map::from_iter([field]))) {
            patch.apply(to);
        }
    }
    Ok(())
}

/// What a page shows before anybody has written.
#[derive(Debug, Serialize, ToSchema)]
pub struct Widget {
    #[serde(flatten)]
    settings: WidgetSettings,
    /// Whether anybody of the staff is online, and neither away nor busy.
    is_staffed: bool,
    /// Some of them, at most three.
    staff: Vec<Face>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Face {
    name: String,
    #[schema(required)]
    avatar_url: Option<String>,
}

/// What the widget shows a visitor: its settings, and who of the staff is there. The API key names the tenant, and its
/// allowed origins apply; without one, the tenant `default` answers.
#[utoipa::path(get, path = "/api/widget", tag = "settings", operation_id = "show_widget", security((), ("api_key" = [])),
    responses((status = 200, body = Widget), (status = 401, body = Problem), (status = 403, body = Problem)))]
async fn show(State(app): State<App>, Tenant(tenant): Tenant) -> Result<impl IntoResponse> {
    let mut online = app.presence.staff_online(tenant);
    online.sort_unstable();
    online.truncate(MOST_SHOWN);
    let widget = app.auth.registry.widget(&app.db, tenant, online).await?;
    // Another key is another tenant, and another origin may be refused.
    Ok(([(CACHE_CONTROL, "max-age=10"), (VARY, "x-api-key, origin")], Json(widget)))
}

pub(super) fn look_up(tx: &mut Tx<'_>, tenant: TenantKey, online: &[UserKey]) -> Result<Widget> {
    let accounts = online.iter().map(|user| users::find(tx, tenant, *user)).collect::<Result<Vec<_>>>()?;
    let staff = accounts.into_iter().map(|account| Face { name: account.name, avatar_url: account.avatar_url });
    Ok(Widget { staff: staff.collect(), is_staffed: !online.is_empty(), settings: find(tx, tenant)? })
}

fn is_greeting<T: AsRef<str>>(text: &T, context: &()) -> garde::Result {
    if text.as_ref().is_empty() { Ok(()) } else { text::content(1000)(text, context) }
}

fn is_color<T: AsRef<str>>(text: &T, _: &()) -> garde::Result {
    let digits = text.as_ref().strip_prefix('#').filter(|digits| digits.len() == 6);
    if digits.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit())) {
        Ok(())
    } else {
        Err(garde::Error::new("invalid_value: A color such as #2563eb."))
    }
}

/// `auto`, or the shape of a language tag (RFC 5646). Which languages there are is for the widget to know.
fn is_language<T: AsRef<str>>(text: &T, _: &()) -> garde::Result {
    let mut parts = text.as_ref().split('-');
    let is_first = |part: &str| (2..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_lowercase());
    let is_other = |part: &str| (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    let is_tag = text.as_ref().len() <= 35 && parts.next().is_some_and(is_first) && parts.all(is_other);
    if is_tag || text.as_ref() == "auto" {
        Ok(())
    } else {
        Err(garde::Error::new("invalid_value: `auto`, or a language tag such as `en` or `pt-BR`."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_read_back_whatever_version_wrote_it() {
        let mut settings = WidgetSettings { greeting: "Hi!".into(), sound: false, ..WidgetSettings::default() };
        settings.quick_replies.push("Where is my order?".into());
        let mut read = WidgetSettings::default();
        read_stored(&json!(settings).to_string(), &mut read).expect("our own");
        assert_eq!(read, settings);
        let mut older = WidgetSettings::default();
        read_stored(r#"{"theme":"dark"}"#, &mut older).expect("an older one");
        assert_eq!(older, WidgetSettings { theme: WidgetTheme::Dark, ..WidgetSettings::default() });
        let mut newer = WidgetSettings::default();
        let stored = r#"{"theme":"sepia","position":"left","avatar":{"shape":"round"},"sound":"loud"}"#;
        read_stored(stored, &mut newer).expect("a newer one");
        assert_eq!(newer, WidgetSettings { position: WidgetPosition::Left, ..WidgetSettings::default() });
    }

    #[test]
    fn a_language_is_auto_or_a_tag() {
        for good in ["auto", "en", "es", "pt-BR", "zh-Hant-TW", "fil"] {
            assert!(is_language(&good, &()).is_ok(), "{good}");
        }
        for bad in ["", "EN", "e", "en_US", "en-", "-en", "<b>", "en-a", "autos", &"en-latn".repeat(9)] {
            assert!(is_language(&bad, &()).is_err(), "{bad}");
        }
    }
}
