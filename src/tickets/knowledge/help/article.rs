//! The page of an article.

use maud::{Markup, PreEscaped, html};

use super::frame::{Page, beginning, crumbs};
use super::visit::Visit;
use super::{dates, home, markdown, words};
use crate::tickets::knowledge::model::{Article, ArticleSummary, Collection};
use crate::tickets::knowledge::passages;

const DESCRIPTION: usize = 160;
pub const MOST_RELATED: usize = 5;

/// What stands around an article.
pub struct Around {
    pub collection: Option<Collection>,
    pub versions: Vec<ArticleSummary>,
    pub related: Vec<ArticleSummary>,
}

pub fn page(article: &Article, around: &Around, visit: &Visit, is_thanked: bool) -> Page {
    let (summary, related) = (&article.summary, &around.related);
    let steps: Vec<(&str, String)> =
        around.collection.iter().map(|one| (one.name.as_str(), visit.collection(&one.slug))).collect();
    let path = visit.article(&summary.slug);
    let passages = passages::cut(&article.body);
    let body = html! {
        (crumbs(visit, &steps))
        article lang=(summary.language) dir=(words::direction(&summary.language)) {
            h1 dir="auto" { (summary.title) }
            p.updated lang=(visit.words.code) {
                @let (before, after) = visit.words.updated.split_once("{date}").unwrap_or_default();
                (before) time datetime=(dates::iso(summary.updated_at)) { (dates::day(summary.updated_at, visit.words)) } (after)
            }
            div.text { (PreEscaped(markdown::render(&article.body))) }
        }
        (feedback(&path, visit, is_thanked))
        @if !related.is_empty() {
            nav.related aria-labelledby="related" {
                h2 #related { (visit.words.related) }
                (home::list(related, visit))
            }
        }
    };
    Page {
        description: passages.first().map(|passage| beginning(&passage.text, DESCRIPTION)).unwrap_or_default(),
        canonical: Some(path),
        versions: versions(&around.versions, visit),
        is_article: true,
        ..Page::of(summary.title.clone(), body)
    }
}

/// A form, so that it works without a script. The answer leads back to the same page, which says thank you.
fn feedback(path: &str, visit: &Visit, is_thanked: bool) -> Markup {
    let words = visit.words;
    html! {
        section.feedback #feedback aria-label=(words.helpful) {
            @if is_thanked {
                p role="status" { (words.thanks) }
            } @else {
                form method="post" action={ (path) "/feedback" } {
                    p { (words.helpful) }
                    button name="helpful" value="yes" { (words.yes) }
                    button name="helpful" value="no" { (words.no) }
                }
            }
        }
    }
}

fn versions(all: &[ArticleSummary], visit: &Visit) -> Vec<(String, String)> {
    if all.len() < 2 {
        return Vec::new();
    }
    let named = all.iter().map(|version| (version.language.clone(), visit.article(&version.slug)));
    let first = all.iter().take(1).map(|version| ("x-default".to_owned(), visit.article(&version.slug)));
    named.chain(first).collect()
}
