//! The first page: every collection with some of its articles. And the page of one collection, with all of them.

use maud::{Markup, html};

use super::frame::{Page, beginning, crumbs};
use super::shelf::{Shelf, primary};
use super::visit::Visit;
use crate::tickets::knowledge::model::{ArticleSummary, Collection};

/// Of a collection, on the first page.
const SHOWN: usize = 5;
const DESCRIPTION: usize = 160;

pub fn home(shelf: &Shelf, visit: &Visit) -> Page {
    let articles = shelf.in_language(&visit.language);
    let of = |collection: Option<&str>| -> Vec<&ArticleSummary> {
        let is_one = |article: &&&ArticleSummary| article.collection_id.as_deref() == collection;
        articles.iter().filter(is_one).copied().collect()
    };
    let known = |id: &str| shelf.collections.iter().any(|collection| collection.collection_id == id);
    let is_loose = |article: &&&ArticleSummary| !article.collection_id.as_deref().is_some_and(known);
    let loose: Vec<&ArticleSummary> = articles.iter().filter(is_loose).copied().collect();
    let body = html! {
        div.shelves {
            @for collection in &shelf.collections {
                @let articles = of(Some(&collection.collection_id));
                @if !articles.is_empty() { (card(collection, &articles, visit)) }
            }
            @if !loose.is_empty() {
                section.shelf {
                    h2 { (visit.words.other) }
                    (list(&loose, visit))
                }
            }
        }
    };
    let title = format!("{} · {}", visit.brand.name, visit.words.help_centre);
    Page {
        description: beginning(
            &articles.iter().map(|one| one.title.as_str()).collect::<Vec<_>>().join(" "),
            DESCRIPTION,
        ),
        canonical: Some(visit.home()),
        versions: versions(shelf, visit),
        is_home: true,
        ..Page::of(title, body)
    }
}

/// None where nothing of it is published.
pub fn collection(shelf: &Shelf, visit: &Visit, slug: &str) -> Option<Page> {
    let collection = shelf.collections.iter().find(|collection| collection.slug == slug)?;
    let mut articles = shelf.in_language(&visit.language);
    articles.retain(|article| article.collection_id.as_deref() == Some(&collection.collection_id));
    if articles.is_empty() {
        return None;
    }
    let body = html! {
        (crumbs(visit, &[]))
        h1 dir="auto" { (collection.name) }
        @if !collection.description.is_empty() { p.lead dir="auto" { (collection.description) } }
        (list(&articles, visit))
    };
    let description = match collection.description.is_empty() {
        true => articles.iter().map(|one| one.title.as_str()).collect::<Vec<_>>().join(" "),
        false => collection.description.clone(),
    };
    Some(Page {
        description: beginning(&description, DESCRIPTION),
        canonical: Some(visit.collection(slug)),
        ..Page::of(collection.name.clone(), body)
    })
}

fn card(collection: &Collection, articles: &[&ArticleSummary], visit: &Visit) -> Markup {
    let path = visit.collection(&collection.slug);
    html! {
        section.shelf {
            h2 dir="auto" { a href=(path) { (collection.name) } }
            @if !collection.description.is_empty() { p.about dir="auto" { (collection.description) } }
            (list(&articles[..articles.len().min(SHOWN)], visit))
            @if articles.len() > SHOWN {
                p.all { a href=(path) { (visit.words.all.replace("{n}", &articles.len().to_string())) } }
            }
        }
    }
}

pub fn list(articles: &[&ArticleSummary], visit: &Visit) -> Markup {
    html! {
        ul.articles {
            @for article in articles {
                @let is_other = !primary(&article.language).eq_ignore_ascii_case(primary(visit.words.code));
                li {
                    a href=(visit.article(&article.slug)) dir="auto" lang=[is_other.then_some(&article.language)] {
                        (article.title)
                    }
                }
            }
        }
    }
}

fn versions(shelf: &Shelf, visit: &Visit) -> Vec<(String, String)> {
    let languages = shelf.languages();
    languages.into_iter().map(|tag| (tag.to_owned(), visit.home_in(tag))).collect()
}
