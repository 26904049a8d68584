//! Presence between nodes: this one tells of its people, and hears of those of the others.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::time::MissedTickBehavior;

use crate::app::App;
use crate::auth::model::Status;
use crate::hints::{self, Hint};
use crate::platform::bus::NodeId;
use crate::platform::shutdown::Shutdown;
use crate::realtime::housekeeping;
use crate::realtime::presence::{Heard, News, OnlineUser};
use crate::tickets::assign;

/// What changes within it is told together.
const TICK: Duration = Duration::from_millis(100);
/// Everybody is told so often at most, however many ask.
const BETWEEN_LISTS: Duration = Duration::from_millis(500);

/// What others have asked of this node.
#[derive(Default)]
pub struct Share {
    is_asked: AtomicBool,
}

/// Runs until the server shuts down, and says so to the others then.
pub async fn keep_shared(app: App, shutdown: Shutdown) {
    if app.bus.is_alone() {
        return shutdown.begun().await;
    }
    app.presence.tell_others();
    let heartbeat = Duration::from_millis(app.config.bus.heartbeat_ms);
    let lease = Duration::from_millis(app.config.bus.lease_ms);
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut told_at, mut listed_at) = (Instant::now(), None::<Instant>);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = shutdown.begun() => break,
        }
        let now = Instant::now();
        show(&app, app.presence.expire(lease, now));
        let may_list = listed_at.is_none_or(|at| now.duration_since(at) >= BETWEEN_LISTS);
        if may_list && app.realtime.share.is_asked.swap(false, Ordering::Relaxed) {
            listed_at = Some(now);
            app.presence.everybody(|news| say(&app, news));
        } else {
            app.presence.changes(|news| say(&app, news));
        }
        if now.duration_since(told_at) >= heartbeat {
            told_at = now;
            say(&app, News::Alive(app.presence.told()));
        }
    }
    say(&app, News::Bye);
}

pub fn hear_of_people(app: &App, from: &NodeId, news: News) {
    show(app, app.presence.hear(from, news, Instant::now()));
}

/// Something may have been missed: who is there, everybody?
pub fn say_hello(app: &App) {
    say(app, News::Hello(app.presence.told()));
}

fn show(app: &App, heard: Heard) {
    if app.realtime.is_on {
        heard.differences.iter().for_each(|difference| housekeeping::show_difference(app, difference));
        heard.stirred.into_iter().for_each(|(tenant, user)| app.realtime.stirred.note(tenant, user));
    }
    // A ticket may wait here that nobody here could take.
    let is_free = |now: &OnlineUser| now.role.is_staff() && now.status == Status::Online;
    for difference in heard.differences.iter().filter(|difference| is_free(&difference.now)) {
        assign::hand_out_waiting(app, difference.tenant);
    }
    if heard.is_asked {
        app.realtime.share.is_asked.store(true, Ordering::Relaxed);
    }
    if heard.has_to_ask {
        say_hello(app);
    }
}

fn say(app: &App, news: News) {
    hints::tell(app, || Hint::Presence(news));
}
