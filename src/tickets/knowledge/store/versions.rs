use serde_json::json;

use super::articles::keywords_of;
use crate::auth::model::{TenantKey, UserKey};
use crate::error::Result;
use crate::platform::clock::Timestamp;
use crate::platform::db::{Row, Tx};
use crate::tickets::knowledge::model::{Article, ArticleVersion};

const SELECT: &str = "select v.version, v.title, v.body, v.keywords, u.user_id, v.created_at from kb_versions v
     left join users u on u.tenant_key = v.tenant_key and u.user_key = v.author_key";

fn version(row: &mut Row<'_>) -> Result<ArticleVersion> {
    Ok(ArticleVersion {
        version: row.take()?,
        title: row.take()?,
        body: row.take()?,
        keywords: keywords_of(&row.take::<String>()?)?,
        author_id: row.take()?,
        created_at: row.take()?,
    })
}

/// The article's text as it is now.
pub fn insert(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    article: &Article,
    author: Option<UserKey>,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "insert into kb_versions (tenant_key, article_id, version, title, body, keywords, author_key, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            tenant.into(),
            article.summary.article_id.as_str().into(),
            article.summary.version.into(),
            article.summary.title.as_str().into(),
            article.body.as_str().into(),
            json!(article.summary.keywords).to_string().as_str().into(),
            author.map(|user| user.0).into(),
            now.into(),
        ],
    )?;
    Ok(())
}

pub fn find(tx: &mut Tx<'_>, tenant: TenantKey, article_id: &str, number: i64) -> Result<Option<ArticleVersion>> {
    let sql = format!("{SELECT} where v.tenant_key = $1 and v.article_id = $2 and v.version = $3");
    tx.first(&sql, &[tenant.into(), article_id.into(), number.into()], version)
}

/// Newest first.
pub fn list(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    article_id: &str,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<ArticleVersion>> {
    let sql = format!(
        "{SELECT} where v.tenant_key = $1 and v.article_id = $2 and v.version < $3 order by v.version desc limit $4"
    );
    let before = before.unwrap_or(i64::MAX);
    tx.all(&sql, &[tenant.into(), article_id.into(), before.into(), limit.into()], version)
}
