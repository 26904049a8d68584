//! What a site asks of machines: its robots.txt (RFC 9309).

use std::borrow::Cow;

use reqwest::Url;

use crate::platform::outbound::PRODUCT;

/// The RFC's least; what stands behind it is not read.
pub const LONGEST: usize = 500 * 1024;

/// The rules for us. None: all is allowed.
#[derive(Debug, Default)]
pub struct Robots {
    rules: Vec<Rule>,
    /// Site maps that it names, for whoever reads it.
    pub sitemaps: Vec<String>,
}

#[derive(Debug)]
struct Rule {
    pattern: String,
    is_allowed: bool,
}

/// The groups of a name are one, wherever they stand; those of `*` are for whoever is not named.
pub fn read(bytes: &[u8]) -> Robots {
    // Half of a line may say the opposite.
    let cut = (bytes.len() >= LONGEST).then(|| bytes.iter().rposition(|byte| matches!(byte, b'\r' | b'\n'))).flatten();
    read_as(PRODUCT, &String::from_utf8_lossy(&bytes[..cut.unwrap_or(bytes.len())]))
}

fn read_as(name: &str, text: &str) -> Robots {
    let (mut ours, mut everybodys) = (None::<Vec<Rule>>, Vec::new());
    let (mut is_ours, mut is_everybodys) = (false, false);
    let mut is_among_names = false;
    let mut sitemaps = Vec::new();
    for line in text.trim_start_matches('\u{feff}').split(['\r', '\n']) {
        let line = line.split('#').next().unwrap_or_default();
        let Some((key, value)) = line.split_once(':') else { continue };
        let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
        match key.as_str() {
            "user-agent" => {
                if !is_among_names {
                    (is_ours, is_everybodys) = (false, false);
                }
                is_among_names = true;
                is_everybodys |= value == "*";
                if product(value).eq_ignore_ascii_case(name) {
                    is_ours = true;
                    ours.get_or_insert_default();
                }
            }
            "allow" | "disallow" => {
                is_among_names = false;
                let rule = || Rule { pattern: normal(value), is_allowed: key == "allow" };
                if !value.is_empty() && is_ours {
                    ours.get_or_insert_default().push(rule());
                }
                if !value.is_empty() && is_everybodys {
                    everybodys.push(rule());
                }
            }
            // It belongs to no group, and ends none.
            "sitemap" => sitemaps.push(value.to_owned()),
            _ => {}
        }
    }
    Robots { rules: ours.unwrap_or(everybodys), sitemaps }
}

impl Robots {
    /// By the longest pattern that matches; of two of the same length, the one that allows.
    pub fn allows(&self, url: &Url) -> bool {
        let mut path = url.path().to_owned();
        if let Some(query) = url.query() {
            path = format!("{path}?{query}");
        }
        // In a pattern these two are no letters.
        let path = normal(&path.replace('*', "%2A").replace('$', "%24"));
        let matching = self.rules.iter().filter(|rule| matches(&rule.pattern, &path));
        let longest = matching.max_by_key(|rule| (rule.pattern.len(), rule.is_allowed));
        path == "/robots.txt" || longest.is_none_or(|rule| rule.is_allowed)
    }
}

/// Of `SmileChat/1.0 (or so)`, the name.
fn product(agent: &str) -> &str {
    let end = agent.find(|c: char| !(c.is_ascii_alphabetic() || c == '-' || c == '_'));
    &agent[..end.unwrap_or(agent.len())]
}

