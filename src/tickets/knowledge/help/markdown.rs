//! An article's Markdown as HTML that may stand in a page.
//!
//! Invariant: whoever wrote the article may mean ill. HTML in it is text; a link goes to http, https, mailto or below this
//! server, and a picture comes by https, from wherever its author says, without being told where it is shown; of anything else the
//! words alone are left. No attribute is the author's but these addresses, and the classes that name a language of code.

use maud::html;
use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// Lists and quotes that stand deeper than this in one another are no text that somebody wrote to be read.
const DEEPEST: usize = 20;

pub fn render(markdown: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut events = Vec::new();
    let mut open_links = Vec::new();
    let mut pictures: Vec<(Option<String>, String)> = Vec::new();
    let mut depth = 0_usize;
    let mut levels = Levels::of(markdown, options);
    for event in Parser::new_ext(markdown, options) {
        // Inside of a picture all is what it shows.
        if let Some((_, shown)) = pictures.last_mut() {
            match &event {
                Event::Text(text) | Event::Code(text) => shown.push_str(text),
                Event::SoftBreak | Event::HardBreak => shown.push(' '),
                _ => {}
            }
        }
        match event {
            Event::Start(Tag::Image { dest_url, .. }) => pictures.push((https(&dest_url), String::new())),
            Event::End(TagEnd::Image) => {
                let Some((address, shown)) = pictures.pop() else { continue };
                match pictures.last_mut() {
                    Some((_, around)) => around.push_str(&shown),
                    None => events.push(picture(address, shown)),
                }
            }
            _ if !pictures.is_empty() => {}
            Event::Start(Tag::Link { dest_url, .. }) => {
                let address = address(&dest_url);
                events.extend(address.as_deref().map(begin_link));
                open_links.push(address.is_some());
            }
            Event::End(TagEnd::Link) => {
                if open_links.pop() == Some(true) {
                    events.push(Event::InlineHtml("</a>".into()));
                }
            }
            Event::Start(Tag::Heading { level, .. }) => {
                let level = levels.next(level);
                events.push(Event::Start(Tag::Heading { level, id: None, classes: Vec::new(), attrs: Vec::new() }));
            }
            Event::End(TagEnd::Heading(_)) => events.push(Event::End(TagEnd::Heading(levels.last))),
            // An alignment would be a style attribute, which the page's policy forbids.
            Event::Start(Tag::Table(columns)) => {
                events.push(Event::Start(Tag::Table(vec![pulldown_cmark::Alignment::None; columns.len()])));
            }
            Event::Html(text) | Event::InlineHtml(text) => events.push(Event::Text(text)),
            Event::Start(Tag::BlockQuote(_) | Tag::List(_)) if depth >= DEEPEST => depth += 1,
            Event::End(TagEnd::BlockQuote(_) | TagEnd::List(_)) if depth > DEEPEST => depth -= 1,
            Event::Start(Tag::BlockQuote(_)) => {
                depth += 1;
                events.push(Event::Start(Tag::BlockQuote(None)));
            }
            Event::Start(Tag::List(_)) => {
                depth += 1;
                events.push(event);
            }
            Event::End(TagEnd::BlockQuote(_) | TagEnd::List(_)) => {
                depth = depth.saturating_sub(1);
                events.push(event);
            }
            event => events.push(event),
        }
    }
    let mut page = String::with_capacity(markdown.len() * 3 / 2);
    html::push_html(&mut page, events.into_iter());
    page
}

fn begin_link(address: &str) -> Event<'static> {
    let is_elsewhere = address.contains(':');
    let rel = is_elsewhere.then_some("nofollow noopener ugc");
    let link = html! { a href=(address) rel=[rel] {} }.into_string();
    Event::InlineHtml(CowStr::from(link.trim_end_matches("</a>").to_owned()))
}

fn picture(address: Option<String>, shown: String) -> Event<'static> {
    match address {
        Some(address) => {
            let picture = html! { img src=(address) alt=(shown) loading="lazy" referrerpolicy="no-referrer"; };
            Event::InlineHtml(CowStr::from(picture.into_string()))
        }
        None => Event::Text(CowStr::from(shown)),
    }
}

/// The page's own heading is the first, the article's highest come below it, and none is skipped on the way down: who hears a
/// page goes by them.
struct Levels {
    highest: HeadingLevel,
    last: HeadingLevel,
}

impl Levels {
    fn of(markdown: &str, options: Options) -> Self {
        let levels = Parser::new_ext(markdown, options).filter_map(|event| match event {
            Event::Start(Tag::Heading { level, .. }) => Some(level),
            _ => None,
        });
        Self { highest: levels.min().unwrap_or(HeadingLevel::H1), last: HeadingLevel::H1 }
    }

