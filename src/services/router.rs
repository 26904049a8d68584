//! One router for everything.

use axum::Router;

use crate::app::App;
use crate::realtime::gateway::Gateway;

pub fn router(app: &App, gateway: &Gateway) -> Router {
    let (api, _) = super::api().split_for_parts();
    api.with_state(app.clone()).merge(gateway.routes())
}
