//! Invites: how an admin lets somebody register as staff. An invite names the role, serves once and runs out.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::guard::SignedIn;
use crate::auth::model::{Role, TenantKey};
use crate::auth::permissions::Action;
use crate::auth::session;
use crate::auth::store::invites::{self, Invite};
use crate::auth::store::tenants;
use crate::auth::store::users::Account;
use crate::error::{Error, Result};
use crate::events::{self, Act, What};
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::http::api::{Api, routes};
use crate::platform::http::json::Json;
use crate::platform::http::page::{Page, PageQuery};
use crate::platform::http::problem::Problem;
use crate::platform::http::text;
use crate::platform::http::{path::Path, query::Query};
use crate::platform::{id, secret};

pub fn routes() -> Api<App> {
    Api::new().routes(routes!(list, create)).routes(routes!(remove))
}

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvite {
    #[garde(skip)]
    role: Role,
    /// Whom it is meant for: a note for the admin.
    #[garde(inner(custom(text::email)))]
    email: Option<String>,
    /// Seconds until it runs out, at most 30 days; 7 days if absent.
    #[garde(inner(range(min = 60, max = 2_592_000)))]
    expires_in: Option<u64>,
}

/// An invite with its token, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedInvite {
    #[serde(flatten)]
    details: Invite,
    /// What the invited person registers with.
    invite: String,
}

/// Invites somebody; the invite itself is in this one answer alone.
#[utoipa::path(post, path = "/api/invites", tag = "users", operation_id = "create_invite", request_body = NewInvite,
    responses((status = 201, body = CreatedInvite), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn create(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Json(new): Json<NewInvite>,
) -> Result<(StatusCode, Json<CreatedInvite>)> {
    caller.require(Action::InvitesManage)?;
    if caller.is_limited() && new.role.is_staff() {
        return Err(Error::Forbidden("forbidden"));
    }
    let now = app.clock.now();
    let token = app.random.token("inv_");
    let lifetime = Duration::from_secs(new.expires_in.unwrap_or(app.config.auth.invite_seconds));
    let details = Invite {
        invite_id: id::new_id(now, &app.random),
        role: new.role,
        email: new.email,
        created_at: now,
        expires_at: now.plus(lifetime),
        used_at: None,
    };
    let hash = secret::hash_token(&token);
    let details = app
        .db
        .write(move |tx| {
            tenants::lock(tx, caller.tenant)?;
            session::require_live(tx, &caller, now)?;
            invites::insert(tx, caller.tenant, caller.user, &details, &hash)?;
            let what = What::InviteCreated { invite_id: details.invite_id.clone(), role: details.role };
            events::record(tx, &Act::of(&caller, now), what)?;
            Ok(details)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(CreatedInvite { details, invite: token })))
}

/// The tenant's invites, used ones too; newest first.
#[utoipa::path(get, path = "/api/invites", tag = "users", operation_id = "list_invites", params(PageQuery),
    responses((status = 200, body = Page<Invite>), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn list(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Invite>>> {
    caller.require(Action::InvitesManage)?;
    let tenant = caller.tenant;
    let paging = query.read::<(i64, String)>(&app.auth.cursor_key, tenant.0, "invites")?;
    let (before, limit) = (paging.after.clone(), paging.limit + 1);
    let found = app.db.read(move |tx| invites::list(tx, tenant, before, limit)).await?;
    Ok(Json(paging.page(found, |invite| (invite.created_at.0, invite.invite_id.clone()))))
}

/// Withdraws an invite that nobody has used.
#[utoipa::path(delete, path = "/api/invites/{invite_id}", tag = "users", operation_id = "delete_invite", params(("invite_id" = String, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn remove(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Path(invite_id): Path<String>,
) -> Result<StatusCode> {
    caller.require(Action::InvitesManage)?;
    let now = app.clock.now();
    app.db
        .write(move |tx| {
            if !invites::delete(tx, caller.tenant, &invite_id)? {
                return Err(Error::NotFound);
            }
            events::record(tx, &Act::of(&caller, now), What::InviteWithdrawn { invite_id })
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The invite behind a token, if it can still be used and for the role asked for.
pub fn usable(tx: &mut Tx<'_>, tenant: TenantKey, token: &str, role: Option<Role>, now: Timestamp) -> Result<Invite> {
    let found = invites::find(tx, tenant, &secret::hash_token(token))?;
    let invite = found.filter(|invite| invite.expires_at > now).ok_or(Error::invalid(
        "invite",
        "unknown",
        "is no invite that can be used",
    ))?;
    if invite.used_at.is_some() {
        return Err(Error::Conflict("invite_used"));
    }
    if role.is_some_and(|role| role != invite.role) {
        return Err(Error::Forbidden("forbidden"));
    }
    Ok(invite)
}

pub fn redeem(tx: &mut Tx<'_>, tenant: TenantKey, invite_id: &str, account: &Account, now: Timestamp) -> Result<()> {
    if !invites::redeem(tx, tenant, invite_id, account.key, now)? {
        return Err(Error::Conflict("invite_used"));
    }
    let what = What::InviteUsed { invite_id: invite_id.to_owned(), user_id: account.user_id.clone() };
    events::record(tx, &Act::of_user(tenant, &account.user_id, now), what)
}
