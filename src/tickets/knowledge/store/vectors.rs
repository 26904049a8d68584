//! What an embedding model makes of passages.

use crate::auth::model::TenantKey;
use crate::error::Result;
use crate::platform::db::Tx;

/// A published passage without a vector of this model, as a text to be made one of. A draft is nobody's to read yet, and not
/// the model's either.
pub fn list_missing(tx: &mut Tx<'_>, tenant: TenantKey, model: &str, limit: i64) -> Result<Vec<(i64, String)>> {
    tx.all(
        "select p.passage_key, a.title, p.heading, p.text
         from kb_passages p join kb_articles a on a.tenant_key = p.tenant_key and a.article_id = p.article_id
         where p.tenant_key = $1 and p.is_published and not exists (
             select 1 from kb_vectors v where v.tenant_key = $1 and v.passage_key = p.passage_key and v.model = $2)
         order by p.passage_key limit $3",
        &[tenant.into(), model.into(), limit.into()],
        |row| {
            let (key, title, heading, text) =
                (row.take()?, row.take::<String>()?, row.take::<String>()?, row.take::<String>()?);
            Ok((key, format!("{title}\n{heading}\n{text}")))
        },
    )
}

/// In the place of what another model made. A passage that is gone meanwhile has none.
pub fn put(tx: &mut Tx<'_>, tenant: TenantKey, passage: i64, model: &str, vector: &[u8]) -> Result<()> {
    tx.execute(
        "insert into kb_vectors (tenant_key, passage_key, model, vector)
         select tenant_key, passage_key, $3, $4 from kb_passages where tenant_key = $1 and passage_key = $2
         on conflict (tenant_key, passage_key) do update set model = excluded.model, vector = excluded.vector",
        &[tenant.into(), passage.into(), model.into(), vector.into()],
    )?;
    Ok(())
}

/// Of published passages behind `after`, handed to `look` one by one: together they may be large, so that not all of a tenant are
/// asked for at once.
pub fn walk(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    model: &str,
    after: i64,
    limit: i64,
    mut look: impl FnMut(i64, Vec<u8>),
) -> Result<()> {
    let seen = tx.all(
        "select v.passage_key, v.vector
         from kb_vectors v join kb_passages p on p.passage_key = v.passage_key and p.tenant_key = v.tenant_key
         where v.tenant_key = $1 and v.passage_key > $3 and v.model = $2 and p.is_published
         order by v.passage_key limit $4",
        &[tenant.into(), model.into(), after.into(), limit.into()],
        |row| {
            look(row.take()?, row.take()?);
            Ok(())
        },
    );
    seen.map(drop)
}
