//! What was heard, on its way to whoever listens. Bounded: what does not fit is missed, and said to be.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc;

use super::NodeId;

/// Lines that wait for the listener.
const QUEUE: usize = 20_000;

#[derive(Debug, PartialEq)]
pub enum Heard {
    Line {
        from: NodeId,
        text: String,
    },
    /// Something was said, or may have been, that did not arrive: look into the database.
    MayHaveMissed,
}

pub struct Incoming {
    queue: mpsc::Receiver<Heard>,
    /// Without a bus nothing is ever heard.
    _open: Option<mpsc::Sender<Heard>>,
}

impl Incoming {
    pub async fn next(&mut self) -> Heard {
        match self.queue.recv().await {
            Some(heard) => heard,
            None => std::future::pending().await,
        }
    }
}

#[derive(Clone)]
pub(super) struct Inlet {
    queue: mpsc::Sender<Heard>,
    has_missed: Arc<AtomicBool>,
}

pub(super) fn inlet() -> (Inlet, Incoming) {
    let (sender, queue) = mpsc::channel(QUEUE);
    let inlet = Inlet { queue: sender.clone(), has_missed: Arc::default() };
    (inlet, Incoming { queue, _open: Some(sender) })
}

impl Inlet {
    pub fn pass(&self, heard: Heard) {
        if heard == Heard::MayHaveMissed {
            self.has_missed.store(true, Ordering::SeqCst);
            return self.catch_up();
        }
        self.catch_up();
        if self.queue.try_send(heard).is_err() {
            self.has_missed.store(true, Ordering::SeqCst);
        }
    }

    /// Says what is owed, as soon as there is room.
    pub fn catch_up(&self) {
        if self.has_missed.swap(false, Ordering::SeqCst) && self.queue.try_send(Heard::MayHaveMissed).is_err() {
            self.has_missed.store(true, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_is_too_slow_is_told_what_they_missed() {
        let (inlet, mut incoming) = inlet();
        let line = |number: usize| Heard::Line { from: "a".into(), text: number.to_string() };
        (0..QUEUE + 5).for_each(|number| inlet.pass(line(number)));
        for number in 0..QUEUE {
            assert_eq!(incoming.next().await, line(number));
        }
        inlet.pass(line(0));
        assert_eq!(incoming.next().await, Heard::MayHaveMissed);
        assert_eq!(incoming.next().await, line(0));
    }
}
