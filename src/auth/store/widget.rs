use crate::auth::model::TenantKey;
use crate::error::Result;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;

/// The settings as JSON; None while nobody has changed them.
pub fn find(tx: &mut Tx<'_>, tenant: TenantKey) -> Result<Option<String>> {
    tx.first("select settings from widget_settings where tenant_key = $1", &[tenant.into()], |row| row.take())
}

pub fn save(tx: &mut Tx<'_>, tenant: TenantKey, settings: &str, now: Timestamp) -> Result<()> {
    tx.execute(
        "insert into widget_settings (tenant_key, settings, updated_at) values ($1, $2, $3)
         on conflict (tenant_key) do update set settings = excluded.settings, updated_at = excluded.updated_at",
        &[tenant.into(), settings.into(), now.into()],
    )?;
    Ok(())
}
