//! One session, whatever carries it: what waits to be sent, who sends it, and how it ends.
//!
//! The lock is held for moments. Nobody is called, woken or dropped under it.

mod polling;
mod websocket;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use super::heartbeat::Due;
use super::outbox::Outbox;
use super::packet::{self, Packet};
use super::seats::Seat;
use super::{Broken, Frame, Receiver, Shared, Sid};

pub use websocket::Work;

pub struct Session {
    sid: Sid,
    arrival: Arrival,
    engine: Arc<Shared>,
    receiver: OnceLock<Box<dyn Receiver>>,
    state: Mutex<State>,
}

/// What is kept of the request that began it.
pub struct Arrival {
    pub origin: Option<Box<str>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transport {
    Polling,
    WebSocket,
}

struct State {
    stage: Stage,
    transport: Transport,
    upgrade: Upgrade,
    outbox: Outbox,
    /// Whoever sends: the WebSocket, or the poll that waits.
    writer: Option<Waker>,
    is_polled: bool,
    /// The client has left its last poll before there was an answer, and has not come back.
    has_left: bool,
    /// The client has closed the session and may be about to poll once more.
    owes_noop: bool,
    /// Whoever waits until the outbox is no more than half full.
    patient: Option<Waker>,
    /// When the client must have answered the last ping; None when it has.
    pong_due: Option<Instant>,
    seat: Option<Seat>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Open,
    /// Ends when what is queued is sent.
    Ending(&'static str),
    /// True if the client said so.
    Ended {
        by_client: bool,
    },
}

/// A WebSocket that is about to take over from polling.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Upgrade {
    None,
    Begun,
    /// Its probe was answered: polls tell nothing any more, what is queued waits for it.
    Probed,
}

impl Session {
    pub(super) fn open(engine: &Arc<Shared>, arrival: Arrival, seat: Seat, transport: Transport) -> Arc<Self> {
        let state = State {
            stage: Stage::Open,
            transport,
            upgrade: Upgrade::None,
            outbox: Outbox::default(),
            writer: None,
            is_polled: false,
            has_left: false,
            owes_noop: false,
            patient: None,
            pong_due: None,
            seat: Some(seat),
        };
        let (sid, state) = (Sid::random(), Mutex::new(state));
        let session = Arc::new(Self { sid, arrival, engine: engine.clone(), receiver: OnceLock::new(), state });
        session.lock().outbox.push(Frame::text(|text| session.write_handshake(text, transport)));
        session.receiver.get_or_init(|| engine.application.open(&session));
        engine.sessions().insert(sid, session.clone());
        let now = Instant::now();
        engine.heartbeat.expect(Due::Ping, now, &session);
        engine.heartbeat.expect(Due::Use, now, &session);
        if engine.is_closing.load(Ordering::SeqCst) {
            session.hang_up("server shutting down");
        }
        session
    }

    fn write_handshake(&self, text: &mut Vec<u8>, transport: Transport) {
        let settings = &self.engine.settings;
        let upgrades = match transport {
            Transport::Polling => r#"["websocket"]"#,
            Transport::WebSocket => "[]",
        };
        let (interval, timeout) = (settings.ping_interval.as_millis(), settings.ping_timeout.as_millis());
        let handshake = format!(
            r#"0{{"sid":"{}","upgrades":{upgrades},"pingInterval":{interval},"pingTimeout":{timeout},"maxPayload":{}}}"#,
            self.sid, settings.max_payload
        );
        text.extend_from_slice(handshake.as_bytes());
    }

    pub fn origin(&self) -> Option<&str> {
        self.arrival.origin.as_deref()
    }

    /// `websocket` or `polling`.
    pub fn transport(&self) -> &'static str {
        match self.lock().transport {
            Transport::Polling => "polling",
            Transport::WebSocket => "websocket",
        }
    }

    pub fn is_open(&self) -> bool {
        self.lock().stage == Stage::Open
    }

    /// Queues frames that belong together. False if they were not queued: the session is over, or is now, because its
    /// reader is too slow. Frames queued without an await in between leave in one write.
    pub fn send(self: &Arc<Self>, frames: &[Frame]) -> bool {
        let state = self.lock();
        if state.stage != Stage::Open {
            return false;
        }
        if !state.outbox.has_room_for(frames, self.engine.settings.outbox) {
            drop(state);
            self.close("slow reader");
            return false;
        }
        self.queue(state, frames);
        true
    }

    /// Queues a frame that may be missed: dropped while the outbox is more than half full. False if it was dropped.
    pub fn send_volatile(&self, frame: &Frame) -> bool {
        let state = self.lock();
        let is_sent = state.stage == Stage::Open && !state.outbox.is_behind(self.engine.settings.outbox);
        if is_sent {
            self.queue(state, std::slice::from_ref(frame));
        }
        is_sent
    }

    fn queue(&self, mut state: MutexGuard<'_, State>, frames: &[Frame]) {
        frames.iter().for_each(|frame| state.outbox.push(frame.clone()));
        let writer = state.writer.take();
        drop(state);
        wake(writer);
    }

    /// Whether what may be missed is dropped.
    pub fn is_behind(&self) -> bool {
        self.lock().outbox.is_behind(self.engine.settings.outbox)
    }

