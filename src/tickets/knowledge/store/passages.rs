//! Passages as rows. The index of their words is the platform's (`db::find_passages`).

use crate::auth::model::TenantKey;
use crate::error::Result;
use crate::platform::db::{self, PassageWords, Tx, Value};
use crate::tickets::knowledge::passages::Passage;

/// A passage that may be an answer, with what it is scored by.
pub struct Candidate {
    pub article_id: String,
    pub slug: String,
    pub title: String,
    pub language: String,
    pub heading: String,
    pub text: String,
    pub title_words: String,
    pub heading_words: String,
    pub text_words: String,
}

/// Puts an article's passages in the place of those of before.
pub fn replace(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    article_id: &str,
    is_published: bool,
    title_words: &str,
    passages: &[(Passage, String, String)],
) -> Result<()> {
    delete(tx, tenant, article_id)?;
    for (position, (passage, heading_words, text_words)) in passages.iter().enumerate() {
        let key: i64 = tx.one(
            "insert into kb_passages (tenant_key, article_id, position, is_published, heading, text, title_words,
                 heading_words, text_words)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning passage_key",
            &[
                tenant.into(),
                article_id.into(),
                (position as i64).into(),
                is_published.into(),
                passage.heading.as_str().into(),
                passage.text.as_str().into(),
                title_words.into(),
                heading_words.into(),
                text_words.into(),
            ],
            |row| row.take(),
        )?;
        let words = PassageWords { title: title_words, heading: heading_words, text: text_words };
        db::index_passage(tx, tenant.0, key, is_published, &words)?;
    }
    Ok(())
}

pub fn delete(tx: &mut Tx<'_>, tenant: TenantKey, article_id: &str) -> Result<()> {
    db::unindex_passages(tx, tenant.0, article_id)?;
    tx.execute(
        "delete from kb_passages where tenant_key = $1 and article_id = $2",
        &[tenant.into(), article_id.into()],
    )?;
    Ok(())
}

/// Those of the keys that are of this tenant and may be shown, with their keys, in no order.
pub fn list(tx: &mut Tx<'_>, tenant: TenantKey, with_drafts: bool, keys: &[i64]) -> Result<Vec<(i64, Candidate)>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let keys = db::padded(keys.iter().copied());
    let places: Vec<String> = (0..keys.len()).map(|place| format!("${}", place + 3)).collect();
    let sql = format!(
        "select p.passage_key, a.article_id, a.slug, a.title, a.language, p.heading, p.text, p.title_words,
             p.heading_words, p.text_words
         from kb_passages p join kb_articles a on a.tenant_key = p.tenant_key and a.article_id = p.article_id
         where p.tenant_key = $1 and p.passage_key in ({}) and (a.status = 'published' or $2)",
        places.join(", ")
    );
    let mut values: Vec<Value<'_>> = vec![tenant.into(), with_drafts.into()];
    values.extend(keys.iter().map(|key| Value::from(*key)));
    tx.all(&sql, &values, |row| {
        let key = row.take()?;
        let candidate = Candidate {
            article_id: row.take()?,
            slug: row.take()?,
            title: row.take()?,
            language: row.take()?,
            heading: row.take()?,
            text: row.take()?,
            title_words: row.take()?,
            heading_words: row.take()?,
            text_words: row.take()?,
        };
        Ok((key, candidate))
    })
}
