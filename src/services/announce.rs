//! How services hear of one another: every committed event comes by here.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::app::App;
use crate::auth::model::{TenantKey, UserKey};
use crate::auth::{self, Registry};
use crate::events::{Event, What};
use crate::hints;
use crate::platform::db::{Effect, OnCommit};
use crate::platform::http::origins::Origins;
use crate::platform::telemetry::spans;
use crate::realtime::dispatch;
use crate::services::{figures, reactions};
use crate::tickets::{self, assign, model::TicketStatus, reindex};

/// What one commit made, on its way to those who are told.
pub struct Committed {
    events: Vec<Event>,
    at: Instant,
}

/// Called by the database after each commit, before the writers have their answers: the registry of sessions and
/// the pages that may call have to be right at once, the rest may follow.
pub fn listener(registry: Registry, origins: Origins, queue: UnboundedSender<Committed>) -> OnCommit {
    Arc::new(move |effects: Vec<Effect>| {
        let events: Vec<Event> =
            effects.into_iter().filter_map(|effect| effect.downcast().ok()).map(|event| *event).collect();
        events.iter().for_each(|event| auth::observe(&registry, &origins, event));
        let count = events.len() as f64;
        metrics::gauge!("smilechat_events_waiting").increment(count);
        // Without a receiver this process serves nobody: a command beside the server.
        let _ = queue.send(Committed { events, at: Instant::now() });
    })
}

/// Runs until the database is closed. What a group commit made is announced in one go, so that a socket's frames leave
/// together.
pub async fn pump(app: App, mut queue: UnboundedReceiver<Committed>) {
    let (renamed, to_reindex) = unbounded_channel();
    tokio::spawn(reindex::run(app.clone(), to_reindex));
    while let Some(Committed { events, at }) = queue.recv().await {
        metrics::histogram!("smilechat_event_lag_seconds").record(at.elapsed());
        for event in &events {
            figures::count(event);
            match spans::are_on() {
                true => spans::announcement(event.what.name(), event.origin).in_scope(|| tell(&app, event, &renamed)),
                false => tell(&app, event, &renamed),
            }
        }
        metrics::gauge!("smilechat_events_waiting").decrement(events.len() as f64);
    }
}

fn tell(app: &App, event: &Event, renamed: &UnboundedSender<(TenantKey, UserKey)>) {
    // Whoever follows the events of all nodes may have seen it first.
    if app.bus.is_alone() || event.key.is_none_or(|key| app.follower.is_first(key)) {
        dispatch::announce(app, event);
    }
    hints::tell_of(app, event);
    react(app, event, renamed);
}

/// What one service does because of what another has done, at once. `reactions` makes up for what fails here.
fn react(app: &App, event: &Event, renamed: &UnboundedSender<(TenantKey, UserKey)>) {
    let tenant = event.act.tenant;
    if frees_capacity(event) {
        assign::hand_out_waiting(app, tenant);
    }
    if let What::MessageSent { is_for_bot: true, .. } = &event.what {
        app.bot_calls.call();
    }
    if let What::ArticleSaved { .. } | What::BotSettingsChanged { .. } = &event.what {
        app.vector_calls.call(tenant);
    }
    if event.key.is_some() || matches!(event.what, What::MessageSent { .. }) {
        app.webhook_calls.happened(tenant);
    }
    if let What::UserChanged { user, changed, .. } = &event.what {
        if changed.iter().any(|field| reactions::gives_rights(field)) {
            put_back(app, tenant, *user);
        }
        if changed.iter().any(|field| reactions::is_searched(field)) {
            // It fails only where the worker panicked, which the log has.
            let _ = renamed.send((tenant, *user));
        }
    }
}

/// Beside the caller's work. What it puts back is announced, and handed out by that.
fn put_back(app: &App, tenant: TenantKey, user: UserKey) {
    let app = app.clone();
    let work = async move {
        if let Err(error) = tickets::put_back::put_back(&app, tenant, user).await {
            tracing::warn!(%error, "could not put back the tickets of somebody who may hold none; trying again soon");
        }
    };
    tokio::spawn(spans::in_job("put back", work));
}

/// Somebody may have room now for a ticket that waits.
fn frees_capacity(event: &Event) -> bool {
    match &event.what {
        What::TicketUpdated { ticket, changed } => {
            let is_closed = changed.contains(&"status") && ticket.status == TicketStatus::Closed;
            is_closed || (changed.contains(&"support_id") && ticket.support.is_none())
        }
        What::TicketDeleted { .. } => true,
        _ => false,
    }
}
