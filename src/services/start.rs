//! Starting and stopping.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::app::{App, Shared};
use crate::auth::{self, Auth, Registry};
use crate::notifications::WebhookCalls;
use crate::pages;
use crate::platform::bus::{Bus, Driver, Incoming, Meeting};
use crate::platform::clock::Clock;
use crate::platform::config::{Config, Environment, LogFormat};
use crate::platform::db::{self, Db, Hold};
use crate::platform::encoder::Encoder;
use crate::platform::files::Files;
use crate::platform::http::origins::Origins;
use crate::platform::http::serve as connections;
use crate::platform::limits::{self, Limits};
use crate::platform::outbound::Outbound;
use crate::platform::random::Random;
use crate::platform::redis::Redis;
use crate::platform::shutdown::Shutdown;
use crate::realtime::connect::Sockets;
use crate::realtime::gateway::{self, Admission, Gateway};
use crate::realtime::presence::Presence;
use crate::realtime::{self, Realtime};
use crate::services::announce::{self, Committed};
use crate::services::work::Workers;
use crate::services::{chosen, demo, follow, is_chosen, nodes, operations};
use crate::tickets::assign::HandOuts;
use crate::tickets::bot::{BotCalls, VectorCalls};
use crate::tickets::messages::together::Sends;

/// For the last word to the other nodes.
const GOODBYE: Duration = Duration::from_millis(300);

/// What is open and waits to be run.
pub struct Unstarted {
    events: UnboundedReceiver<Committed>,
    heard: Incoming,
    bus: Driver,
}

/// Opens what the services share, and the default tenant if it is the first time.
pub async fn open(config: Config, clock: Clock, random: Random) -> anyhow::Result<(App, Unstarted)> {
    let (queue, events) = tokio::sync::mpsc::unbounded_channel();
    let registry = Registry::default();
    let origins = Origins::new(&config.cors.origins);
    let listener = announce::listener(registry.clone(), origins.clone(), queue);
    let database = config.database.clone();
    let db = tokio::task::spawn_blocking(move || Db::open(&database, listener)).await??;
    let default_tenant = auth::operator::default_tenant(&db, &clock, &random).await?;
    auth::admit_pages_of_keys(&db, &origins).await?;
    let key = auth::key_of_nodes(&db, &config.auth, default_tenant).await?;
    let lease = Duration::from_millis(config.bus.lease_ms);
    let (bus, heard, driver) = Bus::new(meeting(&config)?, &key, lease, clock.clone(), &random)?;
    let auth = Auth::new(&config.auth, registry, origins, default_tenant)?;
    let shared_limits = match config.bus.redis_url.as_str() {
        "" => None,
        url => Some(limits::Shared::new(Redis::new(url)?, &key)),
    };
    let limits = Arc::new(Limits::new(&config.limits, clock.clone(), shared_limits));
    let is_realtime = is_chosen(&config, "realtime");
    let outbound = Outbound::new(&config.outbound.own_hosts)?;
    let encoder = match config.bot.embedding_folder.as_str() {
        "" => None,
        folder => Some(Encoder::open(Path::new(folder)).context("bot.embedding_folder")?),
    };
    let files = Files::new(&config.files, &config.data_dir)?;
    let patience = Duration::from_secs(config.database.queue_timeout_seconds);
    let sends = Sends::new(patience, config.database.pool_size);
    let app = App::new(Shared {
        config: Arc::new(config),
        db,
        clock,
        random,
        auth,
        presence: Presence::default(),
        realtime: Realtime::new(is_realtime),
        hand_outs: HandOuts::default(),
        sends,
        bot_calls: BotCalls::default(),
        vector_calls: VectorCalls::default(),
        webhook_calls: WebhookCalls::default(),
        limits,
        bus,
        follower: Arc::default(),
        files,
        outbound,
        encoder,
    });
    Ok((app, Unstarted { events, heard, bus: driver }))
}

/// Whether this process would hear of what another one does. A SQLite file belongs to one process: another would read what
/// this one has not put on disk yet. Redis then counts for the limits alone.
pub fn are_nodes_connected(config: &Config) -> bool {
    config.bus.enabled && !config.database.is_sqlite()
}

/// Where this node meets the others.
fn meeting(config: &Config) -> anyhow::Result<Meeting> {
    let (bus, url) = (&config.bus, &config.database.url);
    Ok(match are_nodes_connected(config) {
        false => Meeting::Alone,
        true if bus.redis_url.is_empty() => Meeting::Postgres(url.clone()),
        true => Meeting::Redis(Redis::new(&bus.redis_url)?),
    })
}

/// A server that runs.
pub struct Running {
    pub app: App,
    pub address: SocketAddr,
    pub shutdown: Shutdown,
    gateway: Gateway,
    accepting: JoinHandle<()>,
    workers: Workers,
    /// Until the database is closed.
    _hold: Option<Hold>,
}

