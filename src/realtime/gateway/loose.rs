//! Sockets that no connection carries, for the tests of those who send: what they are sent stays in their `backlog`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::engine::{Admission, Application, Bounds, Broken, Engine, Receiver, Session, Settings};
use super::{SocketHandle, SocketId};
use crate::platform::http::origins::Origins;

struct Nobody;

impl Application for Nobody {
    fn open(&self, _: &Arc<Session>) -> Box<dyn Receiver> {
        Box::new(Self)
    }
}

impl Receiver for Nobody {
    fn text(&self, _: &Arc<Session>, _: &str) -> Result<(), Broken> {
        Ok(())
    }

    fn binary(&self, _: &Arc<Session>, _: Bytes) -> Result<(), Broken> {
        Ok(())
    }

    fn is_idle(&self) -> bool {
        false
    }

    fn closed(&self, _: &Arc<Session>, _: &'static str) {}
}

/// Joined sockets with the ids from 1 on. Call it within a runtime.
pub fn sockets(count: u64) -> Vec<SocketHandle> {
    let settings = Settings {
        ping_interval: Duration::from_secs(25),
        ping_timeout: Duration::from_secs(20),
        connect_timeout: Duration::from_secs(10),
        max_payload: 1_000_000,
        outbox: Bounds { frames: 100, bytes: 1 << 20 },
    };
    let (origins, max_connections_per_address) = (Origins::default(), usize::MAX);
    let admission = Admission { origins, max_connections_per_address, trusted_proxies: 0 };
    let engine = Engine::new(settings, admission, Arc::new(Nobody));
    let socket = |id| {
        let socket = SocketHandle::new(SocketId(id), "/", engine.loose_session());
        assert!(socket.join());
        socket
    };
    (1..=count).map(socket).collect()
}
