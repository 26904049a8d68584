//! What the services share. A handler gets it through axum's state, which clones it in every layer: a clone has to be cheap.

use std::ops::Deref;
use std::sync::Arc;

use crate::auth::Auth;
use crate::notifications::WebhookCalls;
use crate::platform::bus::Bus;
use crate::platform::clock::Clock;
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::encoder::Encoder;
use crate::platform::files::Files;
use crate::platform::limits::Limits;
use crate::platform::outbound::Outbound;
use crate::platform::random::Random;
use crate::realtime::Realtime;
use crate::realtime::presence::Presence;
use crate::services::Follower;
use crate::tickets::assign::HandOuts;
use crate::tickets::bot::{BotCalls, VectorCalls};
use crate::tickets::messages::together::Sends;

#[derive(Clone)]
pub struct App(Arc<Shared>);

pub struct Shared {
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
    /// In which tenants a waiting ticket may find somebody.
    pub hand_outs: HandOuts,
    /// Messages that wait to be stored together.
    pub sends: Sends,
    /// That a customer waits for the bot.
    pub bot_calls: BotCalls,
    /// That vectors may be missing.
    pub vector_calls: VectorCalls,
    /// That something happened in a tenant with webhooks.
    pub webhook_calls: WebhookCalls,
    pub limits: Arc<Limits>,
    /// To the other nodes.
    pub bus: Bus,
    /// Which events were told on this node.
    pub follower: Arc<Follower>,
    /// Where what people upload lies.
    pub files: Files,
    /// To addresses that tenants name.
    pub outbound: Outbound,
    /// Where the operator gave a model for it.
    pub encoder: Option<Encoder>,
}

impl App {
    pub fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    /// Whether another node may work on the same database just now. One that cannot hear of others takes it that there are some.
    pub fn may_have_peers(&self) -> bool {
        match self.bus.standing() {
            Some(standing) => !standing.is_up || standing.peers > 0,
            None => !self.config.database.is_sqlite(),
        }
    }
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
