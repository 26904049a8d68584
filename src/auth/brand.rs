//! What a tenant is called and looks like in public: where its help centre stands, and how that is painted. Read by the pages
//! that nobody signs in for. Invariant: nothing of it is private.

use crate::auth::model::TenantKey;
use crate::auth::store::tenants;
use crate::auth::widget;
use crate::error::Result;
use crate::platform::db::Tx;

#[derive(Clone, Debug)]
pub struct Brand {
    pub tenant: TenantKey,
    /// The tenant's own name: part of an address.
    pub tenant_name: String,
    /// Whom visitors write to.
    pub name: String,
    /// As in `#2563eb`.
    pub primary_color: String,
    /// `auto`, or a language tag.
    pub language: String,
}

/// By the tenant's name.
pub fn find(tx: &mut Tx<'_>, tenant_name: &str) -> Result<Option<Brand>> {
    let Some(tenant) = tenants::find_by_name(tx, tenant_name)? else { return Ok(None) };
    let widget::WidgetSettings { name, primary_color, language, .. } = widget::find(tx, tenant)?;
    Ok(Some(Brand { tenant, tenant_name: tenant_name.to_owned(), name, primary_color, language }))
}

pub fn tenant_name(tx: &mut Tx<'_>, tenant: TenantKey) -> Result<String> {
    tenants::find_name(tx, tenant)
}
