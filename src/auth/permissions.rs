//! Who may do what: the one table that REST, sockets and jobs ask.
//!
//! It says what a role may do at all. Whose tickets a caller sees is the other half: `Scope` (tickets/model.rs).

use utoipa::openapi::schema::{Array, ArrayBuilder, ObjectBuilder, Type};

use crate::auth::model::{Caller, Role};
use crate::error::{Error, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// See tickets: customers their own, staff the tenant's.
    TicketsRead,
    /// Open a ticket for oneself.
    TicketsCreate,
    /// Open a ticket in a customer's name.
    TicketsCreateForOthers,
    /// Close and reopen.
    TicketsClose,
    /// Assign, set priority, subject, tags and custom fields.
    TicketsUpdate,
    TicketsDelete,
    /// Say how it was, once one's own ticket is closed.
    TicketsRate,
    MessagesSend,
    MessagesRead,
    NotesRead,
    NotesWrite,
    /// See drafts and write them.
    KnowledgeWrite,
    /// Publish articles, change and delete published ones, arrange collections.
    KnowledgePublish,
    /// Say whether an article helped.
    KnowledgeRate,
    HistoryRead,
    /// See how much is open, and for whom.
    InboxRead,
    /// See the figures of the whole team, and one's own.
    ReportsRead,
    /// See everybody's figures, what customers say of everybody, and how much the tenant uses.
    ReportsReadAll,
    /// See the other people of the tenant.
    UsersRead,
    /// Change roles, disable accounts.
    UsersManage,
    InvitesManage,
    ApiKeysManage,
    /// How the widget looks, the identity secret.
    SettingsManage,
    /// Have a server told of what happens, which reads along.
    WebhooksManage,
    AuditRead,
}

use Action::*;

const CUSTOMER: &[Action] =
    &[TicketsRead, TicketsCreate, TicketsClose, TicketsRate, MessagesSend, MessagesRead, KnowledgeRate];

const SUPPORT: &[Action] = &[
    TicketsRead,
    TicketsCreate,
    TicketsCreateForOthers,
    TicketsClose,
    TicketsUpdate,
    TicketsDelete,
    MessagesSend,
    MessagesRead,
    NotesRead,
    NotesWrite,
    KnowledgeWrite,
    HistoryRead,
    InboxRead,
    ReportsRead,
    UsersRead,
];

/// On top of what support may do.
const ADMIN: &[Action] = &[
    KnowledgePublish,
    ReportsReadAll,
    UsersManage,
    InvitesManage,
    ApiKeysManage,
    SettingsManage,
    WebhooksManage,
    AuditRead,
];

pub fn role_allows(role: Role, action: Action) -> bool {
    match role {
        Role::Customer => CUSTOMER.contains(&action),
        Role::Support => SUPPORT.contains(&action),
        Role::Admin => SUPPORT.contains(&action) || ADMIN.contains(&action),
    }
}

impl Action {
    /// The scope of a secret API key that grants it.
    pub fn scope(self) -> &'static str {
        match self {
            TicketsRead | HistoryRead | InboxRead => "tickets:read",
            TicketsCreate | TicketsCreateForOthers | TicketsClose | TicketsRate | TicketsUpdate | TicketsDelete => {
                "tickets:write"
            }
            MessagesRead => "messages:read",
            MessagesSend => "messages:write",
            NotesRead => "notes:read",
            NotesWrite => "notes:write",
            KnowledgeWrite | KnowledgePublish | KnowledgeRate => "knowledge:write",
            ReportsRead | ReportsReadAll => "reports:read",
            UsersRead => "users:read",
            UsersManage | InvitesManage => "users:write",
            ApiKeysManage => "api_keys:write",
            SettingsManage => "settings:write",
            WebhooksManage => "webhooks:write",
            AuditRead => "audit:read",
        }
    }
}

/// Every scope a secret key can have; `*` stands for all.
pub const SCOPES: &[&str] = &[
    "*",
    "tickets:read",
    "tickets:write",
    "messages:read",
    "messages:write",
    "notes:read",
    "notes:write",
    "knowledge:write",
    "reports:read",
    "users:read",
    "users:write",
    "api_keys:write",
    "settings:write",
    "webhooks:write",
    "audit:read",
];

/// A list of scopes, as the document describes it.
pub fn scopes_schema() -> Array {
    ArrayBuilder::new()
        .items(ObjectBuilder::new().schema_type(Type::String).enum_values(Some(SCOPES.iter().copied())))
        .build()
}

impl Caller {
    pub fn may(&self, action: Action) -> bool {
        let scoped = self.scopes.as_ref().is_none_or(|scopes| scopes.iter().any(|s| s == "*" || s == action.scope()));
        scoped && role_allows(self.role, action)
    }

    /// Somebody, and not a server that acts by a secret key.
    pub fn is_person(&self) -> bool {
        self.scopes.is_none()
    }

    /// For what concerns a person's own account: a secret key has no password to guard and no profile to keep.
    pub fn require_person(&self) -> Result<()> {
        if self.is_person() { Ok(()) } else { Err(Error::Forbidden("forbidden")) }
    }

    /// A secret key that may not do everything. It cannot make somebody staff, nor change who is: that would be a way
    /// around its own limits.
    pub fn is_limited(&self) -> bool {
        self.scopes.as_ref().is_some_and(|scopes| !scopes.iter().any(|scope| scope == "*"))
    }

    pub fn require(&self, action: Action) -> Result<()> {
        if self.may(action) { Ok(()) } else { Err(Error::Forbidden("forbidden")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_has_no_staff_action_and_every_scope_is_listed() {
        for action in SUPPORT.iter().chain(ADMIN) {
            assert!(SCOPES.contains(&action.scope()), "{action:?}");
            assert!(role_allows(Role::Admin, *action), "{action:?}");
        }
        for action in ADMIN.iter().chain(&[
            NotesRead,
            NotesWrite,
            KnowledgeWrite,
            TicketsDelete,
            TicketsUpdate,
            HistoryRead,
            InboxRead,
            ReportsRead,
            UsersRead,
        ]) {
            assert!(!role_allows(Role::Customer, *action), "{action:?}");
        }
        assert!(ADMIN.iter().all(|action| !role_allows(Role::Support, *action)));
    }
}
