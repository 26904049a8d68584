//! The sockets of one connection, one for each namespace that it has joined.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use serde_json::json;
use serde_json::value::RawValue;

use super::engine::{Application, Broken, Receiver, Session, Sid};
use super::packet::{self, Event, Kind, Packet};
use super::{Handler, Handshake, MAX_MESSAGE_BYTES, Shared, SocketHandle, SocketId, life};

/// Makes a client of every session.
pub struct Clients<H>(pub Arc<Shared<H>>);

struct Client<H> {
    shared: Arc<Shared<H>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    sockets: Vec<SocketHandle>,
    incomplete: Option<Box<Incomplete>>,
    is_over: bool,
}

/// An event whose bytes have not all come.
struct Incomplete {
    /// None if it is not for anybody.
    addressee: Option<(SocketHandle, Event)>,
    id: Option<u64>,
    missing: usize,
    attachments: Vec<Bytes>,
}

impl<H: Handler> Application for Clients<H> {
    fn open(&self, _: &Arc<Session>) -> Box<dyn Receiver> {
        Box::new(Client { shared: self.0.clone(), state: Mutex::default() })
    }
}

impl<H: Handler> Receiver for Client<H> {
    fn text(&self, session: &Arc<Session>, text: &str) -> Result<(), Broken> {
        // Text between an event and its bytes belongs to neither.
        if self.lock().incomplete.is_some() {
            return Err(Broken);
        }
        let packet = packet::parse(text)?;
        match packet.kind {
            Kind::Connect => self.connect(session, &packet),
            Kind::Disconnect => self.leave(session, packet.namespace),
            Kind::Event | Kind::Ack => return self.take(&packet),
        }
        Ok(())
    }

    fn binary(&self, _: &Arc<Session>, bytes: Bytes) -> Result<(), Broken> {
        let mut state = self.lock();
        let incomplete = state.incomplete.as_mut().ok_or(Broken)?;
        incomplete.attachments.push(bytes);
        if incomplete.attachments.iter().map(Bytes::len).sum::<usize>() > MAX_MESSAGE_BYTES {
            return Err(Broken);
        }
        if incomplete.attachments.len() < incomplete.missing {
            return Ok(());
        }
        let complete = state.incomplete.take();
        drop(state);
        if let Some(Incomplete { addressee: Some((socket, event)), id, attachments, .. }) = complete.map(|one| *one) {
            socket.receive(id, event, attachments, self.shared.inbox);
        }
        Ok(())
    }

    fn is_idle(&self) -> bool {
        !self.lock().sockets.iter().any(SocketHandle::is_joined)
    }

    fn closed(&self, _: &Arc<Session>, reason: &'static str) {
        let mut state = self.lock();
        state.is_over = true;
        let (sockets, incomplete) = (std::mem::take(&mut state.sockets), state.incomplete.take());
        drop(state);
        drop(incomplete);
        for socket in sockets {
            socket.close(reason);
        }
    }
}

impl<H: Handler> Client<H> {
    /// Who has joined, or is about to, and asks again is not heard.
    fn connect(&self, session: &Arc<Session>, packet: &Packet<'_>) {
        let Some(namespace) = H::NAMESPACES.iter().find(|known| **known == packet.namespace) else {
            session.send(&[packet::refused(packet.namespace, &json!({ "message": "Invalid namespace" }))]);
            return;
        };
        let mut state = self.lock();
        state.sockets.retain(|socket| !socket.is_over());
        if state.is_over || state.sockets.iter().any(|socket| socket.namespace() == *namespace) {
            return;
        }
        let id = SocketId(self.shared.next_id.fetch_add(1, Ordering::Relaxed));
        let socket = SocketHandle::new(id, namespace, session.clone());
        state.sockets.push(socket.clone());
        drop(state);
        let auth: Option<Box<RawValue>> = serde_json::from_str(packet.data).ok();
        let handshake = Handshake {
            namespace,
            auth: auth.unwrap_or_else(packet::null),
            origin: session.origin().map(String::from),
            request_id: Sid::random().to_string(),
        };
        tokio::spawn(life::live(self.shared.clone(), socket, handshake));
    }

    /// It may join again, or another namespace; if it does neither, the connection has no use any more.
    fn leave(&self, session: &Arc<Session>, namespace: &str) {
        if let Some(socket) = self.joined(namespace) {
            socket.close("client namespace disconnect");
            session.expect_use();
        }
    }

    /// What is meant for a socket that is not there is dropped: its end and an event may have crossed on their way.
    fn take(&self, packet: &Packet<'_>) -> Result<(), Broken> {
        let addressee = match (self.joined(packet.namespace), packet.kind) {
            (Some(socket), Kind::Event) => Some((socket, packet.event()?)),
            (Some(_), _) => {
                packet.check_ack()?;
                None
            }
            (None, _) => None,
        };
        if packet.attachments > 0 {
            let (id, missing, attachments) = (packet.id, packet.attachments, Vec::new());
            self.lock().incomplete = Some(Box::new(Incomplete { addressee, id, missing, attachments }));
        } else if let Some((socket, event)) = addressee {
            socket.receive(packet.id, event, Vec::new(), self.shared.inbox);
        }
        Ok(())
    }

    fn joined(&self, namespace: &str) -> Option<SocketHandle> {
        let state = self.lock();
        state.sockets.iter().find(|socket| socket.namespace() == namespace && !socket.is_over()).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding it")
    }
}
