//! The first page: every collection with some of its articles. And the pages of one collection, with all of them.

use maud::{Markup, html};

use super::frame::{Page, beginning, crumbs};
use super::shelf::{COUNTED, Piece, Shelf, primary};
use super::visit::Visit;
use crate::tickets::knowledge::model::{ArticleSummary, Collection};

const DESCRIPTION: usize = 160;

pub fn home(shelves: &[Shelf], visit: &Visit) -> Page {
    let body = html! {
        div.shelves {
            @for shelf in shelves { (card(shelf, visit)) }
        }
    };
    let titles = shelves.iter().flat_map(|shelf| &shelf.articles).map(|one| one.title.as_str());
    Page {
        description: beginning(&titles.collect::<Vec<_>>().join(" "), DESCRIPTION),
        canonical: Some(visit.home()),
        versions: versions(visit),
        is_home: true,
        ..Page::of(format!("{} · {}", visit.brand.name, visit.words.help_centre), body)
    }
}

fn card(shelf: &Shelf, visit: &Visit) -> Markup {
    let path = match &shelf.collection {
        Some(collection) => visit.collection(&collection.slug),
        None => visit.loose(),
    };
    let count = if shelf.count > COUNTED { format!("{COUNTED}+") } else { shelf.count.to_string() };
    html! {
        section.shelf {
            @match &shelf.collection {
                Some(collection) => {
                    h2 dir="auto" { a href=(path) { (collection.name) } }
                    @if !collection.description.is_empty() { p.about dir="auto" { (collection.description) } }
                }
                None => h2 { (visit.words.other) }
            }
            (list(&shelf.articles, visit))
            @if shelf.count > shelf.articles.len() as i64 {
                p.all { a href=(path) { (visit.words.all.replace("{n}", &count)) } }
            }
        }
    }
}

/// Some of a collection's articles, or of those that are in none.
pub fn collection(collection: Option<&Collection>, piece: &Piece, visit: &Visit, is_first: bool) -> Page {
    let (name, path) = match collection {
        Some(collection) => (collection.name.as_str(), visit.collection(&collection.slug)),
        None => (visit.words.other, visit.loose()),
    };
    let about = collection.map(|one| one.description.as_str()).filter(|about| is_first && !about.is_empty());
    let body = html! {
        (crumbs(visit, &[]))
        h1 dir="auto" { (name) }
        @if let Some(about) = about { p.lead dir="auto" { (about) } }
        (list(&piece.articles, visit))
        @if let Some(next) = &piece.next {
            p.all { a href=(visit.behind(&path, next)) rel="next" { (visit.words.next) } }
        }
    };
    let titles = || piece.articles.iter().map(|one| one.title.as_str()).collect::<Vec<_>>().join(" ");
    Page {
        description: beginning(&about.map_or_else(titles, str::to_owned), DESCRIPTION),
        // What follows is found by its articles.
        canonical: Some(path).filter(|_| is_first && collection.is_some()),
        ..Page::of(name.to_owned(), body)
    }
}

pub fn list(articles: &[ArticleSummary], visit: &Visit) -> Markup {
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

fn versions(visit: &Visit) -> Vec<(String, String)> {
    visit.there.iter().map(|tag| (tag.clone(), visit.home_in(tag))).collect()
}
