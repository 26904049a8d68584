//! What of a tenant is published, in the order that readers meet it, and which articles are the same in other languages.
//!
//! Articles whose slugs differ by their language alone (`delivery`, `delivery-de`, `delivery-pt-br`) are one article.

use std::collections::BTreeMap;

use crate::auth::model::TenantKey;
use crate::error::Result;
use crate::platform::db::Tx;
use crate::tickets::knowledge::model::{ArticleStatus, ArticleSummary, Collection};
use crate::tickets::knowledge::store::{articles, collections};

const MOST_ARTICLES: i64 = 5_000;
const MOST_COLLECTIONS: i64 = 500;

pub struct Shelf {
    pub collections: Vec<Collection>,
    /// Each with its versions in other languages; by the slug that they have in common.
    groups: BTreeMap<String, Vec<ArticleSummary>>,
}

pub fn has_any(tx: &mut Tx<'_>, tenant: TenantKey) -> Result<bool> {
    Ok(!articles::list(tx, tenant, &published(), None, 1)?.is_empty())
}

fn published() -> articles::Filter {
    articles::Filter { status: Some(ArticleStatus::Published), ..articles::Filter::default() }
}

impl Shelf {
    pub fn read(tx: &mut Tx<'_>, tenant: TenantKey) -> Result<Self> {
        let articles = articles::list(tx, tenant, &published(), None, MOST_ARTICLES)?;
        let collections = collections::list(tx, tenant, None, MOST_COLLECTIONS)?;
        Ok(Self::of(collections, articles))
    }

    fn of(collections: Vec<Collection>, articles: Vec<ArticleSummary>) -> Self {
        let mut groups: BTreeMap<String, Vec<ArticleSummary>> = BTreeMap::new();
        for article in articles {
            groups.entry(base(&article).to_owned()).or_default().push(article);
        }
        for versions in groups.values_mut() {
            // The one whose slug names no language comes first.
            versions.sort_by(|one, other| (one.slug.len(), &one.slug).cmp(&(other.slug.len(), &other.slug)));
        }
        Self { collections, groups }
    }

    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Each article once: in the language that is wanted, or the one that it is first written in; by title.
    pub fn in_language(&self, language: &str) -> Vec<&ArticleSummary> {
        let mut chosen: Vec<_> = self.groups.values().filter_map(|versions| best(versions, language)).collect();
        chosen.sort_by_cached_key(|article| article.title.to_lowercase());
        chosen
    }

    /// The article in all its languages, itself among them.
    pub fn versions(&self, article: &ArticleSummary) -> &[ArticleSummary] {
        self.groups.get(base(article)).map(Vec::as_slice).unwrap_or_default()
    }

    pub fn all(&self) -> impl Iterator<Item = &ArticleSummary> {
        self.groups.values().flatten()
    }

    /// The one that most is written in.
    pub fn main_language(&self) -> Option<&str> {
        let count = |tag: &str| self.all().filter(|article| article.language == tag).count();
        self.languages().into_iter().rev().max_by_key(|tag| count(tag))
    }

    /// Those that there are articles in, each once.
    pub fn languages(&self) -> Vec<&str> {
        let mut languages: Vec<&str> = self.all().map(|article| article.language.as_str()).collect();
        languages.sort_unstable();
        languages.dedup();
        languages
    }
}

/// The slug without its language.
fn base(article: &ArticleSummary) -> &str {
    let suffix = format!("-{}", article.language.to_ascii_lowercase());
    article.slug.strip_suffix(suffix.as_str()).filter(|base| !base.is_empty()).unwrap_or(&article.slug)
}

fn best<'a>(versions: &'a [ArticleSummary], language: &str) -> Option<&'a ArticleSummary> {
    let same = |article: &&ArticleSummary| article.language.eq_ignore_ascii_case(language);
    let alike = |article: &&ArticleSummary| primary(&article.language).eq_ignore_ascii_case(primary(language));
    versions.iter().find(same).or_else(|| versions.iter().find(alike)).or(versions.first())
}

/// `pt` of `pt-BR`.
pub fn primary(tag: &str) -> &str {
    tag.split('-').next().unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::clock::Timestamp;

    fn article(slug: &str, language: &str) -> ArticleSummary {
        ArticleSummary {
            article_id: slug.into(),
            collection_id: None,
            slug: slug.into(),
            language: language.into(),
            title: slug.into(),
            keywords: Vec::new(),
            status: ArticleStatus::Published,
            version: 1,
            helpful_yes: 0,
            helpful_no: 0,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
            published_at: None,
        }
    }

    #[test]
    fn slugs_that_differ_by_their_language_are_one_article() {
        let all = [("delivery-de", "de"), ("delivery", "en"), ("delivery-pt-br", "pt-BR"), ("made-in-de", "en")];
        let shelf = Shelf::of(Vec::new(), all.iter().map(|(slug, language)| article(slug, language)).collect());
        let slugs = |language| shelf.in_language(language).iter().map(|one| one.slug.as_str()).collect::<Vec<_>>();
        assert_eq!(slugs("de"), ["delivery-de", "made-in-de"]);
        assert_eq!(slugs("de-AT"), ["delivery-de", "made-in-de"]);
        assert_eq!(slugs("pt"), ["delivery-pt-br", "made-in-de"]);
        assert_eq!(slugs("fr"), ["delivery", "made-in-de"], "the first one, where there is none in a language");
        assert_eq!(shelf.versions(&article("delivery-de", "de")).len(), 3);
        assert_eq!((shelf.languages(), shelf.main_language()), (vec!["de", "en", "pt-BR"], Some("en")));
    }
}
