//! The people of a tenant, for its staff: who there is, and, for admins, which roles they have and whether they may enter.

use axum::extract::State;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::guard::SignedIn;
use crate::auth::model::{Caller, Role, User};
use crate::auth::permissions::Action;
use crate::auth::store::people::{self, Filter, PersonKind};
use crate::auth::store::tenants;
use crate::auth::store::users::{self, Account};
use crate::auth::{bot_account, profile, session};
use crate::error::{Error, Result};
use crate::events::{self, Act, store::Entry};
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::http::api::{Api, routes};
use crate::platform::http::json::{Json, not_null};
use crate::platform::http::page::{Page, PageQuery};
use crate::platform::http::problem::Problem;
use crate::platform::http::{path::Path, query::Query};

/// As many as a page holds.
const MOST_IDS: usize = 100;

pub fn routes() -> Api<App> {
    Api::new().routes(routes!(list)).routes(routes!(show, update)).routes(routes!(audit))
}

/// A user as staff see them.
#[derive(Debug, Serialize, ToSchema)]
pub struct Person {
    #[serde(flatten)]
    user: User,
    is_guest: bool,
    is_disabled: bool,
    /// The tenant's own id of a customer, where it gave one.
    #[schema(required)]
    external_id: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PeopleQuery {
    #[param(inline)]
    kind: Option<PersonKind>,
    /// Beginnings of words of the name, the username, the e-mail address or the external id.
    q: Option<String>,
    /// At most 100 ids with commas between them: these people alone.
    ids: Option<String>,
}

impl PeopleQuery {
    fn filter(self) -> Result<Filter> {
        let ids = self.ids.map(|ids| ids.split(',').map(str::to_owned).collect::<Vec<_>>());
        if ids.as_ref().is_some_and(|ids| ids.len() > MOST_IDS) {
            return Err(Error::invalid("ids", "too_many", "At most 100."));
        }
        Ok(Filter { kind: self.kind, q: self.q, ids })
    }
}

/// The people of the tenant, with their presence; in the order in which they joined.
#[utoipa::path(get, path = "/api/users", tag = "users", operation_id = "list_users", params(PeopleQuery, PageQuery),
    responses((status = 200, body = Page<Person>), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn list(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Query(query): Query<PeopleQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Person>>> {
    caller.require(Action::UsersRead)?;
    let tenant = caller.tenant;
    let filter = query.filter()?;
    let paging = page.read::<i64>(&app.auth.cursor_key, tenant.0, "users")?;
    let (after, limit) = (paging.after.unwrap_or(0), paging.limit + 1);
    let found = app.db.read(move |tx| people::list(tx, tenant, &filter, after, limit)).await?;
    let page = paging.page(found, |account| account.key.0);
    Ok(Json(page.map(|account| person(&app, &caller, account))))
}

/// One of the people of the tenant, with their presence.
#[utoipa::path(get, path = "/api/users/{user_id}", tag = "users", operation_id = "show_user", params(("user_id" = String, Path)),
    responses((status = 200, body = Person), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn show(State(app): State<App>, SignedIn(caller): SignedIn, Path(user_id): Path<String>) -> Result<Json<Person>> {
    caller.require(Action::UsersRead)?;
    let tenant = caller.tenant;
    let account = app.db.read(move |tx| users::find_by_id(tx, tenant, &user_id)).await?.ok_or(Error::NotFound)?;
    Ok(Json(person(&app, &caller, account)))
}

/// What is absent stays.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonPatch {
    /// The roles the user may act in; the first is the one they sign in with.
    #[garde(inner(length(min = 1, max = 3)))]
    #[serde(default, deserialize_with = "not_null")]
    roles: Option<Vec<Role>>,
    /// A disabled user is signed out everywhere and cannot sign in.
    #[garde(skip)]
    #[serde(default, deserialize_with = "not_null")]
    is_disabled: Option<bool>,
}

/// Changes which roles somebody has, or whether they may enter.
#[utoipa::path(put, path = "/api/users/{user_id}", tag = "users", operation_id = "update_user", request_body = PersonPatch, params(("user_id" = String, Path)),
    responses((status = 200, body = Person), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn update(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Path(user_id): Path<String>,
    Json(patch): Json<PersonPatch>,
) -> Result<Json<Person>> {
    caller.require(Action::UsersManage)?;
    let now = app.clock.now();
    let by = caller.clone();
    let account = app.db.write(move |tx| change(tx, &by, &user_id, patch, now)).await?;
    Ok(Json(person(&app, &caller, account)))
}

fn change(tx: &mut Tx<'_>, by: &Caller, user_id: &str, patch: PersonPatch, now: Timestamp) -> Result<Account> {
    // One at a time in a tenant: two admins who remove each other would leave none.
    tenants::lock(tx, by.tenant)?;
    session::require_live(tx, by, now)?;
    let user = users::find_by_id(tx, by.tenant, user_id)?.ok_or(Error::NotFound)?.key;
    let mut account = users::find_and_lock(tx, by.tenant, user)?;
    let concerns_staff = account.roles.iter().chain(patch.roles.iter().flatten()).any(|role| role.is_staff());
    if by.is_limited() && concerns_staff {
        return Err(Error::Forbidden("forbidden"));
    }
    if bot_account::is_one(&account) {
        return Err(Error::Forbidden("forbidden"));
    }
    let act = Act::of(by, now);
    let mut changed = Vec::new();
    let was_admin = account.role == Role::Admin && !account.is_disabled;
    if let Some(mut roles) = patch.roles {
        let first = roles.first().copied().unwrap_or(Role::Customer);
        roles.sort();
        roles.dedup();
        roles.reverse();
        if roles != account.roles || first != account.role {
            (account.roles, account.role) = (roles, first);
            changed.push("roles");
        }
    }
    if let Some(is_disabled) = patch.is_disabled.filter(|new| *new != account.is_disabled) {
        account.is_disabled = is_disabled;
        changed.push("is_disabled");
    }
    let still_admin = account.role == Role::Admin && !account.is_disabled;
    if was_admin && !still_admin && !users::has_other_admin(tx, by.tenant, account.key)? {
        return Err(Error::Conflict("last_admin"));
    }
    let account = profile::save(tx, &act, account, changed)?;
    let keeps = |role| !account.is_disabled && account.roles.contains(&role);
    session::end_others(tx, &act, account.key, None, keeps, "rights_changed")?;
    Ok(account)
}

fn person(app: &App, caller: &Caller, account: Account) -> Person {
    let status = app.presence.status(caller.tenant, account.key);
    let (is_guest, is_disabled, external_id) = (account.is_guest, account.is_disabled, account.external_id.clone());
    let role = account.role;
    Person { user: account.shown(role, status), is_guest, is_disabled, external_id }
}

/// What happened in the tenant, who did it and why: newest first.
#[utoipa::path(get, path = "/api/audit", tag = "audit", operation_id = "list_audit", params(PageQuery),
    responses((status = 200, body = Page<Entry>), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn audit(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Entry>>> {
    caller.require(Action::AuditRead)?;
    let tenant = caller.tenant;
    let paging = query.read::<i64>(&app.auth.cursor_key, tenant.0, "audit")?;
    let (before, limit) = (paging.after, paging.limit + 1);
    let found = app.db.read_behind(move |tx| events::store::list(tx, tenant, before, limit)).await?;
    Ok(Json(paging.page(found, |entry| entry.key)))
}
