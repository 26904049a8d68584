//! What of a tenant is published, as readers meet it: by collection and title, each article once, and which are the same in
//! other languages.
//!
//! Articles whose slugs differ by their language alone (`delivery`, `delivery-de`, `delivery-pt-br`) are one article. A page reads
//! what it shows, by an index, and nothing of the rest, however much there is; the sitemap alone reads all.

use std::collections::BTreeMap;

use crate::auth::model::TenantKey;
use crate::error::Result;
use crate::platform::db::Tx;
use crate::tickets::knowledge::model::{ArticleStatus, ArticleSummary, Collection};
use crate::tickets::knowledge::store::shelves::{self, Which};
use crate::tickets::knowledge::store::{articles, collections};

/// Of the sitemap.
const MOST_ARTICLES: i64 = 5_000;
const MOST_COLLECTIONS: i64 = 500;
/// On the first page.
const MOST_SHELVES: i64 = 100;
/// Of a collection, on the first page.
const SHOWN: usize = 5;
/// Counted up to this and no further.
pub const COUNTED: i64 = 100;
/// Of a collection, on its own pages.
const OF_A_PAGE: usize = 100;
const MOST_VERSIONS: i64 = 100;

pub fn has_any(tx: &mut Tx<'_>, tenant: TenantKey) -> Result<bool> {
    Ok(!articles::list(tx, tenant, &published(), None, 1)?.is_empty())
}

fn published() -> articles::Filter {
    articles::Filter { status: Some(ArticleStatus::Published), ..articles::Filter::default() }
}

/// Of a collection, or of none: its first articles, and how many there are.
pub struct Shelf {
    pub collection: Option<Collection>,
    pub articles: Vec<ArticleSummary>,
    /// `COUNTED + 1`: there are more than are counted.
    pub count: i64,
}

/// The first page's. Collections in whose articles there is none for the reader are left out.
pub fn first_page(tx: &mut Tx<'_>, tenant: TenantKey, language: &str) -> Result<Vec<Shelf>> {
    let collections = collections::list(tx, tenant, None, MOST_SHELVES)?;
    let mut shelves = Vec::new();
    for collection in collections.into_iter().map(Some).chain([None]) {
        let which = which(collection.as_ref(), language);
        let mut articles = shelves::list(tx, tenant, which, None, SHOWN as i64 + 1)?;
        let count = match articles.len() > SHOWN {
            true => shelves::count(tx, tenant, which, COUNTED + 1)?,
            false => articles.len() as i64,
        };
        articles.truncate(SHOWN);
        if count > 0 {
            shelves.push(Shelf { collection, articles, count });
        }
    }
    Ok(shelves)
}

fn which<'a>(collection: Option<&'a Collection>, language: &'a str) -> Which<'a> {
    Which { collection_id: collection.map(|one| one.collection_id.as_str()), language }
}

/// Some articles of a collection, and the id of the last one where more follow.
pub struct Piece {
    pub articles: Vec<ArticleSummary>,
    pub next: Option<String>,
}

/// Those behind the article `after`; the first ones where no such article is published.
pub fn piece(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    collection: Option<&Collection>,
    language: &str,
    after: Option<&str>,
) -> Result<Piece> {
    let after = after.map(|id| shelves::place(tx, tenant, id)).transpose()?.flatten();
    let after = after.as_ref().map(|(title, id)| (title.as_str(), id.as_str()));
    let mut articles = shelves::list(tx, tenant, which(collection, language), after, OF_A_PAGE as i64 + 1)?;
    let has_more = articles.len() > OF_A_PAGE;
    articles.truncate(OF_A_PAGE);
    let next = articles.last().filter(|_| has_more).map(|last| last.article_id.clone());
    Ok(Piece { articles, next })
}

/// Others of its collection, without its own versions.
pub fn related(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    article: &ArticleSummary,
    language: &str,
    most: usize,
) -> Result<Vec<ArticleSummary>> {
    let Some(collection_id) = article.collection_id.as_deref() else { return Ok(Vec::new()) };
    let which = Which { collection_id: Some(collection_id), language };
    let mut related = shelves::list(tx, tenant, which, None, most as i64 + 1)?;
    related.retain(|one| one.base_slug() != article.base_slug());
    related.truncate(most);
    Ok(related)
}

/// The article in all its languages, itself among them.
pub fn versions(tx: &mut Tx<'_>, tenant: TenantKey, article: &ArticleSummary) -> Result<Vec<ArticleSummary>> {
    shelves::versions(tx, tenant, article.base_slug(), MOST_VERSIONS)
}

/// All that is published, for the sitemap.
pub struct All {
    pub collections: Vec<Collection>,
    /// Each with its versions in other languages; by the slug that they have in common.
    groups: BTreeMap<String, Vec<ArticleSummary>>,
}

impl All {
    pub fn read(tx: &mut Tx<'_>, tenant: TenantKey) -> Result<Self> {
        let articles = articles::list(tx, tenant, &published(), None, MOST_ARTICLES)?;
        let collections = collections::list(tx, tenant, None, MOST_COLLECTIONS)?;
        let mut groups: BTreeMap<String, Vec<ArticleSummary>> = BTreeMap::new();
        for article in articles {
            groups.entry(article.base_slug().to_owned()).or_default().push(article);
        }
        for versions in groups.values_mut() {
            versions.sort_by(|one, other| (one.slug.len(), &one.slug).cmp(&(other.slug.len(), &other.slug)));
        }
        Ok(Self { collections, groups })
    }

    /// Each with all its versions.
    pub fn articles(&self) -> impl Iterator<Item = (&ArticleSummary, &[ArticleSummary])> {
        self.groups.values().flat_map(|versions| versions.iter().map(|one| (one, versions.as_slice())))
    }
}

/// `pt` of `pt-BR`.
pub fn primary(tag: &str) -> &str {
    tag.split('-').next().unwrap_or(tag)
}
