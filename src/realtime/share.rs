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
    /// For everybody who is here.
    is_asked: AtomicBool,
    /// For how many pieces it has told.
    is_greeted: AtomicBool,
}

/// As long as the process lives: while it drains, those who leave are told of.
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
        ticks.tick().await;
        let now = Instant::now();
        show(&app, app.presence.expire(lease, now));
        let may_list = listed_at.is_none_or(|at| now.duration_since(at) >= BETWEEN_LISTS);
        if may_list && app.realtime.share.is_asked.swap(false, Ordering::Relaxed) {
            listed_at = Some(now);
            metrics::counter!("smilechat_presence_lists_total").increment(1);
            app.presence.everybody(|news| say(&app, news));
        } else {
            app.presence.changes(|news| say(&app, news));
        }
        let is_greeted = app.realtime.share.is_greeted.swap(false, Ordering::Relaxed);
        if is_greeted || now.duration_since(told_at) >= heartbeat {
            told_at = now;
            say(&app, News::Alive(app.presence.told()));
        }
    }
}

/// This node stops. Its people come back by the others.
pub fn say_bye(app: &App) {
    say(app, News::Bye);
}

pub fn hear_of_people(app: &App, from: &NodeId, news: News) {
    let (news, is_asked) = news.for_node(|node| app.bus.is_node(node));
    if is_asked {
        app.realtime.share.is_asked.store(true, Ordering::Relaxed);
    }
    let heard = app.presence.hear(from, news, Instant::now());
    if heard.is_greeted {
        app.realtime.share.is_greeted.store(true, Ordering::Relaxed);
    }
    if heard.has_to_ask {
        say(app, News::Ask { number: app.presence.told(), node: from.to_string() });
    }
    show(app, heard);
}

/// Something may have been missed: how many pieces has each told?
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
}

fn say(app: &App, news: News) {
    hints::tell(app, || Hint::Presence(news));
}
