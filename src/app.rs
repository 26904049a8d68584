//! What the services share. A clone is cheap; a handler gets one through axum's state.

use std::sync::Arc;

use crate::auth::Auth;
use crate::platform::clock::Clock;
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::files::Files;
use crate::platform::limits::Limits;
use crate::platform::random::Random;
use crate::realtime::Realtime;
use crate::realtime::presence::Presence;

#[derive(Clone)]
pub struct App {
    pub config: Arc<Config>,
    pub db: Db,
    pub clock: Clock,
    pub random: Random,
    /// Keys of the access tokens, the password hasher, the registry of live sessions.
    pub auth: Auth,
    /// Who is there. Written by realtime, read by whoever shows or assigns people.
    pub presence: Presence,
    /// Which sockets and ticket rooms are open, and what goes to them.
    pub realtime: Realtime,
    pub limits: Arc<Limits>,
    /// Where what people upload lies.
    pub files: Files,
}
