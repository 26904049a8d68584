//! Vectors of what tenants know, made beside the requests: each tenant's by itself, so that one whose model is slow or away keeps
//! no other waiting. Such a one is left alone for longer each time, until it works, or is set anew.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::app::App;
use crate::auth::model::TenantKey;
use crate::platform::clock::Timestamp;
use crate::platform::shutdown::Shutdown;
use crate::tickets::bot::embedding::{self, Maker, Step};

const TURN: Duration = Duration::from_secs(5);
/// Tenants whose vectors are made at once, and batches of one before it stands in line again.
const AT_ONCE: usize = 16;
const IN_A_ROW: usize = 64;
/// After the first failure; doubled by each that follows.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// Runs until the server shuts down.
pub async fn keep(app: App, shutdown: Shutdown) {
    let mut turns = tokio::time::interval(TURN);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut busy, mut rests) = (HashSet::<TenantKey>::new(), Rests::default());
    let mut running: JoinSet<(Maker, Step)> = JoinSet::new();
    loop {
        tokio::select! {
            _ = turns.tick() => {}
            Some(ended) = running.join_next(), if !running.is_empty() => match ended {
                Ok((maker, step)) => {
                    busy.remove(&maker.tenant);
                    rests.note(maker, step, Instant::now());
                    if step != Step::More {
                        continue;
                    }
                }
                // A panic ends this worker, and the server with it.
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            },
            // What is under way is asked for again by the next start.
            () = shutdown.begun() => return,
        }
        match embedding::list_makers(&app).await {
            Ok(makers) => {
                rests.forget_all_but(&makers);
                let now = Instant::now();
                for maker in makers {
                    if running.len() < AT_ONCE && !rests.has(maker, now) && busy.insert(maker.tenant) {
                        running.spawn(bring_up(app.clone(), maker));
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "could not see whose vectors are missing; trying again"),
        }
    }
}

async fn bring_up(app: App, maker: Maker) -> (Maker, Step) {
    let mut step = Step::More;
    for _ in 0..IN_A_ROW {
        step = embedding::bring_up(&app, maker.tenant).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "could not make vectors; trying again");
            Step::Failed("unavailable")
        });
        if step != Step::More {
            break;
        }
    }
    (maker, step)
}

/// Whom to leave alone, and until when.
#[derive(Default)]
struct Rests(HashMap<TenantKey, Rest>);

struct Rest {
    /// As it was set then: set anew, it is tried at once.
    set_at: Timestamp,
    failures: u32,
    until: Instant,
}

impl Rests {
    fn has(&self, maker: Maker, now: Instant) -> bool {
        self.0.get(&maker.tenant).is_some_and(|rest| rest.set_at == maker.set_at && now < rest.until)
    }

    fn note(&mut self, maker: Maker, step: Step, now: Instant) {
        let Step::Failed(code) = step else {
            self.0.remove(&maker.tenant);
            return;
        };
        let before = self.0.get(&maker.tenant).filter(|rest| rest.set_at == maker.set_at);
        let failures = before.map_or(0, |rest| rest.failures) + 1;
        let pause = FIRST_PAUSE.saturating_mul(1 << (failures - 1).min(16)).min(LONGEST_PAUSE);
        tracing::warn!(code, seconds = pause.as_secs(), "no vectors of a tenant's articles; trying again later");
        self.0.insert(maker.tenant, Rest { set_at: maker.set_at, failures, until: now + pause });
    }

    fn forget_all_but(&mut self, makers: &[Maker]) {
        let there: HashSet<TenantKey> = makers.iter().map(|maker| maker.tenant).collect();
        self.0.retain(|tenant, _| there.contains(tenant));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_fails_is_left_alone_for_longer_each_time_and_nobody_else_is() {
        let maker = |tenant, set_at| Maker { tenant: TenantKey(tenant), set_at: Timestamp(set_at) };
        let (mut rests, mut now) = (Rests::default(), Instant::now());
        let mut pauses = Vec::new();
        for _ in 0..40 {
            rests.note(maker(1, 0), Step::Failed("server_error"), now);
            let until = rests.0[&TenantKey(1)].until;
            assert!(rests.has(maker(1, 0), now) && !rests.has(maker(1, 0), until));
            pauses.push(until.duration_since(now).as_secs());
            now = until;
        }
        assert_eq!(pauses[..7], [10, 20, 40, 80, 160, 320, 600]);
        assert_eq!(pauses[39], 600);
        rests.note(maker(1, 0), Step::Failed("budget"), now);
        assert!(rests.has(maker(1, 0), now) && !rests.has(maker(2, 0), now));
        assert!(!rests.has(maker(1, 5), now), "set anew, it is tried at once");
        rests.note(maker(1, 5), Step::Failed("timeout"), now);
        assert_eq!(rests.0[&TenantKey(1)].until.duration_since(now), FIRST_PAUSE);
        rests.note(maker(1, 5), Step::Done, now);
        assert!(!rests.has(maker(1, 5), now));
        rests.note(maker(1, 5), Step::Failed("timeout"), now);
        rests.forget_all_but(&[maker(2, 0)]);
        assert!(rests.0.is_empty());
    }
}
