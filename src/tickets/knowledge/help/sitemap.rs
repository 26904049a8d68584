//! The list of a help centre's pages for search engines (sitemaps.org), with the languages of each article.

use std::collections::HashSet;

use maud::{Markup, PreEscaped, html};

use super::dates;
use super::shelf::All;
use super::visit::Visit;

pub fn sitemap(all: &All, visit: &Visit) -> Markup {
    let origin = &visit.origin;
    let used: HashSet<&str> = all.articles().filter_map(|(article, _)| article.collection_id.as_deref()).collect();
    let filled = all.collections.iter().filter(|collection| used.contains(collection.collection_id.as_str()));
    html! {
        (PreEscaped(r#"<?xml version="1.0" encoding="UTF-8"?>"#))
        urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml" {
            url { loc { (origin) (visit.home()) } }
            @for collection in filled { url { loc { (origin) (visit.collection(&collection.slug)) } } }
            @for (article, versions) in all.articles() {
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
