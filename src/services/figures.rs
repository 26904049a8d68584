//! The figures that no part of the server has by itself: what happened, counted from the events, and how things stand.

use crate::analytics;
use crate::app::App;
use crate::auth::model::Role;
use crate::error::Result;
use crate::events::{Event, What};
use crate::notifications;
use crate::platform::clock::Timestamp;
use crate::tickets;
use crate::tickets::model::{Side, Ticket, TicketStatus};

/// Called for each committed event, once.
pub fn count(event: &Event) {
    match &event.what {
        What::MessageSent { message, first_reply_after, .. } => {
            match message.sender.role {
                Role::Customer => metrics::counter!("smilechat_messages_total", "role" => "customer").increment(1),
                Role::Support => metrics::counter!("smilechat_messages_total", "role" => "support").increment(1),
                Role::Admin => metrics::counter!("smilechat_messages_total", "role" => "admin").increment(1),
            }
            if let Some(after) = first_reply_after {
                metrics::histogram!("smilechat_ticket_first_reply_seconds").record(*after);
            }
        }
        What::MessagesRead { side, after, .. } => {
            let seen = match side {
                Side::Customer => metrics::histogram!("smilechat_message_seen_seconds", "side" => "customer"),
                Side::Staff => metrics::histogram!("smilechat_message_seen_seconds", "side" => "staff"),
            };
            after.iter().for_each(|after| seen.record(*after));
        }
        What::TicketCreated { .. } => metrics::counter!("smilechat_tickets_opened_total").increment(1),
        What::TicketUpdated { ticket, changed } if changed.contains(&"status") => count_move(ticket, changed),
        _ => {}
    }
}

fn count_move(ticket: &Ticket, changed: &[&str]) {
    if ticket.status == TicketStatus::Closed {
        metrics::counter!("smilechat_tickets_closed_total").increment(1);
        let took = ticket.closed_at.unwrap_or(ticket.updated_at).since(ticket.created_at);
        metrics::histogram!("smilechat_ticket_resolution_seconds").record(took);
    } else if changed.contains(&"closed_at") {
        metrics::counter!("smilechat_tickets_reopened_total").increment(1);
    }
}

/// Sets the gauges that cost nothing to know.
pub fn refresh(app: &App) {
    app.db.measure();
    app.realtime.hub.measure();
}

/// Sets those of what waits, which the database is asked for.
pub async fn show_backlogs(app: &App) -> Result<()> {
    let (backlogs, uncounted) = (tickets::backlogs(app).await?, analytics::oldest_uncounted(app).await?);
    let webhooks = notifications::backlog(app).await?;
    let now = app.clock.now();
    let age = |since: Option<Timestamp>| since.map(|since| now.since(since).as_secs_f64()).unwrap_or_default();
    let (waiting, oldest) = backlogs.tickets;
    metrics::gauge!("smilechat_tickets_waiting").set(waiting as f64);
    metrics::gauge!("smilechat_tickets_waiting_oldest_seconds").set(age(oldest));
    let queues = [
        ("bot", backlogs.bot),
        ("imports", backlogs.imports),
        ("file_removals", backlogs.file_removals),
        ("webhooks", webhooks),
    ];
    for (queue, (length, oldest)) in queues {
        metrics::gauge!("smilechat_backlog_length", "queue" => queue).set(length as f64);
        metrics::gauge!("smilechat_backlog_oldest_seconds", "queue" => queue).set(age(oldest));
    }
    metrics::gauge!("smilechat_backlog_oldest_seconds", "queue" => "analytics").set(age(uncounted));
    Ok(())
}
