//! What happens by the passing of time: typing that ends, users who have left, tokens that run out, delivery marks that
//! are written down, lists of who is online that go out.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::{Interval, MissedTickBehavior};

use crate::app::App;
use crate::auth::model::{TenantKey, UserKey};
use crate::error::Error;
use crate::hints::{self, Hint};
use crate::platform::shutdown::Shutdown;
use crate::platform::telemetry::spans;
use crate::realtime::dispatch;
use crate::realtime::gateway::Frame;
use crate::realtime::presence::{Difference, OnlineUser, View};
use crate::realtime::wire::StatusShown;
use crate::tickets::messages::delivered;
use crate::tickets::staff_of_customer;

pub(super) const TICK: Duration = Duration::from_millis(250);
/// What goes to the database by the clock is followed by a pause of that many times its length: at most a tenth of the time
/// goes into it, and what gathers meanwhile is done as one.
pub(super) const PAUSES: u32 = 9;
/// How late marks may come, however long they take.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What has changed since the last tick: many changes, one list.
#[derive(Default)]
pub struct Stirred {
    /// Who came, went or changed, by their tenants.
    users: Mutex<HashMap<TenantKey, HashSet<UserKey>>>,
    /// Customers whose tickets may have other staff now.
    customers: Mutex<HashSet<(TenantKey, UserKey)>>,
    /// Users who have another name or picture now.
    renamed: Mutex<HashSet<(TenantKey, UserKey)>>,
    to_look_up: Notify,
}

impl Stirred {
    pub fn note(&self, tenant: TenantKey, user: UserKey) {
        lock(&self.users).entry(tenant).or_default().insert(user);
    }

    pub fn note_customer(&self, tenant: TenantKey, customer: UserKey) {
        lock(&self.customers).insert((tenant, customer));
        self.to_look_up.notify_one();
    }

    pub fn note_renamed(&self, tenant: TenantKey, user: UserKey) {
        lock(&self.renamed).insert((tenant, user));
        self.to_look_up.notify_one();
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().expect("nobody panics while holding it")
}

/// What needs no database: it goes on while that is down, and while the server drains: who leaves meanwhile is seen to.
pub async fn keep_time(app: App, _: Shutdown) {
    let mut ticks = ticks();
    loop {
        ticks.tick().await;
        let now = Instant::now();
        dispatch::show_typing_ended(&app, app.realtime.hub.expire_typing(now));
        app.realtime.crossing.due(now).into_iter().for_each(|typing| hints::tell(&app, || Hint::Typing(typing)));
        app.realtime.hub.expire_tokens(app.clock.now().seconds());
        app.realtime.hub.show_viewers();
        for difference in app.presence.departed(now) {
            show_difference(&app, &difference);
        }
        let users = std::mem::take(&mut *lock(&app.realtime.stirred.users));
        for (tenant, changed) in &users {
            if show_online(&app, *tenant, changed) {
                lock(&app.realtime.stirred.users).entry(*tenant).or_default();
            }
        }
    }
}

/// What reads and writes. Runs until the server shuts down.
pub async fn keep_books(app: App, shutdown: Shutdown) {
    let mut ticks = ticks();
    let mut next_marks = Instant::now();
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = app.realtime.stirred.to_look_up.notified() => {}
            () = shutdown.begun() => return,
        }
        let customers = std::mem::take(&mut *lock(&app.realtime.stirred.customers));
        for (tenant, customer) in customers {
            if app.realtime.hub.count(tenant, customer) > 0 {
                spans::in_job("look people up", look_up_view(&app, tenant, customer)).await;
            }
        }
        let renamed = std::mem::take(&mut *lock(&app.realtime.stirred.renamed));
        for (tenant, user) in renamed {
            spans::in_job("look people up", look_up_name(&app, tenant, user)).await;
        }
        let begun = Instant::now();
        if begun >= next_marks {
            write_served(&app).await;
            next_marks = Instant::now() + (begun.elapsed() * PAUSES).min(LONGEST_PAUSE);
        }
    }
}

fn ticks() -> Interval {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Whom a customer sees: the staff who have a ticket of theirs.
async fn look_up_view(app: &App, tenant: TenantKey, customer: UserKey) {
    match staff_of_customer(app, tenant, customer).await {
        Ok(staff) => {
            let newly_seen = app.realtime.hub.set_view(tenant, customer, &HashSet::from_iter(staff));
            // They may have changed in the moment before the customer could see it.
            for online in app.presence.list(tenant, &View::Only(newly_seen)) {
                let shown = Frame::event("user_status", &status_shown(app, &online));
                app.realtime.hub.to_user(tenant, customer, &shown);
            }
            app.realtime.stirred.note(tenant, customer);
        }
        Err(error) => {
            tracing::warn!(%error, "could not look up whom a customer may see; trying again");
            // At the next tick, not at once.
            lock(&app.realtime.stirred.customers).insert((tenant, customer));
        }
    }
}

/// What a user is called now, for those of their sockets that came under another name.
async fn look_up_name(app: &App, tenant: TenantKey, user: UserKey) {
    for session_id in app.realtime.hub.sessions(tenant, user) {
        match app.auth.registry.caller(&app.db, &session_id, app.clock.now()).await {
            Ok(caller) => {
                app.realtime.hub.rename(&caller);
                app.presence.rename(&caller);
                return app.realtime.stirred.note(tenant, user);
            }
            // It has ended, and its sockets with it.
            Err(Error::Unauthorized(_)) => {}
            Err(error) => {
                tracing::warn!(%error, "could not look up a user's new name; trying again");
                lock(&app.realtime.stirred.renamed).insert((tenant, user));
                return;
            }
        }
    }
}

async fn write_served(app: &App) {
    let served = app.realtime.hub.take_served();
    if !served.is_empty()
        && let Err(error) = spans::in_job("mark as delivered", delivered::mark(app, served.clone())).await
    {
        tracing::warn!(%error, "could not write delivery marks; trying again");
        app.realtime.hub.return_served(&served);
    }
}

fn status_shown<'a>(app: &App, online: &'a OnlineUser) -> StatusShown<'a> {
    let OnlineUser { user_id, username, role, status, .. } = online;
    StatusShown { user_id, username, role: *role, status: *status, last_active: app.clock.now() }
}

/// Tells those who may know that somebody came, went or changed.
pub fn show_difference(app: &App, Difference { tenant, now }: &Difference) {
    let shown = Frame::event("user_status", &status_shown(app, now));
    app.realtime.hub.to_watchers(*tenant, now.user, &shown);
    app.realtime.stirred.note(*tenant, now.user);
}

/// True: it has to be shown again.
fn show_online(app: &App, tenant: TenantKey, changed: &HashSet<UserKey>) -> bool {
    let presence = &app.presence;
    app.realtime.hub.show_online(tenant, changed, |view| Frame::event("online_users", &presence.list(tenant, view)))
}
