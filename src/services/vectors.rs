//! Vectors of what tenants know, made beside the requests: at once where an article is written on this node, and by the clock for
//! what others wrote. Each tenant's are made by themselves, so that one whose model is slow or away keeps no other waiting. Such a
//! one is left alone for longer each time, until it works, or is set anew.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Bound;
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
    let (mut line, mut rests) = (Line::default(), Rests::default());
    let mut running: JoinSet<(Maker, Step)> = JoinSet::new();
    loop {
        tokio::select! {
            _ = turns.tick() => look(&app, None, &mut line, &mut rests).await,
            called = app.vector_calls.heard() => look(&app, Some(called), &mut line, &mut rests).await,
            Some(ended) = running.join_next(), if !running.is_empty() => match ended {
                Ok((maker, step)) => {
                    line.busy.remove(&maker.tenant);
                    rests.note(maker, step, Instant::now());
                    if step == Step::More {
                        line.waiting.entry(maker.tenant).or_insert(maker);
                    }
                }
                // A panic ends this worker, and the server with it.
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            },
            // What is under way is asked for again by the next start.
            () = shutdown.begun() => return,
        }
        while running.len() < AT_ONCE
            && let Some(maker) = line.next()
        {
            if !rests.has(maker, Instant::now()) {
                line.busy.insert(maker.tenant);
                running.spawn(bring_up(app.clone(), maker));
            }
        }
    }
}

/// Whose vectors may be missing. They have their turns in a round, so that none is passed over however many there are.
#[derive(Default)]
struct Line {
    waiting: BTreeMap<TenantKey, Maker>,
    /// Whose vectors are being made; they wait for their next turn.
    busy: HashSet<TenantKey>,
    /// Who had the last turn.
    served: Option<TenantKey>,
}

impl Line {
    fn join(&mut self, makers: impl IntoIterator<Item = Maker>) {
        self.waiting.extend(makers.into_iter().map(|maker| (maker.tenant, maker)));
    }

    fn next(&mut self) -> Option<Maker> {
        let after = self.served.map_or(Bound::Unbounded, Bound::Excluded);
        let mut in_turn = self.waiting.range((after, Bound::Unbounded)).chain(&self.waiting);
        let maker = *in_turn.find(|(tenant, _)| !self.busy.contains(tenant))?.1;
        self.waiting.remove(&maker.tenant);
        self.served = Some(maker.tenant);
        Some(maker)
    }
}

/// Those who were called stand in the line, or everybody.
async fn look(app: &App, called: Option<BTreeSet<TenantKey>>, line: &mut Line, rests: &mut Rests) {
    match embedding::list_makers(app).await {
        Ok(makers) => {
            rests.forget_all_but(&makers);
            let is_called = |maker: &Maker| called.as_ref().is_none_or(|called| called.contains(&maker.tenant));
            line.join(makers.into_iter().filter(is_called));
        }
        Err(error) => tracing::warn!(%error, "could not see whose vectors are missing; trying again"),
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
    fn everybody_has_a_turn_and_who_is_busy_has_the_next_one_later() {
        let makers = || (1..=3).map(|tenant| Maker { tenant: TenantKey(tenant), set_at: Timestamp(0) });
        let mut line = Line::default();
        let next = |line: &mut Line| line.next().map(|maker| maker.tenant.0);
        line.join(makers());
        assert_eq!((next(&mut line), next(&mut line)), (Some(1), Some(2)));
        line.join(makers());
        assert_eq!(next(&mut line), Some(3), "the round goes on where it was");
        line.busy.insert(TenantKey(1));
        assert_eq!((next(&mut line), next(&mut line)), (Some(2), None));
        line.busy.clear();
        assert_eq!((next(&mut line), next(&mut line)), (Some(1), None));
    }

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
