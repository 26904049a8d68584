//! The list of a help centre's pages for search engines (sitemaps.org), with the languages of each article.

use maud::{Markup, PreEscaped, html};

use super::dates;
use super::shelf::Shelf;
use super::visit::Visit;

pub fn sitemap(shelf: &Shelf, visit: &Visit) -> Markup {
    let origin = &visit.origin;
    let filled = shelf.collections.iter().filter(|collection| {
        shelf.all().any(|article| article.collection_id.as_ref() == Some(&collection.collection_id))
    });
    html! {
        (PreEscaped(r#"<?xml version="1.0" encoding="UTF-8"?>"#))
        urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml" {
            url { loc { (origin) (visit.home()) } }
            @for collection in filled { url { loc { (origin) (visit.collection(&collection.slug)) } } }
            @for article in shelf.all() {
                @let versions = shelf.versions(article);
                url {
                    loc { (origin) (visit.article(&article.slug)) }
                    lastmod { (dates::iso(article.updated_at)) }
                    @if versions.len() > 1 {
                        @for version in versions {
                            xhtml:link rel="alternate" hreflang=(version.language)
                                href={ (origin) (visit.article(&version.slug)) } {}
                        }
                    }
                }
            }
        }
    }
}
