//! What operations ask: does the process live, can it serve, how is it doing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::{Extension, Json};
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::MissedTickBehavior;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::{Error, Result};
use crate::platform::bus::Standing;
use crate::platform::http::api::{Api, routes};
use crate::platform::shutdown::Shutdown;
use crate::realtime::gateway::Gateway;
use crate::services::figures;

/// Between two looks at what has to be asked.
const TURN: Duration = Duration::from_secs(5);
const UP: &str = "ok";
/// What does not answer for so long is down.
const PATIENCE: Duration = Duration::from_secs(2);
/// How old what `/readyz` answers may be.
const FRESH: Duration = Duration::from_secs(1);

pub fn routes() -> Api<App> {
    let readiness = Api::new().routes(routes!(readyz)).layer(Extension(LastLook::default()));
    Api::new().routes(routes!(healthz)).merge(readiness).routes(routes!(prometheus))
}

#[derive(Debug, Serialize, ToSchema)]
struct Health {
    status: &'static str,
    version: &'static str,
}

/// The process lives.
#[utoipa::path(get, path = "/healthz", tag = "operations", operation_id = "healthz", security(()), responses((status = 200, body = Health)))]
async fn healthz() -> Json<Health> {
    Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}

#[derive(Debug, Serialize, ToSchema)]
struct Readiness {
    status: &'static str,
    /// Which services this process is.
    services: Vec<&'static str>,
    /// How many nodes there are, this one among them, as far as it hears.
    nodes: usize,
    dependencies: Vec<Dependency>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
struct Dependency {
    name: &'static str,
    /// Which engine it is.
    kind: &'static str,
    /// `ok` or `down`.
    status: &'static str,
    /// How long it took to answer, or until it was given up; of the bus, how long its last word took to come back.
    latency_ms: f64,
}

/// Whether each thing that the server uses is there: 503 without its database, 200 otherwise. Without the place for files,
/// conversations go on and only files fail; without the bus, what happens on other nodes arrives within a second or two; without
/// the standby, reports are read from the database. What it says is a second old at most.
#[utoipa::path(get, path = "/readyz", tag = "operations", operation_id = "readyz", security(()),
    responses((status = 200, body = Readiness), (status = 503, body = Readiness)))]
async fn readyz(
    State(app): State<App>,
    Extension(last_look): Extension<LastLook>,
) -> Result<(StatusCode, Json<Readiness>)> {
    let mut dependencies = last_look.at(&app).await?;
    let standing = app.bus.standing();
    dependencies.extend(standing.map(bus));
    let status = dependencies[0].status;
    let code = if status == UP { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let services = super::chosen(&app.config.server.services).map(|service| service.name).collect();
    let nodes = standing.map_or(0, |standing| standing.peers) + 1;
    Ok((code, Json(Readiness { status, services, nodes, dependencies })))
}

/// What was seen when somebody last asked. Anybody may ask, as often as they like, and each look is a write: so there is one at
/// a time, and its answer is everybody's for a while.
#[derive(Clone, Default)]
struct LastLook(Arc<Mutex<Option<Seen>>>);

struct Seen {
    at: Instant,
    dependencies: Vec<Dependency>,
}

impl LastLook {
    async fn at(&self, app: &App) -> Result<Vec<Dependency>> {
        let mut last = self.0.clone().lock_owned().await;
        if let Some(seen) = last.as_ref().filter(|seen| seen.at.elapsed() < FRESH) {
            return Ok(seen.dependencies.clone());
        }
        let app = app.clone();
        // In a task of its own: who asks and hangs up would have the next one ask anew.
        let look = tokio::spawn(async move {
            let dependencies = ask_all(&app).await;
            *last = Some(Seen { at: Instant::now(), dependencies: dependencies.clone() });
            dependencies
        });
        look.await.map_err(|_| Error::bug("a look at what the server uses has ended"))
    }
}

/// The database first.
async fn ask_all(app: &App) -> Vec<Dependency> {
    let database = ask("database", app.db.engine(), app.db.ping());
    let replica = async {
        match app.db.has_replica() {
            true => Some(ask("replica", app.db.engine(), app.db.ping_replica()).await),
            false => None,
        }
    };
    let files = ask("files", app.files.kind(), app.files.ping());
    let (database, replica, files) = tokio::join!(database, replica, files);
    [Some(database), replica, Some(files)].into_iter().flatten().collect()
}

async fn ask(name: &'static str, kind: &'static str, question: impl Future<Output = Result<()>>) -> Dependency {
    let asked = Instant::now();
    let is_up = matches!(tokio::time::timeout(PATIENCE, question).await, Ok(Ok(())));
    let took = asked.elapsed();
    metrics::gauge!("smilechat_dependency_up", "dependency" => name).set(if is_up { 1.0 } else { 0.0 });
    metrics::gauge!("smilechat_dependency_ping_seconds", "dependency" => name).set(took);
    Dependency { name, kind, status: word(is_up), latency_ms: milliseconds(took) }
}

fn bus(standing: Standing) -> Dependency {
    let Standing { kind, is_up, latency, .. } = standing;
    Dependency { name: "bus", kind, status: word(is_up), latency_ms: milliseconds(latency) }
}

fn word(is_up: bool) -> &'static str {
    if is_up { UP } else { "down" }
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 100_000.0).round() / 100.0
}

/// Figures in the text format of Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "operations", operation_id = "metrics", security(()), responses((status = 200, body = String)))]
async fn prometheus(State(app): State<App>) -> impl IntoResponse {
    figures::refresh(&app);
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], crate::platform::metrics::render())
}

/// Keeps the gauges of what has to be asked or counted: nothing that is done for each scrape.
pub async fn measure(app: App, gateway: Gateway, shutdown: Shutdown) {
    let mut turns = tokio::time::interval(TURN);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = turns.tick() => {}
            () = shutdown.begun() => return,
        }
        figures::refresh(&app);
        let connections = gateway.connections();
        metrics::gauge!("smilechat_sockets", "transport" => "websocket").set(connections.websocket as f64);
        metrics::gauge!("smilechat_sockets", "transport" => "polling").set(connections.polling as f64);
        // What cannot be asked now keeps its last value; that the database is down is a figure of its own.
        if ask_all(&app).await[0].status == UP
            && let Err(error) = figures::show_backlogs(&app).await
        {
            tracing::warn!(%error, "could not see what waits to be done; its figures stay as they were");
        }
    }
}
