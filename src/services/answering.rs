//! The bot at work: at once where a message is stored on this node, and by the clock for what others stored, or what was left
//! by a process that died.
//!
//! A ticket is answered by one task at a time; how long one takes keeps no other ticket waiting.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::app::App;
use crate::auth::model::UserKey;
use crate::error::Result;
use crate::platform::shutdown::Shutdown;
use crate::platform::telemetry::spans;
use crate::realtime::dispatch;
use crate::tickets::bot::answer::{self, Due, Task};

const TURN: Duration = Duration::from_secs(3);
/// Before a ticket is tried again that could not be answered.
const AFTER_FAILURE: Duration = Duration::from_secs(2);
const AT_ONCE: usize = 64;
/// One tenant's model that hangs keeps no other tenant waiting.
const OF_ONE_TENANT: usize = 8;
/// Together with those who are late: no model is asked about them, and they wait behind none.
const WITH_THE_LATE: usize = 16;
const BATCH: i64 = 1000;

/// Runs until the server shuts down. What is under way is finished.
pub async fn keep(app: App, shutdown: Shutdown) {
    let mut turns = tokio::time::interval(TURN);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut busy, mut running) = (HashSet::new(), JoinSet::new());
    loop {
        tokio::select! {
            _ = turns.tick() => {}
            () = app.bot_calls.heard() => {}
            Some(ended) = running.join_next(), if !running.is_empty() => match ended {
                Ok(due) => {
                    busy.remove(&due);
                    // There may be more than could be taken up, or this ticket's next message.
                }
                // A panic ends this worker, and the server with it.
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            },
            () = shutdown.begun() => break,
        }
        match answer::list_due(&app, BATCH).await {
            Ok(found) => {
                for (due, is_late) in found {
                    let of_tenant = busy.iter().filter(|busy: &&Due| busy.tenant == due.tenant).count();
                    let most = if is_late { WITH_THE_LATE } else { OF_ONE_TENANT };
                    if running.len() < AT_ONCE && of_tenant < most && busy.insert(due) {
                        running.spawn(spans::in_job("answer", answer_one(app.clone(), due)));
                    }
                }
            }
            Err(error) => {
                tracing::warn!(%error, "could not see what the bot owes; trying again");
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    }
    while running.join_next().await.is_some() {}
}

async fn answer_one(app: App, due: Due) -> Due {
    if let Err(error) = attend(&app, due).await {
        tracing::warn!(%error, "the bot could not answer; trying again");
        tokio::time::sleep(AFTER_FAILURE).await;
    }
    due
}

async fn attend(app: &App, due: Due) -> Result<()> {
    let Some(task) = answer::take_up(app, due).await? else { return Ok(()) };
    let typist = Typist::begin(app, &task);
    let draft = Draft::new(app, &task);
    let said = answer::finish(app, task, &|text: &str| draft.show(text)).await;
    // Where the ticket is open on this node, the message has ended it already; other nodes hear of it by this alone.
    typist.end(app);
    said.map(drop)
}

/// An answer that is being written, as those see it who follow the ticket.
struct Draft {
    app: App,
    ticket_id: String,
    message_id: String,
}

impl Draft {
    fn new(app: &App, task: &Task) -> Self {
        let (ticket_id, message_id) = (task.ticket_id().to_owned(), task.message_id());
        Self { app: app.clone(), ticket_id, message_id }
    }

    /// The whole text so far: whoever misses one sees it in the next.
    fn show(&self, text: &str) {
        dispatch::show_draft(&self.app, &self.ticket_id, &self.message_id, text);
    }
}

/// The bot as somebody who types. It runs out by itself, as anybody's typing does.
struct Typist {
    ticket_id: String,
    user: UserKey,
    user_id: String,
    name: String,
}

impl Typist {
    fn begin(app: &App, task: &Task) -> Self {
        let typist = Self {
            ticket_id: task.ticket_id().to_owned(),
            user: task.bot,
            user_id: task.bot_id.clone(),
            name: task.bot_name.clone(),
        };
        let until = Instant::now() + Duration::from_millis(app.config.realtime.typing_ttl_ms);
        let who = (typist.user_id.as_str(), typist.name.as_str());
        app.realtime.hub.begin_typing_elsewhere(&typist.ticket_id, typist.user, who, until);
        dispatch::show_typing(app, &typist.ticket_id, typist.user, &typist.user_id, &typist.name, true);
        typist
    }

    fn end(self, app: &App) {
        app.realtime.hub.end_typing(&self.ticket_id, self.user);
        dispatch::show_typing(app, &self.ticket_id, self.user, &self.user_id, &self.name, false);
    }
}
