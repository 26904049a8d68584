//! Articles and collections as clients see them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::platform::clock::Timestamp;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ArticleStatus {
    /// For staff alone.
    #[default]
    Draft,
    /// For everybody, without signing in.
    Published,
}

impl ArticleStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Published => "published",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        [Self::Draft, Self::Published].into_iter().find(|status| status.as_str() == word)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Article {
    #[serde(flatten)]
    pub summary: ArticleSummary,
    /// Markdown, as it was written: to be rendered with care.
    pub body: String,
    /// The page that it was imported from; null for all others, and for whoever is no staff.
    #[schema(required)]
    pub source_url: Option<String>,
}

/// An article without its text.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ArticleSummary {
    pub article_id: String,
    #[schema(required)]
    pub collection_id: Option<String>,
    /// Unique in the tenant; part of the address in the help centre.
    pub slug: String,
    /// A language tag such as `en`.
    pub language: String,
    pub title: String,
    /// How customers call it, if not by the words of the title.
    pub keywords: Vec<String>,
    pub status: ArticleStatus,
    /// Counts 1, 2, 3 … with each saved text.
    pub version: i64,
    /// Readers whom it helped, and whom it did not.
    pub helpful_yes: i64,
    pub helpful_no: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// When it was first published.
    #[schema(required)]
    pub published_at: Option<Timestamp>,
}

impl ArticleSummary {
    /// The slug without its language: what the same article in other languages has as well.
    pub fn base_slug(&self) -> &str {
        let suffix = format!("-{}", self.language.to_ascii_lowercase());
        self.slug.strip_suffix(suffix.as_str()).filter(|base| !base.is_empty()).unwrap_or(&self.slug)
    }

    pub fn sort_title(&self) -> String {
        self.title.to_lowercase()
    }
}

/// A text that was saved.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ArticleVersion {
    pub version: i64,
    pub title: String,
    pub body: String,
    pub keywords: Vec<String>,
    /// Null: an import.
    #[schema(required)]
    pub author_id: Option<String>,
    pub created_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Collection {
    pub collection_id: String,
    pub slug: String,
    pub name: String,
    pub description: String,
    /// Collections are listed in this order.
    pub position: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A passage that was found, the best of its article.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Found {
    pub article_id: String,
    pub slug: String,
    pub title: String,
    pub language: String,
    /// Of the section that the passage stands in; empty before the first one.
    pub heading: String,
    /// Plain text.
    pub text: String,
    /// From 0 to 1: how much of what is asked it covers, rare words counting more.
    pub score: f64,
}
