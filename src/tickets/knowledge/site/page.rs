//! A page of HTML, and what somebody would read of it, as Markdown.
//!
//! The tokens are those of the HTML standard; no tree is built, so that nesting costs nothing, however deep it is.

use html5gum::{StartTag, Token};
use reqwest::Url;

use super::text::{self, TooMany};

/// What stands around the text, or is none.
const AROUND: [&str; 16] = [
    "aside", "button", "canvas", "dialog", "footer", "form", "header", "iframe", "nav", "noscript", "script", "select",
    "style", "svg", "title", "template",
];
/// What begins and ends a paragraph.
const BLOCKS: [&str; 18] = [
    "address",
    "article",
    "blockquote",
    "body",
    "caption",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "hr",
    "main",
    "p",
    "section",
    "summary",
    "table",
];
const LONGEST_TITLE: usize = 200;

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Its first heading, or what the browser's tab says.
    pub title: String,
    pub body: String,
    pub language: Option<String>,
    /// It asks machines not to list it.
    pub is_hidden: bool,
}

pub fn read(html: &str, at: &Url) -> Result<Page, TooMany> {
    let tokens = text::tokens(html)?;
    let mut page = head(&tokens);
    let mut writer = Writer::new(at);
    readable(&tokens).iter().for_each(|token| writer.take(token));
    page.body = writer.text.trim().to_owned();
    if !writer.title.trim().is_empty() {
        page.title = writer.title;
    }
    page.title = page.title.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LONGEST_TITLE).collect();
    Ok(page)
}

fn head(tokens: &[Token]) -> Page {
    let mut page = Page::default();
    let mut is_title = false;
    for token in tokens {
        match token {
            Token::StartTag(tag) => match name(&tag.name).as_str() {
                "html" => page.language = attribute(tag, "lang").filter(|language| is_language(language)),
                "title" => is_title = page.title.is_empty(),
                "meta" if attribute(tag, "name").is_some_and(|name| name.eq_ignore_ascii_case("robots")) => {
                    page.is_hidden |= attribute(tag, "content").is_some_and(|rules| forbids_listing(&rules));
                }
                "body" => break,
                _ => {}
            },
            Token::String(text) if is_title => page.title.push_str(&String::from_utf8_lossy(text)),
            Token::EndTag(tag) if name(&tag.name) == "title" => is_title = false,
            _ => {}
        }
    }
    page
}

fn forbids_listing(rules: &str) -> bool {
    rules.split(',').any(|rule| ["noindex", "none"].iter().any(|word| rule.trim().eq_ignore_ascii_case(word)))
}

/// As in `lang` of articles: `en`, `pt-BR`.
fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let is_first =
        parts.next().is_some_and(|part| (2..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_lowercase()));
    is_first && parts.all(|part| (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// What is within `main`, else within the first `article`, else all.
fn readable(tokens: &[Token]) -> &[Token] {
    ["main", "article"].into_iter().find_map(|wanted| within(tokens, wanted)).unwrap_or(tokens)
}

fn within<'t>(tokens: &'t [Token], wanted: &str) -> Option<&'t [Token]> {
    let is_start = |token: &Token| matches!(token, Token::StartTag(tag) if &**tag.name == wanted.as_bytes());
    let is_end = |token: &Token| matches!(token, Token::EndTag(tag) if &**tag.name == wanted.as_bytes());
    let start = tokens.iter().position(is_start)?;
    let mut depth = 0_usize;
    let end = tokens[start..].iter().position(|token| {
        depth += usize::from(is_start(token));
        depth -= usize::from(is_end(token));
        depth == 0
    });
    Some(&tokens[start..end.map_or(tokens.len(), |end| start + end)])
}

fn name(of: &[u8]) -> String {
    String::from_utf8_lossy(of).into_owned()
}

fn attribute(tag: &StartTag<()>, wanted: &str) -> Option<String> {
    let found = tag.attributes.iter().find(|(name, _)| name.as_slice() == wanted.as_bytes())?;
    Some(String::from_utf8_lossy(found.1).trim().to_owned()).filter(|value| !value.is_empty())
}

struct Writer<'u> {
    at: &'u Url,
    title: String,
    text: String,
    /// The element that is passed over, and how often it is open within itself.
    around: Option<(String, usize)>,
    is_in_title: bool,
    has_title: bool,
    is_code: bool,
    /// The open lists: the number of the next item, or none of it.
    lists: Vec<Option<usize>>,
    /// Where the text of the open link begins, and where it leads.
    link: Option<(usize, String)>,
}

impl<'u> Writer<'u> {
    fn new(at: &'u Url) -> Self {
        Self {
            at,
            title: String::new(),
            text: String::new(),
            around: None,
            is_in_title: false,
            has_title: false,
            is_code: false,
            lists: Vec::new(),
            link: None,
        }
    }

