//! Whose picture is drawn next. One is drawn at a time, and of each user one stands in line, so that many of one user's wait
//! behind one another and not before everybody's.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::Semaphore;

use crate::auth::model::UserKey;

pub struct Line {
    turn: Arc<Semaphore>,
    /// The place in line of each user who has or wants one.
    places: Mutex<HashMap<Option<UserKey>, Weak<Semaphore>>>,
}

impl Default for Line {
    fn default() -> Self {
        Self { turn: Arc::new(Semaphore::new(1)), places: Mutex::default() }
    }
}

impl Line {
    /// Works off the async threads when it is the turn of `user` (None: the server's own work). None: the work has panicked.
    /// Place and turn go with the work, which runs on when its caller has gone.
    pub async fn in_turn<T: Send + 'static>(
        &self,
        user: Option<UserKey>,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let place = self.place_of(user).acquire_owned().await.expect("nobody closes it");
        let turn = self.turn.clone().acquire_owned().await.expect("nobody closes it");
        let worked = tokio::task::spawn_blocking(move || {
            let _held = (turn, place);
            work()
        });
        worked.await.ok()
    }

    fn place_of(&self, user: Option<UserKey>) -> Arc<Semaphore> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = places.get(&user).and_then(Weak::upgrade) {
            return place;
        }
        places.retain(|_, place| place.strong_count() > 0);
        let place = Arc::new(Semaphore::new(1));
        places.insert(user, Arc::downgrade(&place));
        place
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    const ANN: Option<UserKey> = Some(UserKey(1));
    const BOB: Option<UserKey> = Some(UserKey(2));

    #[tokio::test]
    async fn one_of_a_users_many_stands_in_line() {
        let (line, done) = (Line::default(), Arc::new(Mutex::new(Vec::new())));
        let (go_on, may_go_on) = mpsc::channel::<()>();
        let first = line.in_turn(None, move || may_go_on.recv().expect("the test goes on"));
        let note = |user, what: &'static str| {
            let done = done.clone();
            line.in_turn(user, move || done.lock().expect("no panic").push(what))
        };
        // Polled in this order: all stand where they will when the first one ends.
        let all = async {
            tokio::join!(first, note(ANN, "a1"), note(ANN, "a2"), note(ANN, "a3"), note(BOB, "b1"), async {
                go_on.send(()).expect("it listens");
            })
        };
        tokio::time::timeout(Duration::from_secs(10), all).await.expect("all had their turn");
        assert_eq!(*done.lock().expect("no panic"), ["a1", "b1", "a2", "a3"]);
        line.place_of(BOB);
        assert_eq!(line.places.lock().expect("no panic").len(), 1, "who has left is forgotten");
    }

    #[tokio::test]
    async fn the_turn_is_taken_for_as_long_as_the_work_runs_even_if_nobody_waits_for_it() {
        let line = Arc::new(Line::default());
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let (go_on, may_go_on) = mpsc::channel::<()>();
        let (ours, work) = (line.clone(), move || {
            begun.send(()).expect("the test listens");
            may_go_on.recv().expect("the test goes on");
        });
        let waiting = tokio::spawn(async move { ours.in_turn(ANN, work).await });
        has_begun.await.expect("begun");
        waiting.abort();
        assert!(waiting.await.is_err_and(|error| error.is_cancelled()));
        assert_eq!(line.turn.available_permits(), 0);
        go_on.send(()).expect("the work listens");
        let next = tokio::time::timeout(Duration::from_secs(10), line.in_turn(ANN, || "next"));
        assert_eq!(next.await.expect("the turn is free again"), Some("next"));
    }

    #[tokio::test]
    async fn work_that_panics_gives_the_turn_back() {
        let line = Line::default();
        let worked: Option<()> = line.in_turn(ANN, || panic!("on purpose")).await;
        assert!(worked.is_none());
        assert_eq!(line.turn.available_permits(), 1);
    }
}
