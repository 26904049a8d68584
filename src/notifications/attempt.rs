//! One attempt: a request to a receiver, and what follows from how it went.

use std::time::{Duration, Instant};

use reqwest::Url;
use serde_json::{Map, json};

use super::model::{Attempt, Secrets, WebhookKey};
use super::schedule;
use super::sign;
use super::store::queue::{self, Claimed};
use super::store::{deliveries, webhooks};
use crate::app::App;
use crate::auth::model::TenantKey;
use crate::error::Result;
use crate::events::{self, Act, What};
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::outbound::Failure;

/// It has moved away for good, it says.
const GONE: i64 = 410;
/// Nobody is at home any more.
const LONGEST_FAILURE: Duration = Duration::from_secs(5 * 24 * 3600);

/// How long it may take, with what a node needs to write down how it went. After it, what is claimed is due again.
pub fn lease(app: &App) -> Duration {
    Duration::from_secs(app.config.notifications.webhook_timeout_seconds + 10)
}

/// Sends once. Also tells how many seconds the receiver wants to be left alone for.
pub async fn send(app: &App, url: &str, secrets: &Secrets, delivery_id: &str, body: &str) -> (Attempt, Option<u64>) {
    let begun = Instant::now();
    let asked = async {
        let url = Url::parse(url).map_err(|_| Failure::Refused)?;
        let headers = sign::headers(secrets, delivery_id, app.clock.now(), body);
        // A success is one by its status. What else it says nobody reads.
        app.outbound.post(&url, &headers, body.to_owned()).await.map(|answer| answer.status())
    };
    let time = Duration::from_secs(app.config.notifications.webhook_timeout_seconds);
    let asked = tokio::time::timeout(time, asked).await.unwrap_or(Err(Failure::TimedOut));
    let took = begun.elapsed();
    metrics::histogram!("smilechat_webhook_seconds").record(took);
    let ms = i64::try_from(took.as_millis()).unwrap_or(i64::MAX);
    match asked {
        Ok(status) => (Attempt { status: Some(status.into()), error: None, ms }, None),
        Err(failure) => {
            let (status, wait) = match failure {
                Failure::Status(status @ (429 | 503), wait) => (Some(status.into()), wait),
                Failure::Status(status, _) => (Some(status.into()), None),
                _ => (None, None),
            };
            (Attempt { status, error: Some(failure.as_str().to_owned()), ms }, wait)
        }
    }
}

/// When it is tried again, if it is. None too for what was taken.
pub fn again_at(app: &App, of: &Claimed, attempt: &Attempt, wait: Option<u64>) -> Option<Timestamp> {
    attempt.error.as_ref()?;
    schedule::pause(of.attempts, wait, &app.random).map(|pause| app.clock.now().plus(pause))
}

/// Writes down how it went, and what that says of the receiver.
pub fn conclude(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    webhook: WebhookKey,
    of: &Claimed,
    attempt: &Attempt,
    again_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<()> {
    let Some(receiver) = webhooks::lock(tx, tenant, webhook)? else { return Ok(()) };
    if !queue::finish(tx, tenant, of, attempt, again_at, now)? {
        return Ok(());
    }
    if let (Some(ticket_id), None) = (&of.ticket_id, again_at) {
        deliveries::promote(tx, tenant, webhook, ticket_id, now)?;
    }
    if attempt.error.is_none() {
        return match receiver.failing_since {
            Some(_) => webhooks::set_failing(tx, tenant, webhook, None),
            None => Ok(()),
        };
    }
    let since = receiver.failing_since.unwrap_or(now);
    if receiver.failing_since.is_none() {
        webhooks::set_failing(tx, tenant, webhook, Some(now))?;
    }
    let reason = match attempt.status {
        Some(GONE) => "gone",
        _ if now.since(since) > LONGEST_FAILURE => "failing",
        _ => return Ok(()),
    };
    if receiver.is_enabled {
        webhooks::disable(tx, tenant, webhook, reason, now)?;
        let values = Map::from_iter([("reason".to_owned(), json!(reason))]);
        let what = What::WebhookSaved { webhook_id: receiver.webhook_id, change: "disabled", values };
        events::record(tx, &Act::of_server(tenant, now), what)?;
    }
    Ok(())
}

/// For the figures.
pub fn count(attempt: &Attempt, again_at: Option<Timestamp>) {
    match (&attempt.error, again_at) {
        (None, _) => metrics::counter!("smilechat_webhook_deliveries_total", "result" => "delivered").increment(1),
        (Some(_), Some(_)) => {
            metrics::counter!("smilechat_webhook_deliveries_total", "result" => "retried").increment(1)
        }
        (Some(_), None) => metrics::counter!("smilechat_webhook_deliveries_total", "result" => "failed").increment(1),
    }
}
