use serde_json::json;

use crate::auth::model::{TenantKey, UserKey};
use crate::error::{Error, Result};
use crate::platform::clock::Timestamp;
use crate::platform::db::{Row, Tx, Value};
use crate::tickets::knowledge::model::{Article, ArticleStatus, ArticleSummary};

pub(super) const SUMMARY: &str =
    "a.article_id, a.collection_id, a.slug, a.language, a.title, a.keywords, a.status, a.version,
         a.helpful_yes, a.helpful_no, a.created_at, a.updated_at, a.published_at";

pub(super) fn summary(row: &mut Row<'_>) -> Result<ArticleSummary> {
    Ok(ArticleSummary {
        article_id: row.take()?,
        collection_id: row.take()?,
        slug: row.take()?,
        language: row.take()?,
        title: row.take()?,
        keywords: keywords_of(&row.take::<String>()?)?,
        status: ArticleStatus::parse(&row.take::<String>()?).ok_or(Error::bug("an unknown status is stored"))?,
        version: row.take()?,
        helpful_yes: row.take()?,
        helpful_no: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
        published_at: row.take()?,
    })
}

pub fn keywords_of(list: &str) -> Result<Vec<String>> {
    serde_json::from_str(list).map_err(Error::internal)
}

fn article(row: &mut Row<'_>) -> Result<Article> {
    Ok(Article { summary: summary(row)?, body: row.take()?, source_url: row.take()? })
}

fn find_by(tx: &mut Tx<'_>, tenant: TenantKey, condition: &str, value: &str) -> Result<Option<Article>> {
    let sql =
        format!("select {SUMMARY}, a.body, a.source_url from kb_articles a where a.tenant_key = $1 and {condition}");
    tx.first(&sql, &[tenant.into(), value.into()], article)
}

/// By its id.
pub fn find(tx: &mut Tx<'_>, tenant: TenantKey, article_id: &str) -> Result<Option<Article>> {
    find_by(tx, tenant, "a.article_id = $2", article_id)
}

pub fn find_by_slug(tx: &mut Tx<'_>, tenant: TenantKey, slug: &str) -> Result<Option<Article>> {
    find_by(tx, tenant, "a.slug = $2", slug)
}

/// By the page that it was made of.
pub fn find_by_source(tx: &mut Tx<'_>, tenant: TenantKey, source_url: &str) -> Result<Option<Article>> {
    find_by(tx, tenant, "a.source_url = $2", source_url)
}

pub fn is_slug_taken(tx: &mut Tx<'_>, tenant: TenantKey, slug: &str) -> Result<bool> {
    let sql = "select slug from kb_articles where tenant_key = $1 and slug = $2";
    Ok(tx.first(sql, &[tenant.into(), slug.into()], |row| row.take::<String>())?.is_some())
}

/// Of what the import wrote last.
pub fn source_hash(tx: &mut Tx<'_>, tenant: TenantKey, article_id: &str) -> Result<Option<String>> {
    let sql = "select source_hash from kb_articles where tenant_key = $1 and article_id = $2";
    Ok(tx.first(sql, &[tenant.into(), article_id.into()], |row| row.take::<Option<String>>())?.flatten())
}

/// The pages that articles were made of.
pub fn list_sources(tx: &mut Tx<'_>, tenant: TenantKey) -> Result<Vec<String>> {
    tx.all(
        "select source_url from kb_articles where tenant_key = $1 and source_url is not null order by source_url",
        &[tenant.into()],
        |row| row.take(),
    )
}

pub fn set_source(tx: &mut Tx<'_>, tenant: TenantKey, article_id: &str, source_url: &str, hash: &str) -> Result<()> {
    tx.execute(
        "update kb_articles set source_url = $3, source_hash = $4 where tenant_key = $1 and article_id = $2",
        &[tenant.into(), article_id.into(), source_url.into(), hash.into()],
    )?;
    Ok(())
}

/// What a list can be narrowed to.
#[derive(Default)]
pub struct Filter {
    pub status: Option<ArticleStatus>,
    pub collection_id: Option<String>,
    pub language: Option<String>,
}

/// Newest change first.
pub fn list(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    filter: &Filter,
    before: Option<(i64, String)>,
    limit: i64,
) -> Result<Vec<ArticleSummary>> {
    let (at, id) = before.unwrap_or((i64::MAX, String::new()));
    let mut values: Vec<Value<'_>> = vec![tenant.into(), at.into(), id.as_str().into(), limit.into()];
    let mut conditions = String::new();
    // Spelled as the partial index is.
    conditions.push_str(match filter.status {
        Some(ArticleStatus::Published) => " and a.status = 'published'",
        Some(ArticleStatus::Draft) => " and a.status = 'draft'",
        None => "",
    });
    if let Some(collection_id) = &filter.collection_id {
        values.push(collection_id.into());
        conditions.push_str(&format!(" and a.collection_id = ${}", values.len()));
    }
    if let Some(language) = &filter.language {
        values.push(language.into());
        conditions.push_str(&format!(" and a.language = ${}", values.len()));
    }
    let sql = format!(
        "select {SUMMARY} from kb_articles a
         where a.tenant_key = $1 and (a.updated_at, a.article_id) < ($2, $3){conditions}
         order by a.updated_at desc, a.article_id desc limit $4"
    );
    tx.all(&sql, &values, summary)
}

