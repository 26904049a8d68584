//! Who reads: anybody of the tenant, signed in or not. A help centre has readers whom nobody knows.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::app::App;
use crate::auth::Action;
use crate::auth::guard::{self, SignedIn, Tenant};
use crate::auth::model::{Caller, TenantKey};
use crate::error::{Error, Result};

pub struct Reader {
    pub tenant: TenantKey,
    pub caller: Option<Arc<Caller>>,
}

impl Reader {
    /// Whether drafts are theirs to see.
    pub fn sees_drafts(&self) -> bool {
        self.caller.as_ref().is_some_and(|caller| caller.may(Action::KnowledgeWrite))
    }
}

impl FromRequestParts<App> for Reader {
    type Rejection = Error;

    /// Whoever says who they are has to be right; whoever does not is served by the key, or by the default tenant.
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        match SignedIn::from_request_parts(parts, app).await {
            Ok(SignedIn(caller)) => Ok(Self { tenant: caller.tenant, caller: Some(caller) }),
            Err(Error::Unauthorized(_)) if guard::bearer(&parts.headers)?.is_none() => {
                let Tenant(tenant) = Tenant::from_request_parts(parts, app).await?;
                Ok(Self { tenant, caller: None })
            }
            Err(error) => Err(error),
        }
    }
}
