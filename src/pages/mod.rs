//! What browsers are given: the widget's files, the console (`/app`) and the demo shop (`/demo`), as `npm run build` in
//! `web/` leaves them in `web/dist`. Release builds hold them; debug builds read them from the folder at each request.
//!
//! `services` mounts the routes, the command line prints the `snippet`.
//!
//! Invariants: a file is found by a name that was checked, and only in the build or in what `keep` has kept of earlier
//! ones; what is not there is 404 and no page. A page allows no inline script, and its styles by a nonce that is drawn for
//! this one answer. Without a build, the pages say how to make one.

mod files;
mod keep;
mod page;
mod snippet;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderValue};
use rust_embed::RustEmbed;

use self::files::{Built, File, Lasts};
use self::keep::Kept;
use crate::app::App;
use crate::error::Error;
use crate::platform::http::api::Api;
use crate::platform::http::cors::ForAnySite;
use crate::platform::http::headers::CROSS_ORIGIN_RESOURCE_POLICY;
use crate::platform::http::path::Path;

pub use keep::keep_widget;
pub use snippet::snippet;

pub fn routes() -> Api<App> {
    Api::from(routes_of::<Built>())
}

/// Whether there is a build to show.
pub fn are_built() -> bool {
    files::find::<Built>("demo/index.html").is_some()
}

/// `Files` is the build, or a test's sample of one.
fn routes_of<Files: RustEmbed + 'static>() -> Router<App> {
    let kept = Arc::new(Kept::default());
    Router::new()
        .route("/widget.js", get(loader::<Files>))
        .route("/widget/{name}", get(move |app, name, headers| widget::<Files>(kept.clone(), app, name, headers)))
        .route("/app", get(console::<Files>))
        .route("/app/", get(console::<Files>))
        .route("/app/{*path}", get(in_console::<Files>))
        .route("/demo", get(demo::<Files>))
        .route("/demo/", get(demo::<Files>))
        .route("/demo/{*path}", get(in_demo::<Files>))
}

async fn loader<Files: RustEmbed>(headers: HeaderMap) -> Response {
    let file = files::find::<Files>("widget/widget.js");
    for_any_site(file.map(|file| file.answer(&headers, Lasts::FiveMinutes)))
}

async fn widget<Files: RustEmbed>(
    kept: Arc<Kept>,
    State(app): State<App>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let file = match files::find::<Files>(&format!("widget/assets/{name}")) {
        Some(built) => Some(built),
        None => kept.find(&app.config.data_dir, &name).await,
    };
    for_any_site(file.map(|file| file.answer(&headers, Lasts::Forever)))
}

async fn console<Files: RustEmbed>(State(app): State<App>) -> Response {
    page::answer::<Files>("console/index.html", &app.random)
}

/// The console finds its way by the address, so that each address below `/app` is its page; a name with a dot is a file.
async fn in_console<Files: RustEmbed>(
    State(app): State<App>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Response {
    let names_a_file = path.contains('.') || path.starts_with("assets/");
    if names_a_file { in_folder::<Files>("console", &path, &headers) } else { console::<Files>(State(app)).await }
}

async fn demo<Files: RustEmbed>(State(app): State<App>) -> Response {
    page::answer::<Files>("demo/index.html", &app.random)
}

async fn in_demo<Files: RustEmbed>(Path(path): Path<String>, headers: HeaderMap) -> Response {
    in_folder::<Files>("demo", &path, &headers)
}

fn in_folder<Files: RustEmbed>(folder: &str, path: &str, headers: &HeaderMap) -> Response {
    let lasts = if path.starts_with("assets/") { Lasts::Forever } else { Lasts::UntilChecked };
    // Pages go out by `page` alone, with their policy.
    let file = files::find::<Files>(&format!("{folder}/{path}")).filter(|_| !path.ends_with(".html"));
    file.map_or_else(not_found, |file: File| file.answer(headers, lasts))
}

/// A script on pages of others, checked by their `integrity`.
fn for_any_site(answer: Option<Response>) -> Response {
    let mut response = answer.unwrap_or_else(not_found);
    response.extensions_mut().insert(ForAnySite);
    response.headers_mut().insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    response
}

fn not_found() -> Response {
    Error::NotFound.into_response()
}

#[cfg(test)]
mod tests;
