//! The SQL of auth, a file per table family. Every function takes the tenant, except the few that find it out: by the
//! hash of a key, a session's id, a tenant's name.

pub mod api_keys;
pub mod invites;
pub mod people;
pub mod sessions;
pub mod tenants;
pub mod users;
pub mod widget;
