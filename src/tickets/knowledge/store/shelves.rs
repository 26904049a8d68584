//! Published articles as readers meet them: each once, in the language that fits them best.

use super::articles::{SUMMARY, summary};
use crate::auth::model::TenantKey;
use crate::error::Result;
use crate::platform::db::{Tx, Value};
use crate::tickets::knowledge::model::ArticleSummary;

/// Which articles: those of a collection, or of none.
#[derive(Clone, Copy)]
pub struct Which<'a> {
    pub collection_id: Option<&'a str>,
    /// The reader's, in small letters.
    pub language: &'a str,
}

/// How far a version is from the reader's language ($2, its first part $3), and which is the first where none is near.
fn rank(article: &str) -> String {
    format!(
        "(case when lower({article}.language) = $2 then 0
               when lower({article}.language) = $3 or lower({article}.language) like $3 || '-%' then 1
               else 2 end, length({article}.slug), {article}.slug)"
    )
}

fn conditions(which: &Which<'_>) -> String {
    let shelf =
        if which.collection_id.is_some() { "a.collection_id = $4" } else { "a.collection_id is null and $4 = ''" };
    format!(
        "a.tenant_key = $1 and {shelf} and a.status = 'published' and not exists (
             select 1 from kb_articles b
             where b.tenant_key = $1 and b.base_slug = a.base_slug and b.status = 'published' and {} < {})",
        rank("b"),
        rank("a")
    )
}

fn values<'a>(tenant: TenantKey, which: &Which<'a>) -> Vec<Value<'a>> {
    let first = which.language.split('-').next().unwrap_or_default();
    vec![tenant.into(), which.language.into(), first.into(), which.collection_id.unwrap_or_default().into()]
}

/// By title, those behind `after` (its title in small letters, its id).
pub fn list(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    which: Which<'_>,
    after: Option<(&str, &str)>,
    limit: i64,
) -> Result<Vec<ArticleSummary>> {
    let (title, id) = after.unwrap_or_default();
    let sql = format!(
        "select {SUMMARY} from kb_articles a where {} and (a.sort_title, a.article_id) > ($5, $6)
         order by a.sort_title, a.article_id limit $7",
        conditions(&which)
    );
    let mut values = values(tenant, &which);
    values.extend([Value::from(title), id.into(), limit.into()]);
    tx.all(&sql, &values, summary)
}

/// Where a published article stands: where a draft would is nobody's to know. As it is stored, which a migration did in another way
/// than `sort_title` of the model does.
pub fn place(tx: &mut Tx<'_>, tenant: TenantKey, article_id: &str) -> Result<Option<(String, String)>> {
    let sql = "select sort_title, article_id from kb_articles
        where tenant_key = $1 and article_id = $2 and status = 'published'";
    tx.first(sql, &[tenant.into(), article_id.into()], |row| Ok((row.take()?, row.take()?)))
}

/// Up to `most`.
pub fn count(tx: &mut Tx<'_>, tenant: TenantKey, which: Which<'_>, most: i64) -> Result<i64> {
    let sql =
        format!("select count(*) from (select 1 from kb_articles a where {} limit $5) counted", conditions(&which));
    let mut values = values(tenant, &which);
    values.push(most.into());
    tx.one(&sql, &values, |row| row.take())
}

/// An article in all its languages; the one whose slug names none comes first.
pub fn versions(tx: &mut Tx<'_>, tenant: TenantKey, base: &str, limit: i64) -> Result<Vec<ArticleSummary>> {
    let sql = format!(
        "select {SUMMARY} from kb_articles a where a.tenant_key = $1 and a.base_slug = $2 and a.status = 'published'
         order by length(a.slug), a.slug limit $3"
    );
    tx.all(&sql, &[tenant.into(), base.into(), limit.into()], summary)
}

/// Those that there are articles in, in order: the index is asked for one after the other.
pub fn languages(tx: &mut Tx<'_>, tenant: TenantKey) -> Result<Vec<String>> {
    tx.all(
        "with recursive found (language) as (
             select min(a.language) from kb_articles a where a.tenant_key = $1 and a.status = 'published'
             union all
             select (select min(b.language) from kb_articles b
                     where b.tenant_key = $1 and b.status = 'published' and b.language > found.language)
             from found where found.language is not null)
         select language from found where language is not null",
        &[tenant.into()],
        |row| row.take(),
    )
}

/// The one that most is written in, counted by the index alone.
pub fn main_language(tx: &mut Tx<'_>, tenant: TenantKey) -> Result<Option<String>> {
    tx.first(
        "select a.language from kb_articles a where a.tenant_key = $1 and a.status = 'published'
         group by a.language order by count(*) desc, a.language limit 1",
        &[tenant.into()],
        |row| row.take(),
    )
}
