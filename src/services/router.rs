//! One router for everything: the services' routes on the HTTP floor, the sockets beside it, CORS around both.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::map_response;
use axum::response::Redirect;
use axum::routing::get;
use http::Uri;
use http::request::Parts;
use http::uri::PathAndQuery;
use tower::Layer;
use tower::util::MapRequestLayer;

use crate::app::App;
use crate::auth::guard;
use crate::platform::http::api::Api;
use crate::platform::http::floor::{Ground, floor};
use crate::platform::http::identity::{Identify, Identity};
use crate::platform::http::{cors, docs};
use crate::realtime::gateway::Gateway;
use crate::services::repeats::Repeats;
use crate::services::{chosen, is_chosen};
use crate::tickets::attachments;

pub fn router(app: &App, gateway: &Gateway) -> Router {
    let entrance = if is_chosen(&app.config, "auth") { crate::auth::entrance_routes() } else { Api::new() };
    let entrance_paths = entrance.paths().iter().cloned().collect();
    let services = chosen(&app.config.server.services);
    let mut routes = services.fold(entrance, |all, service| all.merge((service.routes)())).into_router();
    if is_chosen(&app.config, "pages") {
        routes = routes
            .route("/demo/config.json", get(super::demo::hand_out))
            .route("/", get(async || Redirect::temporary("/app")));
    }
    let routes = routes.with_state(app.clone()).merge(docs::routes());
    let ground = Ground {
        db: app.db.clone(),
        clock: app.clock.clone(),
        random: app.random.clone(),
        limits: app.limits.clone(),
        identify: identify(app.clone()),
        uploads: &[attachments::UPLOAD_PATH],
        repeats: Arc::new(Repeats(app.clone())),
        entrance: entrance_paths,
    };
    // Around the router and not within it: a path is mended before it is looked up.
    let floor = MapRequestLayer::new(unversioned).layer(floor(routes, &app.config, ground));
    let sockets = if is_chosen(&app.config, "realtime") { gateway.routes() } else { Router::new() };
    sockets.fallback_service(floor).layer(cors::layer(&app.auth.origins)).layer(map_response(cors::open))
}

/// Looks at the credentials once for all layers. Who is found is left for the handlers; who is not, they refuse.
fn identify(app: App) -> Identify {
    Arc::new(move |parts: &mut Parts| {
        let app = app.clone();
        Box::pin(async move {
            let key = guard::api_key(&app, &parts.method, &parts.headers).await.ok()?;
            parts.extensions.insert(key.clone());
            match guard::caller_beside(&app, &parts.method, &parts.headers, &key).await {
                Ok(caller) => {
                    let identity = Identity {
                        tenant: caller.tenant.0,
                        caller: Some(caller.user_id.to_string()),
                        role: Some(caller.role.as_str()),
                    };
                    parts.extensions.insert(caller);
                    Some(identity)
                }
                Err(_) => {
                    let tenant = key.tenant().unwrap_or(app.auth.default_tenant);
                    Some(Identity { tenant: tenant.0, caller: None, role: None })
                }
            }
        })
    })
}

/// `/api/v1/…` is `/api/…`.
fn unversioned(mut request: Request) -> Request {
    let path = request.uri().path_and_query().map(PathAndQuery::as_str);
    let shorter = path.and_then(|path| path.strip_prefix("/api/v1/")).map(|rest| format!("/api/{rest}"));
    if let Some(uri) = shorter.and_then(|path| path.parse::<Uri>().ok()) {
        *request.uri_mut() = uri;
    }
    request
}