    fn next(&mut self, level: HeadingLevel) -> HeadingLevel {
        let wanted = level as usize - self.highest as usize + 2;
        let level = wanted.min(self.last as usize + 1).min(HeadingLevel::H6 as usize);
        self.last = HeadingLevel::try_from(level).unwrap_or(HeadingLevel::H6);
        self.last
    }
}

/// Where a link may lead. Browsers overlook control characters and white space in an address, and take a backslash for a
/// slash: what has any of these is none.
fn address(address: &str) -> Option<String> {
    let is_clean = |c: char| !c.is_control() && !c.is_whitespace() && c != '\\';
    if address.is_empty() || !address.chars().all(is_clean) || address.starts_with("//") {
        return None;
    }
    let before = address.split(['/', '?', '#']).next().unwrap_or_default();
    let is_good = match before.split_once(':') {
        None => true,
        Some((scheme, _)) => {
            ["http", "https", "mailto"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
                && (scheme.eq_ignore_ascii_case("mailto") || address[scheme.len()..].starts_with("://"))
        }
    };
    is_good.then(|| address.to_owned())
}

/// A picture by http would be read and changed by whoever stands on the way, and is blocked in a page that came by https.
fn https(text: &str) -> Option<String> {
    address(text).filter(|address| address.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_an_article_is_made_of_is_rendered() {
        for (markdown, html) in [
            ("# A\n\n## B", "<h2>A</h2>\n<h3>B</h3>\n"),
            ("## A\n\n###### B\n\n## C", "<h2>A</h2>\n<h3>B</h3>\n<h2>C</h2>\n"),
            ("**b** _i_ `c` ~~s~~", "<p><strong>b</strong> <em>i</em> <code>c</code> <del>s</del></p>\n"),
            ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"),
            (
                "[a](https://x.example/?a=1&b=2)",
                "<p><a href=\"https://x.example/?a=1&amp;b=2\" rel=\"nofollow noopener ugc\">a</a></p>\n",
            ),
            (
                "[a](/help/x) [b](other) [c](#d)",
                "<p><a href=\"/help/x\">a</a> <a href=\"other\">b</a> <a href=\"#d\">c</a></p>\n",
            ),
            (
                "![a *map*](https://x.example/m.png \"t\")",
                "<p><img src=\"https://x.example/m.png\" alt=\"a map\" loading=\"lazy\" referrerpolicy=\"no-referrer\"></p>\n",
            ),
            ("a <b>b</b>", "<p>a &lt;b&gt;b&lt;/b&gt;</p>\n"),
        ] {
            assert_eq!(render(markdown), html, "{markdown}");
        }
        let table = render("| a | b |\n|:-:|--:|\n| 1 | 2 |");
        assert!(table.contains("<th>a</th>") && !table.contains("style"), "{table}");
    }

    #[test]
    fn of_what_leads_elsewhere_the_words_alone_are_left() {
        for bad in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "javascript&colon;alert(1)",
            "java&#10;script:alert(1)",
            "&#1;javascript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "blob:https://x/y",
            "file:///etc/passwd",
            "//evil.example",
            "/\\\\evil.example",
            "https:evil.example",
            "view-source:https://x",
        ] {
            let html = render(&format!("[words](<{bad}>) ![shown](<{bad}>)"));
            assert_eq!(html, "<p>words shown</p>\n", "{bad}");
        }
        for bad in ["/relative.png", "http://x.example/m.png", "HTTP://x.example/m.png", "data:image/png;base64,x"] {
            assert_eq!(render(&format!("![x]({bad})")), "<p>x</p>\n", "{bad}");
        }
    }

    #[test]
    fn what_stands_too_deep_is_flat() {
        let html = render(&format!("{}deep", "> ".repeat(5000)));
        assert!(html.matches("<blockquote>").count() <= DEEPEST && html.contains("deep"), "{}", html.len());
        assert_eq!(html.matches("<blockquote>").count(), html.matches("</blockquote>").count());
    }

    proptest! {
        #[test]
        fn no_tag_is_the_authors(text in "[ -~\\n<>\"'=&;`\\[\\]()!#*|:é]{0,400}") {
            let html = render(&text);
            for tag in html.split('<').skip(1) {
                let name: String = tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
                let known = ["p", "h2", "h3", "h4", "h5", "h6", "a", "img", "em", "strong", "code", "pre", "del", "ul", "ol",
                    "li", "blockquote", "hr", "br", "table", "thead", "tbody", "tr", "th", "td", "input"];
                prop_assert!(known.contains(&name.as_str()), "{name}: {html}");
            }
        }
    }
}
