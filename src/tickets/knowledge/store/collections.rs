use crate::auth::model::TenantKey;
use crate::error::Result;
use crate::platform::db::{Row, Tx};
use crate::tickets::knowledge::model::Collection;

/// What anybody may say, at most.
pub const LAST_POSITION: i64 = 1_000_000;
const COLUMNS: &str = "collection_id, slug, name, description, position, created_at, updated_at";

fn collection(row: &mut Row<'_>) -> Result<Collection> {
    Ok(Collection {
        collection_id: row.take()?,
        slug: row.take()?,
        name: row.take()?,
        description: row.take()?,
        position: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
    })
}

pub fn find(tx: &mut Tx<'_>, tenant: TenantKey, collection_id: &str) -> Result<Option<Collection>> {
    let sql = format!("select {COLUMNS} from kb_collections where tenant_key = $1 and collection_id = $2");
    tx.first(&sql, &[tenant.into(), collection_id.into()], collection)
}

pub fn find_by_slug(tx: &mut Tx<'_>, tenant: TenantKey, slug: &str) -> Result<Option<Collection>> {
    let sql = format!("select {COLUMNS} from kb_collections where tenant_key = $1 and slug = $2");
    tx.first(&sql, &[tenant.into(), slug.into()], collection)
}

pub fn list(tx: &mut Tx<'_>, tenant: TenantKey, after: Option<(i64, String)>, limit: i64) -> Result<Vec<Collection>> {
    let (position, id) = after.unwrap_or((i64::MIN, String::new()));
    let sql = format!(
        "select {COLUMNS} from kb_collections where tenant_key = $1 and (position, collection_id) > ($2, $3)
         order by position, collection_id limit $4"
    );
    tx.all(&sql, &[tenant.into(), position.into(), id.as_str().into(), limit.into()], collection)
}

/// Behind all that there are, as far as positions go.
pub fn next_position(tx: &mut Tx<'_>, tenant: TenantKey) -> Result<i64> {
    let sql = "select coalesce(max(position) + 1, 0) from kb_collections where tenant_key = $1";
    let next = tx.one(sql, &[tenant.into()], |row| row.take::<i64>())?;
    Ok(next.min(LAST_POSITION))
}

pub fn insert(tx: &mut Tx<'_>, tenant: TenantKey, new: &Collection) -> Result<()> {
    tx.execute(
        "insert into kb_collections (collection_id, tenant_key, slug, name, description, position, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            new.collection_id.as_str().into(),
            tenant.into(),
            new.slug.as_str().into(),
            new.name.as_str().into(),
            new.description.as_str().into(),
            new.position.into(),
            new.created_at.into(),
            new.updated_at.into(),
        ],
    )?;
    Ok(())
}

pub fn update(tx: &mut Tx<'_>, tenant: TenantKey, collection: &Collection) -> Result<()> {
    tx.execute(
        "update kb_collections set slug = $3, name = $4, description = $5, position = $6, updated_at = $7
         where tenant_key = $1 and collection_id = $2",
        &[
            tenant.into(),
            collection.collection_id.as_str().into(),
            collection.slug.as_str().into(),
            collection.name.as_str().into(),
            collection.description.as_str().into(),
            collection.position.into(),
            collection.updated_at.into(),
        ],
    )?;
    Ok(())
}

/// Its articles stay, in no collection.
pub fn delete(tx: &mut Tx<'_>, tenant: TenantKey, collection_id: &str) -> Result<()> {
    tx.execute(
        "update kb_articles set collection_id = null where tenant_key = $1 and collection_id = $2",
        &[tenant.into(), collection_id.into()],
    )?;
    tx.execute(
        "delete from kb_collections where tenant_key = $1 and collection_id = $2",
        &[tenant.into(), collection_id.into()],
    )?;
    Ok(())
}
