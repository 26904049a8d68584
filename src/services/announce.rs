//! How services hear of one another: every committed event comes by here.

use std::sync::Arc;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use crate::app::App;
use crate::auth::{self, Registry};
use crate::events::{Event, What};
use crate::platform::db::{Effect, OnCommit};
use crate::realtime::dispatch;
use crate::tickets::assign;
use crate::tickets::model::TicketStatus;

/// Called by the database after each commit, before the writers have their answers: the registry of sessions has to know
/// at once, the rest may follow.
pub fn listener(registry: Registry, queue: UnboundedSender<Vec<Event>>) -> OnCommit {
    Arc::new(move |effects: Vec<Effect>| {
        let events: Vec<Event> =
            effects.into_iter().filter_map(|effect| effect.downcast().ok()).map(|event| *event).collect();
        events.iter().for_each(|event| auth::observe(&registry, event));
        // Without a receiver this process serves nobody: a command beside the server.
        let _ = queue.send(events);
    })
}

/// Runs until the database is closed. What a group commit made is announced in one go, so that a socket's frames leave
/// together.
pub async fn pump(app: App, mut queue: UnboundedReceiver<Vec<Event>>) {
    while let Some(events) = queue.recv().await {
        for event in &events {
            dispatch::announce(&app, event);
            if frees_capacity(event) {
                hand_out_waiting(&app, event);
            }
        }
    }
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

fn hand_out_waiting(app: &App, event: &Event) {
    let (app, tenant) = (app.clone(), event.act.tenant);
    tokio::spawn(async move {
        if let Err(error) = assign::assign_waiting(&app, tenant).await {
            tracing::warn!(%error, "could not hand out waiting tickets; the next change will try again");
        }
    });
}