    /// Frames that the network has not taken.
    pub fn backlog(&self) -> usize {
        self.lock().outbox.len()
    }

    /// Until what may be missed is dropped no more, or the session is over. One waits at a time.
    pub async fn caught_up(&self) {
        poll_fn(|cx| {
            let mut state = self.lock();
            if state.stage != Stage::Open || !state.outbox.is_behind(self.engine.settings.outbox) {
                return Poll::Ready(());
            }
            state.patient = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Ends the session at once, with whatever is queued.
    pub fn close(self: &Arc<Self>, reason: &'static str) {
        self.end(reason, false);
    }

    /// Ends the session after what is queued. A client that polls gets a moment to fetch it.
    pub fn hang_up(self: &Arc<Self>, reason: &'static str) {
        let mut state = self.lock();
        if state.stage != Stage::Open {
            return;
        }
        state.stage = Stage::Ending(reason);
        let (writer, patient) = (state.writer.take(), state.patient.take());
        drop(state);
        self.engine.heartbeat.expect(Due::Farewell, Instant::now(), self);
        wake(writer);
        wake(patient);
    }

    /// The session is not in use any more; if that stays so, it is closed.
    pub fn expect_use(self: &Arc<Self>) {
        self.engine.heartbeat.expect(Due::Use, Instant::now(), self);
    }

    pub(super) fn max_payload(&self) -> usize {
        self.engine.settings.max_payload
    }

    /// Whether nothing has come of it.
    pub fn is_idle(&self) -> bool {
        self.receiver.get().is_none_or(|receiver| receiver.is_idle())
    }

    /// What a transport has received. Afterwards the session may be over.
    pub(super) fn receive(self: &Arc<Self>, packet: Packet<'_>) {
        if !self.is_open() {
            // It is ending: nothing counts any more but that the client wants that too.
            return if packet == Packet::Close {
                self.end("transport close", true)
            };
        }
        let Some(receiver) = self.receiver.get() else { return };
        let received = match packet {
            Packet::Text(text) => receiver.text(self, text),
            Packet::Binary(bytes) => receiver.binary(self, bytes),
            Packet::Pong => {
                self.ponged();
                Ok(())
            }
            Packet::Close => return self.end("transport close", true),
            Packet::Probe | Packet::Upgrade => Err(Broken),
        };
        if received == Err(Broken) {
            self.close("parse error");
        }
    }

    fn end(self: &Arc<Self>, reason: &'static str, by_client: bool) {
        let mut state = self.lock();
        let reason = match state.stage {
            Stage::Open => reason,
            Stage::Ending(first) => first,
            Stage::Ended { .. } => return,
        };
        state.stage = Stage::Ended { by_client };
        // Its poll may be on its way beside the request that closed the session.
        state.owes_noop = by_client && state.transport == Transport::Polling && !state.is_polled;
        let is_forgotten = !state.owes_noop;
        let queued = std::mem::take(&mut state.outbox);
        let (writer, patient, seat) = (state.writer.take(), state.patient.take(), state.seat.take());
        drop(state);
        drop((queued, seat));
        if is_forgotten {
            self.forget();
        } else {
            self.engine.heartbeat.expect(Due::Farewell, Instant::now(), self);
        }
        if let Some(receiver) = self.receiver.get() {
            receiver.closed(self, reason);
        }
        wake(writer);
        wake(patient);
    }

    fn forget(&self) {
        self.engine.sessions().remove(&self.sid);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding it")
    }
}

/// The heartbeat's side.
impl Session {
    pub(super) fn ping(self: &Arc<Self>, due: Instant) {
        let mut state = self.lock();
        if state.stage != Stage::Open {
            return;
        }
        state.pong_due = Some(due + self.engine.settings.ping_timeout);
        self.queue(state, &[Frame::of(packet::PING)]);
        self.engine.heartbeat.expect(Due::Pong, due, self);
    }

    fn ponged(self: &Arc<Self>) {
        if self.lock().pong_due.take().is_some() {
            self.engine.heartbeat.expect(Due::Ping, Instant::now(), self);
        }
    }

    /// Ends the session if its client has not answered the last ping in time.
    pub(super) fn check_pong(self: &Arc<Self>, now: Instant) {
        let is_late = self.lock().pong_due.is_some_and(|due| due <= now);
        if is_late {
            self.close("ping timeout");
        }
    }

    /// Ends a session that was to go, whatever it still has.
    pub(super) fn check_farewell(self: &Arc<Self>) {
        self.close("transport close");
        self.forget();
    }

    /// Ends the session of a client that has left its poll and has not come back.
    pub(super) fn check_return(self: &Arc<Self>) {
        let has_left = self.lock().has_left;
        if has_left {
            self.close("transport close");
        }
    }

    pub(super) fn check_use(self: &Arc<Self>) {
        if self.is_idle() {
            self.hang_up("connect timeout");
        }
    }
}

impl State {
    fn take(&mut self) -> VecDeque<Frame> {
        let frames = self.outbox.take();
        self.outbox.gone(frames.len(), frames.iter().map(Frame::len).sum());
        frames
    }

    fn watch(&mut self, cx: &Context<'_>) {
        if !self.writer.as_ref().is_some_and(|writer| writer.will_wake(cx.waker())) {
            self.writer = Some(cx.waker().clone());
        }
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