/// Listens and serves; returns as soon as it does.
pub async fn start(config: Config, clock: Clock, random: Random, shutdown: Shutdown) -> anyhow::Result<Running> {
    let endpoint = format!("{}:{}", config.server.host, config.server.port);
    let database = config.database.clone();
    let _hold = tokio::task::spawn_blocking(move || db::hold(&database)).await??;
    // Before anything is written: a port that is taken is told in one line, and not below those of the migrations.
    drop(listen(&endpoint).await?);
    let (app, unstarted) = open(config, clock, random).await?;
    demo::refuse_in_production(&app).await?;
    app.files.prepare().await?;
    follow::begin(&app).await?;
    let listener = listen(&endpoint).await?;
    let address = listener.local_addr()?;
    let admission = Admission {
        origins: app.auth.origins.clone(),
        max_connections_per_address: app.config.server.max_connections_per_address,
        trusted_proxies: app.config.server.trusted_proxies,
    };
    let gateway = gateway::build(&app.config.realtime, admission, Arc::new(Sockets { app: app.clone() }));
    let router = super::router::router(&app, &gateway);
    let mut workers = Workers::new(app.clone(), shutdown.clone());
    let Unstarted { events, heard, bus } = unstarted;
    workers.run(|app, _| announce::pump(app, events));
    workers.run(|_, _| bus.run());
    workers.run(|app, shutdown| nodes::listen(app, heard, shutdown));
    workers.run(|app, shutdown| operations::measure(app, gateway.clone(), shutdown));
    chosen(&app.config.server.services).for_each(|service| (service.work)(&mut workers));
    let (server, ending) = (app.config.server.clone(), shutdown.clone());
    let accepting = tokio::spawn(async move { connections::serve(listener, router, &server, ending).await });
    Ok(Running { app, address, shutdown, gateway, accepting, workers, _hold })
}

async fn listen(endpoint: &str) -> anyhow::Result<TcpListener> {
    connections::listen(endpoint).await.with_context(|| format!("cannot listen on {endpoint}"))
}

impl Running {
    /// Waits for the signal, then drains: no new work, sockets go and come back elsewhere, what runs is finished. It all
    /// has `server.drain_seconds`, the database included.
    pub async fn until_stopped(mut self) -> anyhow::Result<()> {
        let served = until_draining(&self.shutdown, &mut self.workers).await;
        tracing::info!("draining");
        let drain = Duration::from_secs(self.app.config.server.drain_seconds);
        let begun = Instant::now();
        self.gateway.close_all(drain / 4);
        let drained = async {
            while self.gateway.remaining() > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            tokio::join!(self.workers.finish(), &mut self.accepting)
        };
        // The last quarter is the database's: what was accepted has to be written.
        if tokio::time::timeout(drain * 3 / 4, drained).await.is_err() {
            tracing::warn!(sockets = self.gateway.remaining(), "time is up; the rest is cut");
        }
        realtime::say_bye(&self.app);
        self.app.bus.leave(GOODBYE).await;
        self.app.db.close_within(drain.saturating_sub(begun.elapsed())).await;
        tracing::info!("stopped");
        served
    }
}

/// Returns when the draining begins. A worker that ends before that has panicked: a server that acks and delivers nothing
/// is worse than one that starts again, so that this begins the draining too.
async fn until_draining(shutdown: &Shutdown, workers: &mut Workers) -> anyhow::Result<()> {
    let ended = tokio::select! {
        () = shutdown.begun() => return Ok(()),
        Some(ended) = workers.next_end() => ended,
    };
    // Those who wait for the draining are told one after another: a worker may hear of it, and end, before we do.
    if shutdown.has_begun() {
        return Ok(());
    }
    let why = ended.map_or_else(|error| error.to_string(), |()| "it returned".into());
    tracing::error!(why, "a worker has ended; the server stops");
    shutdown.begin();
    Err(anyhow::anyhow!("a worker has ended: {why}"))
}

pub async fn serve(config: Config) -> anyhow::Result<()> {
    connections::allow_many();
    let shutdown = Shutdown::on_signals()?;
    let running = start(config, Clock::System, Random::System, shutdown).await?;
    let data_dir = running.app.config.data_dir.clone();
    if let Err(error) = tokio::task::spawn_blocking(move || pages::keep_widget(&data_dir)).await? {
        tracing::warn!(%error, "pages that pin this release of the widget will lose it with the next one");
    }
    welcome(&running);
    running.until_stopped().await
}

/// The first lines: where to go.
fn welcome(running: &Running) {
    let (config, port) = (&running.app.config, running.address.port());
    let services: Vec<_> = chosen(&config.server.services).map(|service| service.name).collect();
    let services = services.join(", ");
    tracing::info!(address = %running.address, database = running.app.db.engine(), services, "ready");
    // For people: a machine that reads the log reads the line above.
    if config.env == Environment::Development && config.log.format == LogFormat::Text {
        // Whether anybody can read it changes nothing for the server.
        let _ = io::stderr().write_all(greeting(port, running.app.db.engine(), config, pages::are_built()).as_bytes());
    }
}

fn greeting(port: u16, engine: &str, config: &Config, has_pages: bool) -> String {
    let services = chosen(&config.server.services).map(|service| format!("  {:<15}{}\n", service.name, service.does));
    let pages = match has_pages {
        true => format!(
            "  Demo shop      http://localhost:{port}/demo   begin here\n  Console        http://localhost:{port}/app\n"
        ),
        false => {
            "  Pages          not built, so that there is no demo shop and no console: `make web` builds them\n".into()
        }
    };
    format!(
        "
  SmileChat {} is ready.

{}  database       {engine}

{pages}  API            http://localhost:{port}/api
  Docs           http://localhost:{port}/docs
  Sockets        http://localhost:{port}/socket.io/
{}
",
        env!("CARGO_PKG_VERSION"),
        services.collect::<String>(),
        demo::how_to_sign_in(config).unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests;