pub fn insert(tx: &mut Tx<'_>, tenant: TenantKey, article: &Article, author: Option<UserKey>) -> Result<()> {
    let summary = &article.summary;
    let inserted = tx.execute(
        "insert into kb_articles (article_id, tenant_key, collection_id, slug, language, title, body, keywords, status,
             version, author_key, created_at, updated_at, published_at, base_slug, sort_title)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        &[
            summary.article_id.as_str().into(),
            tenant.into(),
            summary.collection_id.as_deref().into(),
            summary.slug.as_str().into(),
            summary.language.as_str().into(),
            summary.title.as_str().into(),
            article.body.as_str().into(),
            json!(summary.keywords).to_string().as_str().into(),
            summary.status.as_str().into(),
            summary.version.into(),
            author.map(|user| user.0).into(),
            summary.created_at.into(),
            summary.updated_at.into(),
            summary.published_at.into(),
            summary.base_slug().into(),
            summary.sort_title().as_str().into(),
        ],
    );
    inserted.map(drop)
}

pub fn update(tx: &mut Tx<'_>, tenant: TenantKey, article: &Article, author: Option<UserKey>) -> Result<()> {
    let summary = &article.summary;
    tx.execute(
        "update kb_articles set collection_id = $3, slug = $4, language = $5, title = $6, body = $7, keywords = $8,
             status = $9, version = $10, author_key = $11, updated_at = $12, published_at = $13, base_slug = $14,
             sort_title = $15
         where tenant_key = $1 and article_id = $2",
        &[
            tenant.into(),
            summary.article_id.as_str().into(),
            summary.collection_id.as_deref().into(),
            summary.slug.as_str().into(),
            summary.language.as_str().into(),
            summary.title.as_str().into(),
            article.body.as_str().into(),
            json!(summary.keywords).to_string().as_str().into(),
            summary.status.as_str().into(),
            summary.version.into(),
            author.map(|user| user.0).into(),
            summary.updated_at.into(),
            summary.published_at.into(),
            summary.base_slug().into(),
            summary.sort_title().as_str().into(),
        ],
    )?;
    Ok(())
}

pub fn delete(tx: &mut Tx<'_>, tenant: TenantKey, article_id: &str) -> Result<()> {
    tx.execute(
        "delete from kb_articles where tenant_key = $1 and article_id = $2",
        &[tenant.into(), article_id.into()],
    )?;
    Ok(())
}

/// One vote for each reader: another one takes the place of the first. Answers both counts.
pub fn vote(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    article_id: &str,
    user: UserKey,
    is_helpful: bool,
    now: Timestamp,
) -> Result<(i64, i64)> {
    tx.execute(
        "insert into kb_feedback (tenant_key, article_id, user_key, is_helpful, created_at) values ($1, $2, $3, $4, $5)
         on conflict (tenant_key, article_id, user_key)
             do update set is_helpful = excluded.is_helpful, created_at = excluded.created_at",
        &[tenant.into(), article_id.into(), user.into(), is_helpful.into(), now.into()],
    )?;
    recount(tx, tenant, article_id)
}

/// The same of a reader of the help centre, who is known by a hash alone.
pub fn vote_unknown(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    article_id: &str,
    reader: &str,
    is_helpful: bool,
    now: Timestamp,
) -> Result<(i64, i64)> {
    tx.execute(
        "insert into kb_reader_feedback (tenant_key, article_id, reader, is_helpful, created_at)
         values ($1, $2, $3, $4, $5)
         on conflict (tenant_key, article_id, reader)
             do update set is_helpful = excluded.is_helpful, created_at = excluded.created_at",
        &[tenant.into(), article_id.into(), reader.into(), is_helpful.into(), now.into()],
    )?;
    recount(tx, tenant, article_id)
}

fn recount(tx: &mut Tx<'_>, tenant: TenantKey, article_id: &str) -> Result<(i64, i64)> {
    let counts = |is_helpful: &str| {
        let rows = ["kb_feedback", "kb_reader_feedback"].map(|table| {
            format!(
                "(select count(*) from {table} f
                  where f.tenant_key = $1 and f.article_id = $2 and f.is_helpful = {is_helpful})"
            )
        });
        rows.join(" + ")
    };
    let sql = format!(
        "update kb_articles set helpful_yes = {}, helpful_no = {}
         where tenant_key = $1 and article_id = $2 returning helpful_yes, helpful_no",
        counts("true"),
        counts("false")
    );
    tx.one(&sql, &[tenant.into(), article_id.into()], |row| Ok((row.take()?, row.take()?)))
}
