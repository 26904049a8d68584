//! A socket's life: it shows a token, it joins, its events are handled, it leaves.

use std::sync::Arc;
use std::time::Instant;

use crate::app::App;
use crate::auth::guard::{self, Credentials};
use crate::auth::model::Caller;
use crate::auth::status;
use crate::error::Error;
use crate::platform::db;
use crate::platform::http::problem;
use crate::platform::telemetry::spans;
use crate::realtime::gateway::{Handler, Handshake, Incoming, SocketHandle};
use crate::realtime::presence::View;
use crate::realtime::throttle::Throttles;
use crate::realtime::wire::HandshakeAuth;
use crate::realtime::{batch, dispatch, housekeeping};
use crate::tickets::assign;

pub struct Sockets {
    pub app: App,
}

/// What is kept for a connected socket.
pub struct Connection {
    pub credentials: Credentials,
    pub handle: SocketHandle,
    pub throttles: Throttles,
    /// Whether presence counts it. One whose session ended meanwhile goes before it was.
    has_arrived: bool,
}

impl Connection {
    pub fn caller(&self) -> &Arc<Caller> {
        &self.credentials.caller
    }
}

/// How many sockets a user has on all nodes; of the other ones, as far as they have told.
fn sockets(app: &App, caller: &Caller) -> usize {
    let (tenant, user) = (caller.tenant, caller.user);
    app.realtime.hub.count(tenant, user) + app.presence.sockets_elsewhere(tenant, user)
}

impl Handler for Sockets {
    type Session = Connection;

    async fn connect(&self, handshake: Handshake, handle: SocketHandle) -> Result<Connection, String> {
        let app = &self.app;
        let unauthorized = || "unauthorized".to_owned();
        let auth: HandshakeAuth = serde_json::from_str(handshake.auth.get()).map_err(|_| unauthorized())?;
        let origin = handshake.origin.as_deref();
        let credentials = guard::credentials(app, &auth.token, auth.api_key.as_deref(), origin).await;
        let credentials = credentials.map_err(|error| {
            problem::note("socket", &error);
            match error {
                Error::Unavailable(_) => "unavailable".to_owned(),
                _ => unauthorized(),
            }
        })?;
        let caller = &credentials.caller;
        let limits = &app.config.limits;
        if limits.enabled && sockets(app, caller) >= limits.sockets_per_user {
            return Err("too_many_connections".into());
        }
        Ok(Connection { credentials, handle, throttles: Throttles::new(limits, Instant::now()), has_arrived: false })
    }

    async fn joined(&self, connection: &mut Connection) {
        let (app, caller) = (&self.app, connection.caller().clone());
        let view = caller.role.is_staff().then_some(View::All);
        app.realtime.hub.add(connection.handle.clone(), connection.credentials.clone(), view);
        let limits = &app.config.limits;
        let is_one_too_many = limits.enabled && sockets(app, &caller) > limits.sockets_per_user;
        // The session may have ended between the handshake and now, and nobody has cut this socket yet.
        if is_one_too_many || connection.credentials.have_ended(app) {
            return connection.handle.disconnect();
        }
        connection.has_arrived = true;
        if let Some(difference) = app.presence.arrive(&caller, caller.chosen_status) {
            housekeeping::show_difference(app, &difference);
        }
        app.realtime.stirred.note(caller.tenant, caller.user);
        if caller.role.is_staff() {
            assign::hand_out_waiting(app, caller.tenant);
        } else {
            app.realtime.stirred.note_customer(caller.tenant, caller.user);
        }
    }

    async fn handle(&self, connection: &mut Connection, events: Vec<Incoming>) {
        let tenant = connection.caller().tenant.0;
        db::within(tenant, batch::handle(&self.app, connection, events)).await;
    }

    async fn disconnected(&self, connection: Connection, reason: &'static str) {
        let (app, caller) = (&self.app, connection.caller());
        metrics::counter!("smilechat_sockets_closed_total", "reason" => reason).increment(1);
        tracing::debug!(user_id = %caller.user_id, reason, "socket closed");
        dispatch::show_typing_ended(app, app.realtime.hub.remove(connection.handle.id()));
        if connection.has_arrived {
            app.presence.leave(caller, Instant::now());
        }
        let touch = async {
            if let Err(error) = db::within(caller.tenant.0, status::touch(app, caller)).await {
                tracing::warn!(%error, "could not note when a user was last active");
            }
        };
        spans::in_event("disconnect", 1, touch).await;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use crate::platform::metrics::table;

    #[test]
    fn every_reason_that_the_gateway_gives_is_a_label_of_the_metric() {
        let mut given = BTreeSet::new();
        collect(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/realtime/gateway")), &mut given);
        // Who is refused has never been counted as connected.
        given.remove("refused");
        assert_eq!(given, table::REASONS.iter().map(|reason| (*reason).to_owned()).collect());
    }

    /// The literals with which sockets and connections are ended.
    fn collect(folder: &Path, reasons: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).expect("a folder of src can be listed") {
            let path = entry.expect("an entry of src can be read").path();
            if path.is_dir() {
                collect(&path, reasons);
                continue;
            }
            let text = fs::read_to_string(&path).expect("a file of src can be read");
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
            for before in ["close(\"", "cut(\"", "hang_up(\"", "dismiss(\"", "end(\"", "Lost(\"", "=> (\"", "_ => \""] {
                let literals = code.split(before).skip(1).filter_map(|rest| rest.split('"').next());
                reasons.extend(literals.filter(|one| one.contains(' ') || *one == "refused").map(str::to_owned));
            }
        }
    }
}
