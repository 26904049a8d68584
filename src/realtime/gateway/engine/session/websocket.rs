//! The side of a WebSocket.

use std::collections::VecDeque;
use std::task::{Context, Poll};

use super::super::Frame;
use super::{Session, Stage, Transport, Upgrade, wake};

/// What the writer of a WebSocket has to do.
pub enum Work {
    Send(VecDeque<Frame>),
    /// All is sent that was queued before the end.
    Finish,
    /// The session is over, with whatever was queued.
    Stop,
}

impl Session {
    /// False if the session has a WebSocket, or one is about to take over.
    pub(in super::super) fn begin_upgrade(&self) -> bool {
        let mut state = self.lock();
        let may_begin =
            state.stage == Stage::Open && state.transport == Transport::Polling && state.upgrade == Upgrade::None;
        if may_begin {
            state.upgrade = Upgrade::Begun;
        }
        may_begin
    }

    /// From here on polls tell nothing: one that waits is ended, if only after a moment.
    pub(in super::super) fn probed(&self) {
        let mut state = self.lock();
        state.upgrade = Upgrade::Probed;
        let poll = state.writer.take();
        drop(state);
        wake(poll);
    }

    /// The WebSocket takes over.
    pub(in super::super) fn upgraded(&self) {
        let mut state = self.lock();
        state.upgrade = Upgrade::None;
        state.transport = Transport::WebSocket;
        state.has_left = false;
        let poll = state.writer.take();
        drop(state);
        wake(poll);
    }

    /// The WebSocket has failed before it took over: polling goes on.
    pub(in super::super) fn not_upgraded(&self) {
        let mut state = self.lock();
        state.upgrade = Upgrade::None;
        let poll = state.writer.take();
        drop(state);
        wake(poll);
    }

    /// What there is to do; Pending is idle. Whoever asks is woken when there is more.
    pub(in super::super) fn work(&self, cx: &Context<'_>) -> Poll<Work> {
        let mut state = self.lock();
        match state.stage {
            Stage::Ended { .. } => return Poll::Ready(Work::Stop),
            _ if !state.outbox.is_empty() => return Poll::Ready(Work::Send(state.outbox.take())),
            Stage::Ending(_) => return Poll::Ready(Work::Finish),
            Stage::Open => {}
        }
        state.watch(cx);
        Poll::Pending
    }

    /// Whether the session is over. Whoever asks, while the network takes nothing, is woken when it is.
    pub(in super::super) fn is_over(&self, cx: &Context<'_>) -> bool {
        let mut state = self.lock();
        state.watch(cx);
        matches!(state.stage, Stage::Ended { .. })
    }

    /// A frame that was not handed out, but is held all the same until it is sent.
    pub(in super::super) fn count(&self, frame: &Frame) {
        self.lock().outbox.count(frame);
    }

    /// The network has taken so much of what was handed out.
    pub(in super::super) fn sent(&self, frames: usize, bytes: usize) {
        let mut state = self.lock();
        if matches!(state.stage, Stage::Ended { .. }) {
            return;
        }
        state.outbox.gone(frames, bytes);
        let patient = match state.outbox.is_behind(self.engine.settings.outbox) {
            true => None,
            false => state.patient.take(),
        };
        drop(state);
        wake(patient);
    }
}
