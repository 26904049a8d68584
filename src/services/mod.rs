//! The services, and how they are put together: the page to show a visitor.
//!
//! `SERVICES` is the table of them, with their routes and what they do beside the requests; a process is all of them, or those
//! that `server.services` names. `start` reads as a list: open what is shared, build the routes, listen, and connect the
//! services by their events, and the nodes by theirs (`nodes`, `follow`).
//! This is the only place that sees all of them.

mod announce;
mod answering;
pub mod demo;
#[cfg(test)]
mod document;
mod figures;
mod follow;
mod knowing;
mod nodes;
mod operations;
mod reactions;
mod repeats;
mod router;
mod start;
mod sweep;
mod vectors;
mod work;

use std::path::Path;

use self::work::Workers;
use crate::app::App;
use crate::platform::config::{Config, Loaded, Mistake};
use crate::platform::encoder::Encoder;
use crate::platform::http::api::Api;

pub use follow::Follower;
pub use knowing::{Questions, eval_bot, import_articles};
pub use reactions::catch_up;
pub use start::{Running, Unstarted, open, serve, start};

/// A part of the product that can run in a process of its own.
pub struct Service {
    pub name: &'static str,
    pub does: &'static str,
    pub routes: fn() -> Api<App>,
    /// What it does beside the requests.
    work: fn(&mut Workers),
}

const OPERATIONS: &str = "operations";

pub const SERVICES: &[Service] = &[
    Service {
        name: "auth",
        does: "accounts, sign-in, sessions, roles, invites, API keys, tenants",
        routes: crate::auth::routes,
        work: |workers| workers.run(sweep::of_auth),
    },
    Service {
        name: "tickets",
        does: "tickets, assignment, messages, private notes",
        routes: crate::tickets::routes,
        work: |workers| {
            workers.run(reactions::keep);
            workers.run(sweep::of_tickets);
            workers.run(crate::tickets::knowledge::imports::run::keep);
        },
    },
    Service {
        name: "realtime",
        does: "sockets: ticket rooms, presence, typing, receipts",
        routes: crate::realtime::asyncapi::routes,
        work: |workers| {
            workers.run(crate::realtime::keep_time);
            workers.run(crate::realtime::keep_books);
            workers.run(crate::realtime::keep_told);
        },
    },
    Service {
        name: "notifications",
        does: "webhooks: tenants' servers are told what happens",
        routes: crate::notifications::routes,
        work: |workers| {
            workers.run(crate::notifications::keep_deriving);
            workers.run_to_its_end(crate::notifications::keep_delivering);
            workers.run(sweep::of_notifications);
        },
    },
    Service {
        name: "analytics",
        does: "reports, the live board, usage",
        routes: crate::analytics::routes,
        work: |workers| workers.run(crate::analytics::keep),
    },
    Service {
        name: "pages",
        does: "the widget's files, the console, the demo shop",
        routes: crate::pages::routes,
        work: |_| (),
    },
    // Wherever the others are: each process is asked how it is, and hears of the other nodes.
    Service {
        name: OPERATIONS,
        does: "health, readiness, metrics",
        routes: operations::routes,
        work: |workers| {
            workers.run(follow::keep);
            workers.run(crate::realtime::keep_shared);
            workers.run(crate::tickets::assign::keep_handing_out);
            workers.run(answering::keep);
            workers.run(vectors::keep);
            workers.run(sweep::of_platform);
        },
    },
];

/// Those that this process is: the named ones, or all. `operations` is always among them.
pub fn chosen(names: &[String]) -> impl Iterator<Item = &'static Service> {
    SERVICES.iter().filter(|service| {
        names.is_empty() || service.name == OPERATIONS || names.iter().any(|name| name == service.name)
    })
}

/// What no server could be started with, beside what the platform finds by itself.
pub fn mistakes(loaded: &Loaded) -> Vec<Mistake> {
    let config = &loaded.config;
    let folder = config.bot.embedding_folder.as_str();
    let in_folder = if folder.is_empty() { None } else { Encoder::open(Path::new(folder)).err() };
    let services = fault_of_services(config).map(|fault| loaded.mistake("server.services", fault));
    let model = in_folder.map(|error| loaded.mistake("bot.embedding_folder", format!("{error:#}")));
    services.into_iter().chain(model).collect()
}

/// Names that are none, and a part of the services where the other parts could not be told of anything.
fn fault_of_services(config: &Config) -> Option<String> {
    let known = SERVICES.iter().map(|service| service.name).collect::<Vec<_>>();
    if let Some(name) = config.server.services.iter().find(|name| !known.contains(&name.as_str())) {
        return Some(format!("there is no service {name:?}; take some of {}", known.join(", ")));
    }
    if config.server.services.is_empty() || start::are_nodes_connected(config) {
        return None;
    }
    let fault = match config.bus.enabled {
        false => "processes that share the work tell each other what happens by the bus: set bus.enabled",
        true => {
            "a SQLite file belongs to one process, and others could do no work beside it: leave this out, so that one \
             process is all services, or share PostgreSQL by DATABASE_URL; Redis does not make up for it"
        }
    };
    Some(fault.into())
}

/// Whether a service is among those that this process is.
fn is_chosen(config: &Config, name: &str) -> bool {
    chosen(&config.server.services).any(|service| service.name == name)
}
