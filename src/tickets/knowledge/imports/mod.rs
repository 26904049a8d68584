//! Imports of a site that an admin begins in the console: asked for by `routes`, carried out by a worker of some node (`run`), and
//! kept, so that what became of one can be read afterwards.
//!
//! Invariants: of a tenant one is under way at most; one whose node is gone is told as failed.

pub mod run;

mod model;
mod routes;
mod store;

pub use routes::routes;
pub use store::count_waiting;
