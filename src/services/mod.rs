//! The services, and how they are put together: the page to show a visitor.
//!
//! `start` reads as a list: open what is shared, build the routes, listen, and connect the services by their events.
//! This is the only place that sees all of them.

mod announce;
pub mod demo;
mod document;
mod figures;
mod follow;
mod nodes;
mod operations;
mod reactions;
mod repeats;
mod router;
mod start;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

pub use follow::Follower;
pub use reactions::catch_up;
pub use start::{Running, Unstarted, open, serve, start};

/// A part of the product that could run in a process of its own.
pub struct Service {
    pub name: &'static str,
    pub does: &'static str,
    pub routes: fn() -> OpenApiRouter<App>,
}

const OPERATIONS: &str = "operations";

pub const SERVICES: &[Service] = &[
    Service {
        name: "auth",
        does: "accounts, sign-in, sessions, roles, invites, API keys, tenants",
        routes: crate::auth::routes,
    },
    Service { name: "tickets", does: "tickets, assignment, messages, private notes", routes: crate::tickets::routes },
    Service {
        name: "realtime",
        does: "sockets: ticket rooms, presence, typing, receipts",
        routes: crate::realtime::asyncapi::routes,
    },
    Service { name: "analytics", does: "reports, the live board, usage", routes: crate::analytics::routes },
    Service { name: "pages", does: "the widget's files, the console, the demo shop", routes: crate::pages::routes },
    Service { name: OPERATIONS, does: "health, readiness, metrics", routes: operations::routes },
];

/// Those that this process is: the named ones, or all. `operations` is always among them.
pub fn chosen(names: &[String]) -> impl Iterator<Item = &'static Service> {
    SERVICES.iter().filter(|service| {
        names.is_empty() || service.name == OPERATIONS || names.iter().any(|name| name == service.name)
    })
}

/// All routes with their description.
pub fn api() -> OpenApiRouter<App> {
    let entrance = OpenApiRouter::with_openapi(document::beginning()).merge(crate::auth::entrance_routes());
    SERVICES.iter().fold(entrance, |all, service| all.merge((service.routes)()))
}

pub fn openapi_json() -> String {
    document::of(api()).to_pretty_json().expect("the document is strings and numbers")
}
