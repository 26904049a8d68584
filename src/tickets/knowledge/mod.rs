//! What a tenant knows: articles in collections, their versions, what readers say of them, and the search in them.
//!
//! Routes check a request and call what is below; the SQL is in `store`. `passages` cuts an article, `words` makes stems of a
//! text, `search` finds and scores: for readers, for staff and for the bot by one rule. `help` is the public help centre. `import`
//! takes files, `site` the pages of a site, at the command line or for an admin (`imports`).
//! Invariants: whoever is no staff meets published articles alone; a search names its tenant in the query itself; a passage
//! is plain text; whatever changes an article's words makes its passages anew in the same transaction.

pub mod articles;
pub mod help;
pub mod import;
pub mod imports;
pub mod model;
pub mod search;
pub mod site;
pub mod words;

mod collections;
mod feedback;
mod passages;
mod reader;
mod saving;
mod store;
pub mod table;
mod versions;

pub use store::vectors;

use crate::app::App;
use crate::platform::http::api::Api;

pub fn routes() -> Api<App> {
    articles::routes()
        .merge(collections::routes())
        .merge(versions::routes())
        .merge(feedback::routes())
        .merge(search::routes())
        .merge(imports::routes())
        .merge(help::routes())
}
