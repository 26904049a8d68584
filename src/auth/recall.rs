//! What a stored event told when it happened, for a node on which it did not.

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::auth::store::{api_keys, users};
use crate::error::{Error, Result};
use crate::events::What;
use crate::events::store::Stored;
use crate::platform::db::Tx;

/// Fields of a user that somebody on another node acts upon.
const FIELDS: [&str; 6] = ["name", "username", "avatar_url", "email", "roles", "is_disabled"];

#[derive(Deserialize)]
struct OfSession {
    session_id: String,
}

#[derive(Deserialize)]
struct OfUser {
    user_id: String,
    changed: Vec<String>,
}

#[derive(Deserialize)]
struct OfKey {
    api_key_id: String,
}

/// None for what has no listener.
pub fn recall(tx: &mut Tx<'_>, event: &Stored) -> Result<Option<What>> {
    Ok(match event.kind.as_str() {
        "session_ended" => {
            let OfSession { session_id } = read(&event.data)?;
            Some(What::SessionEnded { session_id: session_id.into(), reason: "told by another node" })
        }
        "user_changed" => {
            let OfUser { user_id, changed } = read(&event.data)?;
            let changed = FIELDS.into_iter().filter(|field| changed.iter().any(|name| name == field)).collect();
            let found = users::find_by_id(tx, event.tenant, &user_id)?;
            found.map(|account| What::UserChanged { user_id, user: account.key, changed, rights: Json::Null })
        }
        "api_key_created" | "api_key_changed" => {
            let OfKey { api_key_id } = read(&event.data)?;
            let found = api_keys::find(tx, event.tenant, &api_key_id)?;
            found.map(|key| What::ApiKeyChanged {
                api_key_id,
                kind: key.kind.as_str(),
                changed: Vec::new(),
                allowed_origins: key.allowed_origins,
            })
        }
        // Whoever acts upon it reads them anew.
        "widget_settings_changed" => Some(What::WidgetSettingsChanged { values: Map::new() }),
        "api_key_revoked" => {
            let OfKey { api_key_id } = read(&event.data)?;
            Some(What::ApiKeyRevoked { api_key_id })
        }
        _ => None,
    })
}

fn read<'a, T: Deserialize<'a>>(data: &'a str) -> Result<T> {
    serde_json::from_str(data).map_err(Error::internal)
}