    fn take(&mut self, token: &Token) {
        match token {
            Token::StartTag(tag) if self.around.is_some() => {
                if let Some((open, depth)) = &mut self.around
                    && open.as_bytes() == &**tag.name
                    && !tag.self_closing
                {
                    *depth += 1;
                }
            }
            Token::EndTag(tag) if self.around.is_some() => {
                if let Some((open, depth)) = &mut self.around
                    && open.as_bytes() == &**tag.name
                {
                    *depth -= 1;
                    if *depth == 0 {
                        self.around = None;
                    }
                }
            }
            _ if self.around.is_some() => {}
            Token::StartTag(tag) => self.start(tag),
            Token::EndTag(tag) => self.end(&name(&tag.name)),
            Token::String(text) => self.say(&String::from_utf8_lossy(text)),
            _ => {}
        }
    }

    fn start(&mut self, tag: &StartTag<()>) {
        let name = name(&tag.name);
        match name.as_str() {
            around if AROUND.contains(&around) && !tag.self_closing => self.around = Some((name, 1)),
            "h1" if !self.has_title => (self.is_in_title, self.has_title) = (true, true),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.paragraph();
                let depth = usize::from(name.as_bytes()[1] - b'0').max(2);
                self.text.push_str(&"#".repeat(depth));
                self.text.push(' ');
            }
            "ul" | "ol" => {
                self.paragraph();
                self.lists.push((name == "ol").then_some(1));
            }
            "li" => self.item(),
            "pre" => {
                self.paragraph();
                self.text.push_str("```\n");
                self.is_code = true;
            }
            "br" | "tr" => self.line(),
            "td" | "th" if !self.text.ends_with('\n') && !self.text.is_empty() => self.text.push_str(" | "),
            "a" => {
                let address = attribute(tag, "href").and_then(|place| self.at.join(&place).ok());
                let is_web = |url: &Url| matches!(url.scheme(), "http" | "https");
                self.link = address.filter(is_web).map(|url| (self.text.len(), url.to_string()));
            }
            block if BLOCKS.contains(&block) => self.paragraph(),
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "h1" if self.is_in_title => self.is_in_title = false,
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.paragraph(),
            "ul" | "ol" => {
                self.lists.pop();
                self.paragraph();
            }
            "pre" if self.is_code => {
                self.is_code = false;
                self.line();
                self.text.push_str("```");
                self.paragraph();
            }
            "tr" => self.line(),
            "a" => self.end_link(),
            block if BLOCKS.contains(&block) => self.paragraph(),
            _ => {}
        }
    }

    /// The link that is open becomes one, if anything was said in it.
    fn end_link(&mut self) {
        let Some((from, address)) = self.link.take() else { return };
        let said = self.text.get(from..).unwrap_or_default();
        let (label, is_spaced) = (said.trim().to_owned(), said.starts_with(' '));
        // What spans paragraphs, or would end the link itself, stays text.
        if label.is_empty() || label.contains(['\n', '[', ']']) || address.contains(['(', ')']) {
            return;
        }
        self.text.truncate(from);
        let space = if is_spaced { " " } else { "" };
        self.text.push_str(&format!("{space}[{label}]({address})"));
    }

    fn item(&mut self) {
        self.line();
        let depth = self.lists.len().saturating_sub(1);
        self.text.push_str(&"  ".repeat(depth.min(5)));
        match self.lists.last_mut() {
            Some(Some(number)) => {
                self.text.push_str(&format!("{number}. "));
                *number += 1;
            }
            _ => self.text.push_str("- "),
        }
    }

    /// Nothing is left between an item's mark and its text.
    fn paragraph(&mut self) {
        let is_at_mark = self.text.ends_with("- ") || self.text.ends_with(". ") || self.text.ends_with("# ");
        if self.is_code || (is_at_mark && !self.lists.is_empty()) {
            return;
        }
        if self.lists.is_empty() {
            self.line();
            if !self.text.is_empty() && !self.text.ends_with("\n\n") {
                self.text.push('\n');
            }
        } else {
            self.line();
        }
    }

    fn line(&mut self) {
        if !self.is_code {
            self.text.truncate(self.text.trim_end_matches(' ').len());
        }
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    fn say(&mut self, said: &str) {
        if self.is_in_title {
            self.title.push_str(said);
        } else if self.is_code {
            // A fence within would end it.
            self.text.push_str(&said.replace("```", "'''").replace('\0', ""));
        } else {
            for character in said.chars() {
                match character {
                    character if character.is_whitespace() => {
                        if !self.text.is_empty() && !self.text.ends_with([' ', '\n']) {
                            self.text.push(' ');
                        }
                    }
                    // No text has it, and the database would refuse all of it.
                    '\0' => {}
                    // Text, and no tag, link, picture or code of its own.
                    '<' | '[' | '`' => self.text.extend(['\\', character]),
                    character => self.text.push(character),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn try_read(html: &str) -> Result<Page, TooMany> {
        super::read(html, &Url::parse("https://shop.example/help/costs").expect("a URL"))
    }

    fn read(html: &str) -> Page {
        try_read(html).expect("no tag has too many attributes")
    }

    #[test]
    fn a_page_is_what_somebody_would_read_of_it() {
        let page = read(
            r#"<!doctype html><html lang="pt-BR"><head><title>Costs &amp; more | Shop</title><style>p{}</style></head><body>
            <header><h1>Shop</h1></header><nav><a href="/">Home</a></nav>
            <main><h1>What does
              it cost?</h1><p>A parcel is <b>4 &euro;</b>,<br>abroad <a href="../abroad?a=1">more than&nbsp;that</a>.</p>
            <h2>By country</h2><ul><li><p>Spain</p><li>France<ol><li>Paris<li>Nice</ol></ul>
            <table><tr><th>To</th><th>Price</th></tr><tr><td>Spain</td><td>5 < 6</td></tr></table>
            <pre>curl  -x
  two</pre><script>alert("no <p>")</script><form>Ask: <input></form>
            <a href="javascript:alert(1)">a trick</a></main><footer>Imprint</footer></body></html>"#,
        );
        assert_eq!(
            (page.title.as_str(), page.language.as_deref(), page.is_hidden),
            ("What does it cost?", Some("pt-BR"), false)
        );
        assert_eq!(
            page.body,
            "A parcel is 4 €,\nabroad [more than that](https://shop.example/abroad?a=1).\n\n## By country\n\n- Spain\n- France\n  1. \
             Paris\n  2. Nice\n\nTo | Price\nSpain | 5 \\< 6\n\n```\ncurl  -x\n  two\n```\n\na trick"
        );
    }

    #[test]
    fn what_says_nothing_makes_nothing() {
        for html in ["", "<title>t</title>", "<nav>Home", "<main></main><p>around</p>", "<script>p", "\u{0}<a href=x>"]
        {
            assert_eq!(read(html).body, "", "{html}");
        }
        for rules in ["noindex, follow", "NOINDEX", "none", "follow,NoIndex"] {
            assert!(read(&format!("<meta name=ROBOTS content='{rules}'><body>x")).is_hidden, "{rules}");
        }
        assert!(!read("<meta name=robots content='index, follow'><body>x").is_hidden);
        assert_eq!(read("<head><title>Short</title><p>No end tags.").body, "No end tags.");
        assert_eq!(read("<title>Only this</title><body><p>Text").title, "Only this");
        assert_eq!(read("<html lang='\"><script>'><p>x").language, None);
    }

    /// Each as large as a page may be.
    #[test]
    fn attributes_without_end_end_no_server() {
        for attribute in ["a=\"x\" ", "a=\"\"", "a=\">\"b=\"<\""] {
            let html = format!("<p {}>x", attribute.repeat(2_000_000 / attribute.len()));
            assert_eq!(try_read(&html).expect_err(attribute).to_string(), "a tag with more than 100 attributes");
        }
        for attribute in ["a ", "a=x ", "a='x' ", "a='' ", "a=\"&amp;\" "] {
            assert_eq!(read(&format!("<p {}>x", attribute.repeat(2_000_000 / attribute.len()))).body, "x");
        }
        assert_eq!(read(&"<p a=\"x\" b=\"y\">x".repeat(10_000)).body.len(), 3 * 10_000 - 2);
        for odd in ["<", "</", "<!--", "&amp;", "<!doctype \"", "\"", "<script><!--<script>", "<![CDATA["] {
            read(&odd.repeat(200_000 / odd.len()));
        }
    }

    /// Neither depth nor what is left open costs more than its length.
    #[test]
    fn a_page_that_means_ill_is_text_all_the_same() {
        let deep = "<div><ul><li><nav><a href=/x>".repeat(20_000);
        assert_eq!(read(&deep).body, "-");
        let open = format!("<p>{}", "<a href='https://x.example/'>[x](".repeat(1_000));
        assert!(!read(&open).body.contains("](https://x.example/)"));
        assert!(!read("<p>&lt;script&gt;alert(1)&lt;/script&gt;").body.contains("\n<script"));
        assert_eq!(read("<p>&lt;b>").body, "\\<b>");
        assert_eq!(read("<p>![x](https://x.example/t.png) `a`").body, "!\\[x](https://x.example/t.png) \\`a\\`");
    }
}
