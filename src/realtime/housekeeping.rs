//! What happens by the passing of time: typing that ends, users who have left, tokens that run out, delivery marks that
//! are written down, lists of who is online that go out.

use std::collections::HashSet;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::app::App;
use crate::auth::model::{Caller, Status, TenantKey};
use crate::platform::shutdown::Shutdown;
use crate::realtime::dispatch;
use crate::realtime::gateway::SocketId;
use crate::realtime::wire::{self, StatusShown};
use crate::tickets::messages::delivered;

const TICK: Duration = Duration::from_millis(250);

/// Tenants in which somebody came, went or changed since the last tick: many changes, one list.
#[derive(Default)]
pub struct Stirred(Mutex<HashSet<TenantKey>>);

impl Stirred {
    pub fn note(&self, tenant: TenantKey) {
        self.0.lock().expect("nobody panics while holding it").insert(tenant);
    }

    fn take(&self) -> HashSet<TenantKey> {
        std::mem::take(&mut *self.0.lock().expect("nobody panics while holding it"))
    }
}

/// Runs until the server shuts down.
pub async fn keep_house(app: App, shutdown: Shutdown) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => tick(&app).await,
            () = shutdown.begun() => return,
        }
    }
}

async fn tick(app: &App) {
    let now = Instant::now();
    dispatch::show_typing_ended(app, app.realtime.hub.expire_typing(now));
    app.realtime.hub.expire_tokens(app.clock.now().seconds());
    for caller in app.realtime.presence.departed(now) {
        show_status(app, &caller, Status::Offline);
    }
    for tenant in app.realtime.stirred.take() {
        show_online(app, tenant, None);
    }
    let served = app.realtime.hub.take_served();
    if !served.is_empty()
        && let Err(error) = delivered::mark(app, served).await
    {
        tracing::warn!(%error, "could not write delivery marks; the next ones will cover them");
    }
}

/// Tells those who may know that somebody came, went or changed.
pub fn show_status(app: &App, caller: &Caller, status: Status) {
    let shown = StatusShown {
        user_id: &caller.user_id,
        username: &caller.username,
        role: caller.role,
        status,
        last_active: app.clock.now(),
    };
    app.realtime.hub.to_watchers(caller.tenant, caller.user, "user_status", &wire::raw(&shown));
    app.realtime.stirred.note(caller.tenant);
}

/// Sends the list of who is online to one socket, or to all of a tenant whose list has changed.
pub fn show_online(app: &App, tenant: TenantKey, only: Option<SocketId>) {
    let presence = &app.realtime.presence;
    app.realtime.hub.show_online(tenant, only, |view| wire::raw(&presence.list(tenant, view)));
}
