//! What a tenant's own servers are sent: the bot's webhook and the tools that a model may call, each signed so that the receiver
//! knows whose word it is about whom.
//!
//! `smilechat-signature: t=<seconds since 1970>,v1=<hex>`, where the hex is HMAC-SHA256 with the tenant's secret over
//! `<seconds>.<body>`.

use std::time::Duration;

use reqwest::Url;
use serde_json::Value;

use crate::app::App;
use crate::auth::bot_account;
use crate::auth::model::{TenantKey, UserKey};
use crate::error::Result;
use crate::platform::outbound::{Answer, Failure};
use crate::platform::secret::{hex, hmac_sha256};

const TOOL_SECONDS: u64 = 5;
const TOOL_BYTES: usize = 16 * 1024;

/// Of whom a receiver is told; nobody at all where the bot is only tried out.
#[derive(Default)]
pub struct Visitor {
    pub user_id: String,
    /// Whom the tenant's own pages said that this is, by a signature of theirs.
    pub external_id: Option<String>,
    pub is_guest: bool,
}

pub async fn visitor(app: &App, tenant: TenantKey, user: Option<UserKey>) -> Result<Visitor> {
    let Some(user) = user else { return Ok(Visitor::default()) };
    let account = app.db.read(move |tx| bot_account::find(tx, tenant, user)).await?;
    Ok(Visitor { user_id: account.user_id, external_id: account.external_id, is_guest: account.is_guest })
}

/// What a tool answers, as text.
pub async fn call_tool(app: &App, url: &str, secret: Option<&str>, body: &Value) -> Result<String, Failure> {
    let called = async {
        let answer = post(app, url, secret, body).await?.up_to(TOOL_BYTES).whole().await?;
        String::from_utf8(answer.into()).map_err(|_| Failure::Broken)
    };
    tokio::time::timeout(Duration::from_secs(TOOL_SECONDS), called).await.unwrap_or(Err(Failure::TimedOut))
}

pub async fn post(app: &App, url: &str, secret: Option<&str>, body: &Value) -> Result<Answer, Failure> {
    let url = Url::parse(url).map_err(|_| Failure::Refused)?;
    let (body, seconds) = (body.to_string(), (app.clock.now().0 / 1000).to_string());
    let mut headers = Vec::new();
    if let Some(secret) = secret {
        let signature = hex(&hmac_sha256(secret.as_bytes(), &[seconds.as_bytes(), b".", body.as_bytes()]));
        headers.push(("smilechat-signature", format!("t={seconds},v1={signature}")));
    }
    app.outbound.post(&url, &headers, body).await
}
