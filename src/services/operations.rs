//! What operations ask: does the process live, can it serve, how is it doing.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::platform::metrics;
use crate::platform::shutdown::Shutdown;
use crate::realtime::gateway::Gateway;

/// A place for files that does not answer for so long is down.
const PATIENCE: Duration = Duration::from_secs(2);

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(healthz)).routes(routes!(readyz)).routes(routes!(prometheus))
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
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Dependency {
    name: &'static str,
    /// Which engine it is.
    kind: &'static str,
    status: &'static str,
}

/// Whether each thing that the server uses is there: 503 without its database, 200 otherwise. Without the place for files,
/// conversations go on and only files fail.
#[utoipa::path(get, path = "/readyz", tag = "operations", operation_id = "readyz", security(()),
    responses((status = 200, body = Readiness), (status = 503, body = Readiness)))]
async fn readyz(State(app): State<App>) -> (StatusCode, Json<Readiness>) {
    let (database, files) = tokio::join!(app.db.ping(), tokio::time::timeout(PATIENCE, app.files.ping()));
    let status = |is_up: bool| if is_up { "ok" } else { "down" };
    let (has_database, has_files) = (database.is_ok(), matches!(files, Ok(Ok(()))));
    let dependencies = vec![
        Dependency { name: "database", kind: app.db.engine(), status: status(has_database) },
        Dependency { name: "files", kind: app.files.kind(), status: status(has_files) },
    ];
    let code = if has_database { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(Readiness { status: status(has_database), dependencies }))
}

/// Figures in the text format of Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "operations", operation_id = "metrics", security(()), responses((status = 200, body = String)))]
async fn prometheus() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics::render())
}

/// Keeps the gauges of what is connected.
pub async fn measure(gateway: Gateway, shutdown: Shutdown) {
    let mut turns = tokio::time::interval(Duration::from_secs(5));
    loop {
        tokio::select! {
            _ = turns.tick() => {}
            () = shutdown.begun() => return,
        }
        let connections = gateway.connections();
        ::metrics::gauge!("smilechat_sockets", "transport" => "websocket").set(connections.websocket as f64);
        ::metrics::gauge!("smilechat_sockets", "transport" => "polling").set(connections.polling as f64);
    }
}
