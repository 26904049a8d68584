//! What the other nodes say, and what to do when something of it may be missing.
//!
//! A hint that was lost is made up for from the database: events are followed in any case (`follow`), messages are looked for
//! in the tickets that somebody here has open; once a second while the bus is in doubt, and now and then while it is not.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::MissedTickBehavior;
use tracing::Instrument;

use crate::app::App;
use crate::auth::model::{TenantKey, TicketKey};
use crate::error::Result;
use crate::hints::Hint;
use crate::platform::bus::{Heard, Incoming, NodeId};
use crate::platform::clock::Timestamp;
use crate::platform::shutdown::Shutdown;
use crate::realtime::{self, dispatch};
use crate::tickets::activity;
use crate::tickets::messages::replay;
use crate::tickets::model::Side;

const TURN: Duration = Duration::from_secs(1);
/// While nothing is in doubt.
const RARELY: Duration = Duration::from_secs(5);
/// Clocks of two nodes are not apart by more than this.
const SKEW: Duration = Duration::from_secs(5);
/// Tickets in one statement.
const AT_ONCE: usize = 500;

/// Runs until the server shuts down.
pub async fn listen(app: App, mut incoming: Incoming, shutdown: Shutdown) {
    let has_missed = Notify::new();
    let hearing = async {
        loop {
            match incoming.next().await {
                Heard::Line { from, text } => match serde_json::from_str::<Hint>(&text) {
                    Ok(mut hint) => match hint.span() {
                        Some(span) => hear(&app, &from, hint).instrument(span).await,
                        None => hear(&app, &from, hint).await,
                    },
                    Err(_) => app.bus.note_junk(),
                },
                Heard::MayHaveMissed => {
                    app.follower.wake();
                    realtime::say_hello(&app);
                    has_missed.notify_one();
                }
            }
        }
    };
    tokio::select! {
        () = hearing => {}
        () = heal(&app, &has_missed) => {}
        () = shutdown.begun() => {}
    }
}

async fn hear(app: &App, from: &NodeId, hint: Hint) {
    match hint {
        Hint::Recorded => app.follower.wake(),
        Hint::Traced(traced) => app.follower.note_trace(traced.key, traced.origin()),
        Hint::Message(new) => {
            app.follower.be_current().await;
            dispatch::hear_of_message(app, new.tenant(), &new.ticket_id, new.seq);
        }
        Hint::Read(marks) | Hint::Delivered(marks) => {
            app.follower.be_current().await;
            dispatch::announce(app, &marks.into_event());
        }
        Hint::Typing(typing) => dispatch::hear_of_typing(app, &typing),
        Hint::Draft(draft) => dispatch::show_draft_here(app, &draft.ticket_id, &draft.message_id, &draft.text),
        Hint::Presence(news) => realtime::hear_of_people(app, from, news),
    }
}

/// Never returns.
async fn heal(app: &App, has_missed: &Notify) {
    let mut turns = tokio::time::interval(TURN);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut healed_at, mut activities) = (Instant::now(), Activities { since: app.clock.now(), told: HashMap::new() });
    loop {
        let is_in_doubt = tokio::select! {
            _ = turns.tick() => app.bus.is_in_doubt(),
            () = has_missed.notified() => true,
        };
        if app.bus.is_alone() || (!is_in_doubt && healed_at.elapsed() < RARELY) {
            continue;
        }
        app.follower.be_current().await;
        healed_at = Instant::now();
        let healed = match is_in_doubt {
            true => look_for_messages(app).await.and(activities.look(app).await),
            false => look_for_messages(app).await,
        };
        match healed {
            Ok(()) => activities.pass(app.clock.now(), is_in_doubt),
            Err(error) => tracing::warn!(%error, "could not look for messages of other nodes; trying again"),
        }
    }
}

/// In the tickets that somebody here follows.
async fn look_for_messages(app: &App) -> Result<()> {
    let mut by_tenant: HashMap<TenantKey, HashMap<TicketKey, String>> = HashMap::new();
    for (tenant, ticket, ticket_id) in app.realtime.hub.followed() {
        by_tenant.entry(tenant).or_default().insert(ticket, ticket_id);
    }
    for (tenant, followed) in by_tenant {
        let tickets: Vec<TicketKey> = followed.keys().copied().collect();
        for some in tickets.chunks(AT_ONCE) {
            for (ticket, last_seq) in replay::last_seqs(app, tenant, some.to_vec()).await? {
                dispatch::learn(app, &followed[&ticket], last_seq);
            }
        }
    }
    Ok(())
}

/// What is new in tickets that nobody here follows, for those who see a list of them.
struct Activities {
    /// Up to here nothing was missed.
    since: Timestamp,
    /// Which state of a ticket was told of late.
    told: HashMap<String, Timestamp>,
}

impl Activities {
    async fn look(&mut self, app: &App) -> Result<()> {
        for tenant in app.realtime.hub.served_tenants() {
            for (ticket_id, updated_at) in activity::changed_since(app, tenant, self.since).await? {
                if self.told.insert(ticket_id.clone(), updated_at) != Some(updated_at) {
                    app.realtime.hub.note_activity(tenant, &ticket_id, &Side::BOTH);
                }
            }
        }
        Ok(())
    }

    fn pass(&mut self, now: Timestamp, is_in_doubt: bool) {
        self.since = now.minus(SKEW);
        match is_in_doubt {
            true => self.told.retain(|_, updated_at| *updated_at >= self.since),
            false => self.told.clear(),
        }
    }
}
