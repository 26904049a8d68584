//! What the search finds, each article with the passage that it was found by.

use maud::html;

use super::frame::{Page, beginning, crumbs};
use super::shelf::primary;
use super::visit::Visit;
use crate::tickets::knowledge::model::Found;

const EXCERPT: usize = 220;

pub fn page(asked: &str, found: &[Found], visit: &Visit) -> Page {
    let words = visit.words;
    let title = if asked.is_empty() { words.search.to_owned() } else { words.results.replace("{q}", asked) };
    let body = html! {
        (crumbs(visit, &[]))
        h1 dir="auto" { (title) }
        @if asked.is_empty() {
            p.lead { (words.ask) }
        } @else if found.is_empty() {
            p.lead role="status" { (words.nothing) }
            p { a href=(visit.home()) { (words.to_start) } }
        } @else {
            ol.found {
                @for one in found {
                    @let is_other = !primary(&one.language).eq_ignore_ascii_case(primary(words.code));
                    li lang=[is_other.then_some(&one.language)] dir="auto" {
                        h2 { a href=(visit.article(&one.slug)) { (one.title) } }
                        @if !one.heading.is_empty() { p.heading { (one.heading) } }
                        p { (beginning(&one.text, EXCERPT)) }
                    }
                }
            }
        }
    };
    Page { asked: asked.to_owned(), ..Page::of(title, body) }
}

/// The page of what is not there.
pub fn absent(visit: &Visit) -> Page {
    let words = visit.words;
    let body = html! {
        h1 { (words.absent) }
        p.lead { (words.absent_why) }
        p { a href=(visit.home()) { (words.to_start) } }
    };
    Page::of(words.absent.to_owned(), body)
}
