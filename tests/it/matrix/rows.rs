//! The table: one row for each route, in the order in which the victim's own people call them at the end.

use serde_json::{Value, json};

use super::attackers::Attacker;
use super::estate::Estate;
use crate::harness::PASSWORD;

/// Who may call a route at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Whoever comes; nothing of anybody's is behind it.
    Public,
    Customer,
    Support,
    Admin,
}

/// Where a request names something that is somebody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nowhere: it is about the caller.
    None,
    Path,
    Body(&'static str),
    Query(&'static str),
    Cursor,
}

pub struct Row {
    pub route: &'static str,
    pub level: Level,
    places: &'static [Place],
    /// A valid body, made of the ids of whose request it is.
    pub body: fn(&Estate) -> Value,
    /// What the owner's own request is answered with.
    pub owner: u16,
}

const fn row(
    route: &'static str,
    level: Level,
    places: &'static [Place],
    body: fn(&Estate) -> Value,
    owner: u16,
) -> Row {
    Row { route, level, places, body, owner }
}

const fn public(route: &'static str) -> Row {
    row(route, Public, &[], none, 200)
}

fn none(_: &Estate) -> Value {
    Value::Null
}

use Level::*;
use Place::*;

pub const ROWS: &[Row] = &[
    public("GET /healthz"),
    public("GET /readyz"),
    public("GET /metrics"),
    public("GET /asyncapi.json"),
    public("POST /api/auth/register"),
    public("POST /api/auth/login"),
    public("POST /api/auth/refresh"),
    public("POST /api/auth/anonymous"),
    public("POST /api/auth/identify"),
    public("GET /api/widget"),
    public("GET /api/kb/articles"),
    public("GET /api/kb/articles/{id}"),
    public("GET /api/kb/collections"),
    public("GET /api/kb/collections/{id}"),
    public("GET /api/kb/search"),
    public("GET /api/bot/profile"),
    row("GET /api/users/profile", Customer, &[None], none, 200),
    row("PUT /api/users/profile", Customer, &[None], |own| json!({"name": own.word}), 200),
    row("GET /api/users/status", Customer, &[None, Query("user_id")], none, 200),
    row("GET /api/users", Support, &[None, Query("ids"), Cursor], none, 200),
    row("GET /api/users/{user_id}", Support, &[Path], none, 200),
    row("PUT /api/users/{user_id}", Admin, &[Path], |_| json!({"roles": ["customer", "support"]}), 200),
    row("GET /api/audit", Admin, &[None, Cursor], none, 200),
    row("GET /api/invites", Admin, &[None, Cursor], none, 200),
    row("POST /api/invites", Admin, &[None], |_| json!({"role": "support"}), 201),
    row("DELETE /api/invites/{invite_id}", Admin, &[Path], none, 204),
    row("GET /api/api-keys", Admin, &[None, Cursor], none, 200),
    row("POST /api/api-keys", Admin, &[None], |own| json!({"kind": "publishable", "name": own.word}), 201),
    row("PUT /api/api-keys/{api_key_id}", Admin, &[Path], |own| json!({"name": own.word}), 200),
    row("DELETE /api/api-keys/{api_key_id}", Admin, &[Path], none, 204),
    row("GET /api/settings/widget", Admin, &[None], none, 200),
    row("PUT /api/settings/widget", Admin, &[None], |own| json!({"greeting": own.word}), 200),
    row("GET /api/settings/identity", Admin, &[None], none, 200),
    row("POST /api/settings/identity", Admin, &[None], |_| json!({}), 200),
    row("GET /api/webhooks", Admin, &[None, Cursor], none, 200),
    row("POST /api/webhooks", Admin, &[None], |own| json!({"url": format!("http://localhost:9/{}", own.word)}), 201),
    row("GET /api/webhooks/{webhook_id}", Admin, &[Path], none, 200),
    row("PUT /api/webhooks/{webhook_id}", Admin, &[Path], |own| json!({"description": own.word}), 200),
    row("POST /api/webhooks/{webhook_id}/secret", Admin, &[Path], |_| json!({}), 200),
    row("POST /api/webhooks/{webhook_id}/test", Admin, &[Path], |_| json!({}), 200),
    row("GET /api/webhooks/{webhook_id}/deliveries", Admin, &[Path, Cursor], none, 200),
    row("POST /api/webhooks/{webhook_id}/deliveries/{delivery_id}/retry", Admin, &[Path], |_| json!({}), 200),
    row("DELETE /api/webhooks/{webhook_id}", Admin, &[Path], none, 204),
    row("GET /api/bot", Admin, &[None], none, 200),
    row("PUT /api/bot", Admin, &[None], |own| json!({"greeting": own.word}), 200),
    row("POST /api/bot/try", Admin, &[None], |own| json!({"question": own.word}), 200),
    row("POST /api/bot/webhook/secret", Admin, &[None], |_| json!({}), 200),
    row("GET /api/bot/runs", Support, &[None, Query("ticket_id"), Cursor], none, 200),
    row("POST /api/kb/collections", Admin, &[None], |own| json!({"name": own.word, "slug": "new"}), 201),
    row("PUT /api/kb/collections/{id}", Admin, &[Path], |own| json!({"name": own.word}), 200),
    row(
        "POST /api/kb/articles",
        Support,
        &[None, Body("collection_id")],
        |own| json!({"title": own.word, "body": own.word}),
        201,
    ),
    row("PUT /api/kb/articles/{id}", Support, &[Path, Body("collection_id")], |own| json!({"body": own.word}), 200),
    row("GET /api/kb/articles/{id}/versions", Support, &[Path, Cursor], none, 200),
    row("POST /api/kb/articles/{id}/versions/{version}/restore", Support, &[Path], |_| json!({}), 200),
    row("POST /api/kb/articles/{id}/feedback", Customer, &[Path], |_| json!({"is_helpful": true}), 200),
    row("GET /api/kb/imports", Admin, &[None, Cursor], none, 200),
    row("GET /api/kb/imports/{id}", Admin, &[Path], none, 200),
    row("DELETE /api/kb/imports/{id}", Admin, &[Path], none, 204),
    row("POST /api/kb/imports", Admin, &[None], |own| json!({"url": format!("http://127.0.0.1:9/{}", own.word)}), 202),
    row("DELETE /api/kb/articles/{id}", Support, &[Path], none, 204),
    row("DELETE /api/kb/collections/{id}", Admin, &[Path], none, 204),
    row("GET /api/analytics/overview", Support, &[None], none, 200),
    row("GET /api/analytics/series", Support, &[None], none, 200),
    row("GET /api/analytics/agents", Support, &[None], none, 200),
    row("GET /api/analytics/tags", Support, &[None], none, 200),
    row("GET /api/analytics/channels", Support, &[None], none, 200),
    row("GET /api/analytics/ratings", Support, &[None, Cursor], none, 200),
    row("GET /api/analytics/live", Support, &[None], none, 200),
    row("GET /api/analytics/usage", Admin, &[None], none, 200),
    row("GET /api/tickets/counts", Support, &[None], none, 200),
    row("GET /api/tickets", Customer, &[None, Query("customer_id"), Query("support_id"), Cursor], none, 200),
    row("POST /api/tickets", Customer, &[None, Body("customer_id")], |own| json!({"subject": own.word}), 201),
    row("GET /api/tickets/{id}", Customer, &[Path], none, 200),
    row("PUT /api/tickets/{id}", Customer, &[Path, Body("support_id")], |_| json!({"status": "closed"}), 200),
    row("GET /api/tickets/{id}/rating", Customer, &[Path], none, 200),
    row("POST /api/tickets/{id}/rating", Customer, &[Path], |own| json!({"score": 5, "comment": own.word}), 200),
    row("GET /api/tickets/{id}/assist", Support, &[Path], none, 200),
    row("POST /api/tickets/{id}/assist", Support, &[Path], |_| json!({"kind": "summary"}), 200),
    row("POST /api/tickets/{id}/handoff", Customer, &[Path], |_| json!({}), 200),
    row("DELETE /api/tickets/{id}/handoff", Support, &[Path], none, 200),
    row("GET /api/tickets/{id}/history", Support, &[Path, Cursor], none, 200),
    row("GET /api/tickets/{id}/notes", Support, &[Path, Cursor], none, 200),
    row("POST /api/tickets/{id}/notes", Support, &[Path], |own| json!({"body": own.word}), 201),
    row("GET /api/messages/{id}", Customer, &[Path, Cursor], none, 200),
    row("POST /api/messages/{id}", Customer, &[Path], |own| json!({"message_content": own.word}), 201),
    row("POST /api/attachments", Customer, &[Path], |own| json!({"file": own.word}), 201),
    row("GET /api/attachments/{attachment_id}", Customer, &[Path], none, 200),
    row("PUT /api/messages/{id}/read", Customer, &[Path], none, 200),
    row("DELETE /api/tickets/{id}", Support, &[Path], none, 204),
    row("GET /api/users/totp", Customer, &[None], none, 200),
    row("POST /api/users/totp/offer", Customer, &[None], none, 200),
    row("DELETE /api/users/totp", Customer, &[None], |_| json!({"current_password": PASSWORD}), 204),
    row("PUT /api/users/totp", Customer, &[None], totp_confirmation, 204),
    row("POST /api/auth/switch-role", Customer, &[None], |_| json!({"role": "customer"}), 200),
    row("POST /api/auth/logout", Customer, &[None, Body("refresh_token")], |_| json!({}), 204),
];

fn totp_confirmation(own: &Estate) -> Value {
    let secret = totp_rs::Secret::from([7; 20]);
    let code =
        totp_rs::Builder::new().with_secret(secret.clone()).build().expect("a good secret").generate(own.seconds);
    json!({"secret": secret.to_base32(), "code": code.to_string(), "current_password": PASSWORD})
}

/// Ids that stand in a path by their own name, where `own.id` has them.
const NAMED: [&str; 6] = ["user_id", "invite_id", "api_key_id", "attachment_id", "webhook_id", "delivery_id"];

impl Row {
    pub fn is_public(&self) -> bool {
        self.level == Public
    }

    pub fn has_cursor(&self) -> bool {
        self.places.contains(&Cursor)
    }

    pub fn method(&self) -> &str {
        self.route.split(' ').next().expect("a method")
    }

    fn template(&self) -> &str {
        match self.route.split(' ').nth(1).expect("a path") {
            "/api/attachments" => "/api/attachments?ticket_id={id}",
            path => path,
        }
    }

    /// A body of files instead of JSON.
    pub fn is_upload(&self) -> bool {
        self.route == "POST /api/attachments"
    }

    pub fn path(&self, of: &Estate) -> String {
        let path = self.template().replace("{id}", of.id(self.id_name())).replace("{version}", "1");
        NAMED.iter().fold(path, |path, name| path.replace(&format!("{{{name}}}"), of.id(name)))
    }

    /// What `{id}` stands for.
    fn id_name(&self) -> &'static str {
        let route = self.route;
        match () {
            () if route.ends_with("/read") => "message_id",
            () if route.ends_with("/feedback") => "published_id",
            () if route.contains("/kb/articles") => "article_id",
            () if route.contains("/kb/collections") => "collection_id",
            () if route.contains("/kb/imports") => "import_id",
            () => "ticket_id",
        }
    }

    pub fn absent_path(&self) -> String {
        let absent = "019e7044-8800-7000-8000-000000000000";
        let id = if self.route.ends_with("/read") { format!("{absent}.1") } else { absent.to_owned() };
        let path = self.template().replace("{id}", &id).replace("{version}", "1");
        NAMED.iter().fold(path, |path, name| path.replace(&format!("{{{name}}}"), absent))
    }

    /// What this stranger tries. Who is signed in may do their own things: no attack, but for what they read by it.
    pub fn places_for(&self, attacker: &Attacker) -> Vec<Place> {
        let is_harmless = |place: &Place| *place == None && self.method() != "GET" && attacker.level >= self.level;
        // It ends the caller's own session as well, which is a row of the victim's tenant.
        let is_own_end = |place: &Place| *place == Body("refresh_token") && attacker.is_neighbour;
        // What is published is there for everybody of the tenant.
        let is_common =
            |place: &Place| *place == Path && attacker.is_neighbour && self.route.starts_with("POST /api/kb/");
        let is_attack = |place: &&Place| !is_harmless(place) && !is_own_end(place) && !is_common(place);
        self.places.iter().filter(is_attack).copied().collect()
    }

    pub fn expected(&self, attacker: &Attacker, place: Place) -> &'static [u16] {
        let hides = ["/api/tickets/", "/api/messages/", "/api/attachments"]
            .iter()
            .any(|place| self.template().starts_with(place));
        let is_below = attacker.level < self.level;
        match place {
            _ if attacker.level == Public => &[401],
            // A ticket is looked up first: whose it is not learns nothing else.
            Path if is_below && !hides => &[403],
            Path => &[404],
            // A cursor is read first where it names the ticket as well.
            Cursor if is_below => &[403, 422],
            Cursor if attacker.is_neighbour && self.route == "GET /api/tickets" => &[200],
            Cursor => &[422],
            _ if is_below => &[403],
            Body("refresh_token") => &[204],
            Body(_) if attacker.level < Support => &[403],
            Body(_) => &[422],
            Query("user_id") => &[404],
            Query(_) | None => &[200],
        }
    }
}
