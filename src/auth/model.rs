//! What the other services know of auth: who calls, and what a user looks like.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::platform::clock::Timestamp;
use crate::platform::db::Value;

/// The integer keys of the database. They stay inside: clients see `user_id`, `ticket_id` and so on.
macro_rules! key {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl From<$name> for Value<'_> {
            fn from(key: $name) -> Self {
                Value::Int(key.0)
            }
        }

        impl From<Option<$name>> for Value<'_> {
            fn from(key: Option<$name>) -> Self {
                key.map_or(Value::Null, Value::from)
            }
        }
    };
}

key!(
    /// A tenant: the customer of the SaaS, whose data nobody else sees.
    TenantKey
);
key!(UserKey);
key!(TicketKey);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Customer,
    Support,
    Admin,
}

impl Role {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Support => "support",
            Self::Admin => "admin",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        [Self::Customer, Self::Support, Self::Admin].into_iter().find(|role| role.as_str() == word)
    }

    /// The roles that an account of this role may act in: staff can see their own product as a customer does.
    pub fn with_lower(self) -> Vec<Role> {
        match self {
            Self::Customer => vec![Self::Customer],
            Self::Support => vec![Self::Support, Self::Customer],
            Self::Admin => vec![Self::Admin, Self::Support, Self::Customer],
        }
    }

    pub fn is_staff(self) -> bool {
        matches!(self, Self::Support | Self::Admin)
    }
}

/// Whether somebody is there. What the user chose, or `offline` while no socket of theirs is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Online,
    Away,
    Busy,
    Offline,
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Away => "away",
            Self::Busy => "busy",
            Self::Offline => "offline",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        [Self::Online, Self::Away, Self::Busy, Self::Offline].into_iter().find(|status| status.as_str() == word)
    }
}

/// A user as their clients see them. Nothing of a password, ever.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct User {
    pub id: String,
    pub username: String,
    pub name: String,
    #[schema(required)]
    pub email: Option<String>,
    /// The role this session acts in.
    pub role: Role,
    pub roles: Vec<Role>,
    #[schema(required)]
    pub avatar_url: Option<String>,
    pub status: Status,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub last_active: Timestamp,
}

/// What a request or a socket knows of who calls, once the token or the key was checked. Made by `guard` alone.
#[derive(Clone, Debug)]
pub struct Caller {
    pub tenant: TenantKey,
    pub user: UserKey,
    pub user_id: Arc<str>,
    pub username: Arc<str>,
    pub name: Arc<str>,
    pub avatar_url: Option<Arc<str>>,
    pub role: Role,
    /// What they chose to be seen as while connected.
    pub chosen_status: Status,
    /// None for a secret API key, which has no session.
    pub session_id: Option<Arc<str>>,
    /// What a secret key is limited to; None for a person.
    pub scopes: Option<Arc<[String]>>,
}
