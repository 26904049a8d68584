//! The side of a client that polls.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::super::heartbeat::Due;
use super::super::{Frame, packet};
use super::{Session, Stage, Transport, Upgrade, wake};

/// What a client says last before it moves to a WebSocket may be overtaken by a poll that it sent behind, on another connection.
const OVERTAKEN: Duration = Duration::from_millis(100);
/// The usual client has a poll under way when it probes, and says no more until that is answered.
const PROBED_MEANWHILE: Duration = Duration::from_millis(20);

impl Session {
    pub(in super::super) fn is_polling(&self) -> bool {
        let state = self.lock();
        state.transport == Transport::Polling && !matches!(state.stage, Stage::Ended { .. })
    }

    /// The frames of one answer, at least one; None if no answer is due. Two polls at once end the session, and so does
    /// a client that leaves before it has its answer and does not come back.
    pub(in super::super) async fn poll(self: &Arc<Self>) -> Option<VecDeque<Frame>> {
        self.begin_poll()?;
        let mut waiting = Waiting { session: self, is_answered: false };
        let frames = if self.is_overtaken().await { None } else { Some(poll_fn(|cx| self.poll_frames(cx)).await) };
        waiting.is_answered = true;
        frames
    }

    /// Whether a WebSocket that was about to take over when the poll came has done so: the poll came too late.
    async fn is_overtaken(&self) -> bool {
        let standing = self.lock().upgrade;
        if standing == Upgrade::None {
            return false;
        }
        let mut patience = OVERTAKEN;
        if standing == Upgrade::Begun {
            timeout(patience, poll_fn(|cx| self.poll_while(Upgrade::Begun, cx))).await.ok();
            patience = PROBED_MEANWHILE;
        }
        timeout(patience, poll_fn(|cx| self.poll_while(Upgrade::Probed, cx))).await.ok();
        let mut state = self.lock();
        let is_overtaken = state.transport == Transport::WebSocket;
        state.is_polled &= !is_overtaken;
        is_overtaken
    }

    /// Pending for as long as the upgrade stands there, and nothing can be answered meanwhile.
    fn poll_while(&self, standing: Upgrade, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        let has_answer = standing == Upgrade::Begun && !state.outbox.is_empty();
        if state.upgrade != standing || has_answer || state.stage != Stage::Open {
            return Poll::Ready(());
        }
        state.watch(cx);
        Poll::Pending
    }

    fn begin_poll(self: &Arc<Self>) -> Option<()> {
        let mut state = self.lock();
        if std::mem::take(&mut state.owes_noop) {
            drop(state);
            self.forget();
            return Some(());
        }
        if matches!(state.stage, Stage::Ended { .. }) || state.transport != Transport::Polling {
            return None;
        }
        state.has_left = false;
        if !std::mem::replace(&mut state.is_polled, true) {
            return Some(());
        }
        drop(state);
        self.close("parse error");
        None
    }

    fn poll_frames(self: &Arc<Self>, cx: &Context<'_>) -> Poll<VecDeque<Frame>> {
        let mut state = self.lock();
        let mut frames = VecDeque::new();
        match state.stage {
            Stage::Ended { by_client } => {
                let last = if by_client { packet::NOOP } else { packet::CLOSE };
                return Poll::Ready(VecDeque::from([Frame::of(last)]));
            }
            _ if state.upgrade == Upgrade::Probed || state.transport == Transport::WebSocket => {
                frames.push_back(Frame::of(packet::NOOP));
            }
            Stage::Open if state.outbox.is_empty() => {
                state.writer = Some(cx.waker().clone());
                return Poll::Pending;
            }
            Stage::Ending(reason) if state.outbox.is_empty() => {
                drop(state);
                self.close(reason);
                return Poll::Ready(VecDeque::from([Frame::of(packet::CLOSE)]));
            }
            // The end has an answer of its own: clients look at it before they look at what comes with it.
            _ => frames = state.take(),
        }
        state.is_polled = false;
        let patient = state.patient.take();
        drop(state);
        wake(patient);
        Poll::Ready(frames)
    }
}

struct Waiting<'a> {
    session: &'a Arc<Session>,
    is_answered: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            let mut state = self.session.lock();
            state.is_polled = false;
            // Whoever moved to a WebSocket has not left, and who waits to write is that.
            if state.transport == Transport::WebSocket {
                return;
            }
            state.has_left = true;
            let _waker = state.writer.take();
            drop(state);
            self.session.engine.heartbeat.expect(Due::Return, Instant::now(), self.session);
        }
    }
}
