use super::model::{INTERRUPTED, ImportState, SILENCE, SiteImport, Tally};
use super::run::Job;
use crate::auth::model::TenantKey;
use crate::error::{Error, Result};
use crate::platform::clock::Timestamp;
use crate::platform::db::{Row, Tx};
use crate::tickets::knowledge::model::ArticleStatus;

/// Imports of a tenant that are kept.
const KEPT: i64 = 20;
const COLUMNS: &str = "import_id, url, most_pages, status, state, failure, pages_done, pages_all, tally, created_at,
     ended_at, seen_at";

/// As it is now: one that nobody has told of for long has failed.
fn read(row: &mut Row<'_>, now: Timestamp) -> Result<SiteImport> {
    let mut import = SiteImport {
        import_id: row.take()?,
        url: row.take()?,
        limit: row.take()?,
        status: status(&row.take::<String>()?)?,
        state: ImportState::parse(&row.take::<String>()?).ok_or(Error::bug("an unknown state is stored"))?,
        failure: row.take()?,
        pages_done: row.take()?,
        pages_all: row.take()?,
        tally: match row.take::<Option<String>>()? {
            Some(tally) => serde_json::from_str(&tally).map_err(Error::internal)?,
            None => Tally::default(),
        },
        created_at: row.take()?,
        ended_at: row.take()?,
    };
    let seen_at: Option<Timestamp> = row.take()?;
    if import.state == ImportState::Running && seen_at.is_none() {
        import.state = ImportState::Waiting;
    }
    if import.state == ImportState::Running && seen_at.is_some_and(|seen| now.since(seen) > SILENCE) {
        (import.state, import.failure, import.ended_at) = (ImportState::Failed, Some(INTERRUPTED.into()), seen_at);
    }
    Ok(import)
}

fn status(word: &str) -> Result<ArticleStatus> {
    ArticleStatus::parse(word).ok_or(Error::bug("an unknown status is stored"))
}

pub fn find(tx: &mut Tx<'_>, tenant: TenantKey, import_id: &str, now: Timestamp) -> Result<Option<SiteImport>> {
    let sql = format!("select {COLUMNS} from kb_imports where tenant_key = $1 and import_id = $2");
    tx.first(&sql, &[tenant.into(), import_id.into()], |row| read(row, now))
}

/// The one that is stored as under way.
pub fn find_running(tx: &mut Tx<'_>, tenant: TenantKey, now: Timestamp) -> Result<Option<SiteImport>> {
    let sql = format!("select {COLUMNS} from kb_imports where tenant_key = $1 and state = 'running'");
    tx.first(&sql, &[tenant.into()], |row| read(row, now))
}

/// Newest first, those before `before`.
pub fn list(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    before: Option<&str>,
    limit: i64,
    now: Timestamp,
) -> Result<Vec<SiteImport>> {
    let sql = format!(
        "select {COLUMNS} from kb_imports where tenant_key = $1 and import_id < $2 order by import_id desc limit $3"
    );
    // No id begins with a letter behind f.
    tx.all(&sql, &[tenant.into(), before.unwrap_or("g").into(), limit.into()], |row| read(row, now))
}

/// The oldest ones go. The caller holds the tenant.
pub fn insert(tx: &mut Tx<'_>, tenant: TenantKey, new: &SiteImport, user_id: &str) -> Result<()> {
    tx.execute(
        "insert into kb_imports (tenant_key, import_id, url, most_pages, status, user_id, state, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            tenant.into(),
            new.import_id.as_str().into(),
            new.url.as_str().into(),
            new.limit.into(),
            new.status.as_str().into(),
            user_id.into(),
            ImportState::Running.as_str().into(),
            new.created_at.into(),
        ],
    )?;
    tx.execute(
        "delete from kb_imports where tenant_key = $1 and import_id <= (
             select import_id from kb_imports where tenant_key = $1 order by import_id desc limit 1 offset $2)",
        &[tenant.into(), KEPT.into()],
    )?;
    Ok(())
}

/// Of all tenants, those that no node has taken, as they were begun. The first condition is what makes both engines take the index.
pub fn list_waiting(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<Job>> {
    tx.all(
        "select tenant_key, import_id, url, most_pages, status, user_id from kb_imports
         where tenant_key > 0 and state = 'running' and seen_at is null order by import_id limit $1",
        &[limit.into()],
        |row| {
            Ok(Job {
                tenant: TenantKey(row.take()?),
                import_id: row.take()?,
                url: row.take()?,
                most: usize::try_from(row.take::<i64>()?).unwrap_or_default(),
                status: status(&row.take::<String>()?)?,
                user_id: row.take()?,
            })
        },
    )
}

/// How many those are, and since when the first of them waits.
pub fn count_waiting(tx: &mut Tx<'_>) -> Result<(i64, Option<Timestamp>)> {
    tx.one(
        "select count(*), min(created_at) from kb_imports
         where tenant_key > 0 and state = 'running' and seen_at is null",
        &[],
        |row| Ok((row.take()?, row.take()?)),
    )
}

/// False: another node has it.
pub fn take(tx: &mut Tx<'_>, tenant: TenantKey, import_id: &str, now: Timestamp) -> Result<bool> {
    let taken = tx.execute(
        "update kb_imports set seen_at = $3
         where tenant_key = $1 and import_id = $2 and state = 'running' and seen_at is null",
        &[tenant.into(), import_id.into(), now.into()],
    );
    Ok(taken? > 0)
}

/// How far it is. False: it was given up.
pub fn tell(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    import_id: &str,
    pages: (i64, Option<i64>),
    now: Timestamp,
) -> Result<bool> {
    let told = tx.execute(
        "update kb_imports set pages_done = $3, pages_all = $4, seen_at = $5
         where tenant_key = $1 and import_id = $2 and state = 'running'",
        &[tenant.into(), import_id.into(), pages.0.into(), pages.1.into(), now.into()],
    );
    Ok(told? > 0)
}

/// With what became of it, or why it failed. One that has ended stays as it is.
pub fn end(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    import_id: &str,
    ended: &std::result::Result<Tally, String>,
    now: Timestamp,
) -> Result<()> {
    let (state, tally) = match ended {
        Ok(tally) => (ImportState::Done, Some(serde_json::to_string(tally).map_err(Error::internal)?)),
        Err(_) => (ImportState::Failed, None),
    };
    tx.execute(
        "update kb_imports set state = $3, tally = $4, failure = $5, ended_at = $6
         where tenant_key = $1 and import_id = $2 and state = 'running'",
        &[
            tenant.into(),
            import_id.into(),
            state.as_str().into(),
            tally.as_deref().into(),
            ended.as_ref().err().map(String::as_str).into(),
            now.into(),
        ],
    )?;
    Ok(())
}