/// One spelling of what may be spelt in several ways: letters of the unreserved set as they are, all else that is escaped, or
/// is not ASCII, as `%XX`. In a query `:` and `/` need not be escaped, and often are.
fn normal(text: &str) -> String {
    let mut normal = String::with_capacity(text.len());
    let mut is_query = false;
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        let escaped = (byte == b'%').then(|| rest.get(..2).and_then(hex)).flatten();
        if escaped.is_some() {
            rest = &rest[2..];
        }
        is_query |= byte == b'?';
        match escaped {
            Some(b) if b.is_ascii_alphanumeric() || b"-._~".contains(&b) => normal.push(b.into()),
            Some(b @ (b':' | b'/')) if is_query => normal.push(b.into()),
            Some(b) => normal.push_str(&format!("%{b:02X}")),
            None if byte.is_ascii() => normal.push(byte.into()),
            None => normal.push_str(&format!("%{byte:02X}")),
        }
    }
    normal
}

fn hex(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u8::from_str_radix(digits, 16).ok()
}

/// `*` is any text, `$` at the end is the end. The first place where a part fits leaves the most for those behind it, so that
/// no pattern is tried twice.
fn matches(pattern: &str, path: &str) -> bool {
    let pattern = pattern.strip_suffix('$').map_or_else(|| Cow::from(format!("{pattern}*")), Cow::from);
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| path.strip_prefix(first)) else { return false };
    let mut last = None;
    for part in parts {
        if let Some(part) = last.replace(part) {
            let Some(at) = rest.find(part) else { return false };
            rest = &rest[at + part.len()..];
        }
    }
    match last {
        Some(last) => rest.ends_with(last),
        None => rest.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(robots: &Robots, path: &str) -> bool {
        robots.allows(&Url::parse(&format!("https://a.example{path}")).expect("a URL"))
    }

    /// Section 5.1 of the RFC.
    const SIMPLE: &str = "User-Agent: *
Disallow: *.gif$
Disallow: /example/
Allow: /publications/

User-Agent: foobot
Disallow:/
Allow:/example/page.html
Allow:/example/allowed.gif

User-Agent: barbot
User-Agent: bazbot
Disallow: /example/page.html

User-Agent: quxbot
";

    #[test]
    fn the_examples_of_the_rfc_mean_what_it_says() {
        for (name, path, is_allowed) in [
            ("otherbot", "/a.gif", false),
            ("otherbot", "/a.gif?b", true),
            ("otherbot", "/example/", false),
            ("otherbot", "/publications/", true),
            ("otherbot", "/publications/a.gif", true),
            ("FooBot", "/", false),
            ("foobot", "/robots.txt", true),
            ("foobot", "/example/page.html", true),
            ("foobot", "/example/allowed.gif", true),
            ("foobot", "/example/other.gif", false),
            ("barbot", "/example/page.html", false),
            ("barbot", "/example/", true),
            ("bazbot", "/example/page.html", false),
            ("quxbot", "/example/a.gif", true),
        ] {
            assert_eq!(allows(&read_as(name, SIMPLE), path), is_allowed, "{name} {path}");
        }
        // Section 5.2.
        let longest = "User-Agent: foobot\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif";
        let robots = read_as("foobot", longest);
        assert!(!allows(&robots, "/example/page/disallowed.gif") && allows(&robots, "/example/page/"));
    }

    #[test]
    fn a_group_is_ours_by_its_name_and_all_of_ours_are_one() {
        let ours = "Disallow: /stray\nuser-agent: SMILECHAT/2.0 # us\rSitemap: https://a.example/s.xml\r\nUSER-AGENT: other\n\
            Crawl-delay: 9\ndisallow : /a # but not all\nno line\n\nuser-agent: *\ndisallow: /\nuser-agent: smilechat\nDisallow: /b\n\
            Disallow:\nuser-agent: smilechatter\ndisallow: /c";
        let robots = read(ours.as_bytes());
        for (path, is_allowed) in [("/stray", true), ("/a", false), ("/b/c", false), ("/c", true), ("/", true)] {
            assert_eq!(allows(&robots, path), is_allowed, "{path}");
        }
        assert_eq!(robots.sitemaps, ["https://a.example/s.xml"]);
        let everybodys = read_as(
            "us",
            "\u{feff}User-agent: *\nDisallow: /x\nUser-agent: bot\nDisallow: /\nUser-agent: *\nDisallow: /y",
        );
        for (path, is_allowed) in [("/x", false), ("/y", false), ("/z", true)] {
            assert_eq!(allows(&everybodys, path), is_allowed, "{path}");
        }
        for nothing in
            ["", "Disallow: /", "User-agent: *\nDisallow:", "<html>User-agent: *</html>", "User-agent: *\nAllow"]
        {
            assert!(allows(&read(nothing.as_bytes()), "/x"), "{nothing}");
        }
    }

    #[test]
    fn a_pattern_matches_whatever_way_it_is_spelt() {
        for (pattern, path, is_matched) in [
            ("/fish", "/fish.html", true),
            ("/fish", "/Fish", false),
            ("/fish", "/a/fish", false),
            ("/fish*", "/fishheads/yummy", true),
            ("/fish/", "/fish", false),
            ("/*.php", "/a/b.php?c", true),
            ("/*.php$", "/a.php", true),
            ("/*.php$", "/a.php5", false),
            ("/*.php$", "/a.php?.php", true),
            ("/fish*.php", "/fishheads/catfish.php?a", true),
            ("/fish*.php", "/Fish.PHP", false),
            ("/a$", "/a", true),
            ("/a$", "/ab", false),
            ("/a*b*c$", "/abbc", true),
            ("/a*b*c$", "/ac-b", false),
            ("/a**b", "/a/b", true),
            ("/$", "/", true),
            ("/$", "/a", false),
            ("*", "/", true),
            ("fish", "/fish", false),
            // Section 2.2.2 of the RFC.
            ("/foo/bar?baz=quz", "/foo/bar?baz=quz", true),
            ("/foo/bar?baz=http://foo.bar", "/foo/bar?baz=http%3A%2F%2Ffoo.bar", true),
            ("/foo/bar?baz=http%3a%2f%2ffoo.bar", "/foo/bar?baz=http://foo.bar", true),
            ("/foo/bar/ツ", "/foo/bar/%E3%83%84", true),
            ("/foo/bar/%e3%83%84", "/foo/bar/ツ", true),
            ("/foo/bar/%62%61%7A", "/foo/bar/baz", true),
            ("/foo/bar/baz", "/foo/bar/%62%61%7a", true),
            ("/a%2Fb", "/a/b", false),
            // Section 2.2.3.
            ("/path/file-with-a-%2A.html", "/path/file-with-a-*.html", true),
            ("/path/file-with-a-%2A.html", "/path/file-with-a-b.html", false),
            ("/path/foo-%24", "/path/foo-$", true),
            ("/path/foo-%24", "/path/foo-", false),
            ("/50%", "/50%", true),
        ] {
            let robots = read(format!("User-agent: *\nDisallow: {pattern}").as_bytes());
            assert_eq!(!allows(&robots, path), is_matched, "{pattern} {path}");
        }
        let even = read(b"User-agent: *\nDisallow: /page\nAllow: /page\nDisallow: /*.htm\nAllow: /longer");
        assert!(allows(&even, "/page") && !allows(&even, "/page.htm") && allows(&even, "/longer.htm"));
        let deep = read(format!("User-agent: *\nDisallow: {}", "*a".repeat(100_000)).as_bytes());
        assert!(allows(&deep, &format!("/{}", "a".repeat(50_000))));
    }
    #[test]
    fn of_a_long_one_the_line_that_is_cut_says_nothing() {
        let head = "User-agent: *\nDisallow: /a\n";
        let tail = "\nDisallow: /page";
        let long = format!("{head}{}{tail}", "#".repeat(LONGEST - head.len() - tail.len() + "page".len()));
        let cut = read(&long.as_bytes()[..LONGEST]);
        assert!(long[..LONGEST].ends_with("Disallow: /") && allows(&cut, "/b") && !allows(&cut, "/a"));
    }
}
