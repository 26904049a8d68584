//! The rules for text that people write, as garde validators: `#[garde(custom(text::line(200)))]`, and inside an `Option`
//! `#[garde(inner(custom(text::line(200))))]`.
//!
//! Lengths are in Unicode scalar values, of the text as sent. Text is checked, never changed: it is stored as it came.

use garde::Error;
use http::Uri;

/// One line: no control characters at all, and something to see in it.
pub fn line<T: AsRef<str>>(max: usize) -> impl FnOnce(&T, &()) -> garde::Result {
    move |text, _| check(text.as_ref(), max, |_| false)
}

/// A line by which somebody or something goes: none that breaks it, or makes it, and what stands beside it, read in another order.
pub fn name<T: AsRef<str>>(max: usize) -> impl FnOnce(&T, &()) -> garde::Result {
    move |text, context| match text.as_ref().contains(turns_or_breaks) {
        true => Err(Error::new("characters: Characters that turn or break a line are not allowed in a name.")),
        false => line(max)(text, context),
    }
}

/// Several lines: of the control characters, only line breaks and tabs; and something to see in it.
pub fn content<T: AsRef<str>>(max: usize) -> impl FnOnce(&T, &()) -> garde::Result {
    move |text, _| check(text.as_ref(), max, |c| matches!(c, '\n' | '\r' | '\t'))
}

/// The client's own name for a message it sends.
pub fn client_id<T: AsRef<str>>(text: &T, _: &()) -> garde::Result {
    check(text.as_ref(), 128, |_| false)
}

/// An absolute http or https address without a password in it.
pub fn http_url<T: AsRef<str>>(text: &T, _: &()) -> garde::Result {
    let text = text.as_ref();
    if text.len() > 2048 {
        return Err(Error::new("too_long: At most 2048 characters."));
    }
    let is_http = text.parse::<Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri
                .authority()
                .is_some_and(|authority| !authority.host().is_empty() && !authority.as_str().contains('@'))
    });
    if is_http { Ok(()) } else { Err(Error::new("invalid_url: An address that begins with http:// or https://.")) }
}

/// An e-mail address, as far as one can tell without sending to it.
pub fn email<T: AsRef<str>>(text: &T, _: &()) -> garde::Result {
    if is_email(text.as_ref()) { Ok(()) } else { Err(Error::new("invalid_email: An e-mail address.")) }
}

/// What a browser sends as `Origin`: scheme, host and perhaps a port, without a path. Browsers write it in lower case and
/// leave out the scheme's own port: anything else would never match.
pub fn origin<T: AsRef<str>>(text: &T, _: &()) -> garde::Result {
    let text = text.as_ref();
    let is_origin = text.parse::<Uri>().is_ok_and(|uri| match (uri.scheme_str(), uri.authority()) {
        (Some(scheme @ ("http" | "https")), Some(authority)) => {
            let own_port = if scheme == "https" { 443 } else { 80 };
            text == format!("{scheme}://{authority}")
                && !text.contains('@')
                && !text.contains(|c: char| c.is_ascii_uppercase())
                && authority.port_u16() != Some(own_port)
        }
        _ => false,
    });
    if is_origin {
        Ok(())
    } else {
        Err(Error::new("invalid_origin: An origin such as https://shop.example: lower case, no path, no default port."))
    }
}

pub fn is_name(text: &str, max: usize) -> bool {
    name(max)(&text, &()).is_ok()
}

pub fn is_line(text: &str, max: usize) -> bool {
    check(text, max, |_| false).is_ok()
}

pub fn is_email(text: &str) -> bool {
    let Some((name, domain)) = text.rsplit_once('@') else { return false };
    let is_plain = |part: &str| {
        !part.is_empty() && !part.chars().any(|c| c.is_control() || is_invisible(c) || "@<>,;\"".contains(c))
    };
    text.len() <= 254
        && name.len() <= 64
        && is_plain(name)
        && is_plain(domain)
        && !domain.starts_with('.')
        && !domain.ends_with('.')
}

fn check(text: &str, max: usize, is_allowed_control: fn(char) -> bool) -> garde::Result {
    if text.chars().any(|c| c.is_control() && !is_allowed_control(c)) {
        return Err(Error::new("control_character: Control characters are not allowed here."));
    }
    if text.chars().all(is_invisible) {
        return Err(Error::new("blank: Something to read is needed."));
    }
    if text.chars().count() > max {
        return Err(Error::new(format!("too_long: At most {max} characters.")));
    }
    Ok(())
}

/// Characters that make a line read as another one, or as two: they turn the direction of what follows, or separate lines.
pub fn turns_text(c: char) -> bool {
    turns_or_breaks(c) || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{feff}')
}

/// Line and paragraph separators; embeddings, overrides and isolates of direction. The marks that people who write from right to
/// left type are none of them.
fn turns_or_breaks(c: char) -> bool {
    matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// White space, and what Unicode calls default-ignorable or a format character: alone they show nothing.
fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}'
            | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(result: garde::Result) -> String {
        result.map_or_else(|error| error.message().split(':').next().unwrap_or_default().to_owned(), |()| "ok".into())
    }

    #[test]
    fn a_line_has_no_control_characters() {
        for good in ["a", " a ", "Zoë", "名前", "👩‍👩‍👧", "<b>x</b>", "\u{202e}abc"] {
            assert_eq!(code(line(200)(&good, &())), "ok", "{good:?}");
        }
        for bad in ["a\nb", "a\tb", "a\0", "\u{7f}x", "a\u{85}b", "a\u{9b}b"] {
            assert_eq!(code(line(200)(&bad, &())), "control_character", "{bad:?}");
        }
    }

    #[test]
    fn a_name_is_a_line_that_reads_in_its_order() {
        for good in ["Zoë", "名前", "👩‍👩‍👧", "سارة", "\u{200f}שרה (Sarah)\u{200e}"] {
            assert_eq!(code(name(200)(&good, &())), "ok", "{good:?}");
        }
        for bad in ["\u{202e}nimda", "ann\u{2066}", "ann\u{2069}", "ann\u{2028}Admin", "ann\u{2029}", "a\u{202a}b"] {
            assert_eq!(code(name(200)(&bad, &())), "characters", "{bad:?}");
        }
        assert_eq!(code(name(200)(&"a\nb", &())), "control_character");
        assert_eq!(code(name(3)(&"abcd", &())), "too_long");
    }

    #[test]
    fn content_has_line_breaks_and_tabs() {
        assert_eq!(code(content(200)(&"a\r\n\tb", &())), "ok");
        for bad in ["a\0", "a\u{8}", "\u{1b}[31m", "a\u{85}b"] {
            assert_eq!(code(content(200)(&bad, &())), "control_character", "{bad:?}");
        }
    }

    #[test]
    fn what_shows_nothing_is_blank() {
        for nothing in
            ["", " ", "\u{a0}\u{3000}", "\u{200b}", "\u{feff}\u{2060}", "\u{200d}\u{200e}", "\u{3164}", "\u{e0041}"]
        {
            assert_eq!(code(line(200)(&nothing, &())), "blank", "{nothing:?}");
            assert_eq!(code(content(200)(&format!("\n{nothing}\t"), &())), "blank", "{nothing:?}");
        }
    }

    #[test]
    fn length_is_counted_in_scalar_values() {
        assert_eq!(code(line(3)(&"ééé", &())), "ok");
        assert_eq!(code(line(3)(&"𝒳𝒳𝒳", &())), "ok");
        assert_eq!(code(line(3)(&"abcd", &())), "too_long");
        assert_eq!(code(client_id(&"x".repeat(128), &())), "ok");
        assert_eq!(code(client_id(&"x".repeat(129), &())), "too_long");
        assert_eq!(code(client_id(&"", &())), "blank");
    }

    #[test]
    fn an_address_is_http_or_https() {
        for good in ["https://example.com/a.png?x=1", "http://localhost:3000", "http://[::1]/x"] {
            assert_eq!(code(http_url(&good, &())), "ok", "{good:?}");
        }
        for bad in [
            "",
            "javascript:alert(1)",
            "//example.com/x",
            "/x.png",
            "data:image/png;base64,xx",
            "https://",
            "ftp://a/b",
            "https://user:pw@example.com/",
            "http://a b/",
            "https://example.com/\n",
            "http:example.com",
        ] {
            assert_eq!(code(http_url(&bad, &())), "invalid_url", "{bad:?}");
        }
    }

    #[test]
    fn an_email_has_a_name_and_a_domain() {
        for good in ["a@b.example", "first.last+tag@shop.example", "ü@bücher.example"] {
            assert!(is_email(good), "{good:?}");
        }
        for bad in ["", "a", "a@", "@b", "a b@c", "a@b\n", "a@b@c", "<a@b>", "a@b,c@d", "a@.b", "a\u{200b}@b"] {
            assert!(!is_email(bad), "{bad:?}");
        }
        assert!(!is_email(&format!("{}@b.example", "a".repeat(65))));
    }

    #[test]
    fn an_origin_has_no_path() {
        for good in
            ["https://shop.example", "http://localhost:3000", "http://127.0.0.1:8080", "https://shop.example:80"]
        {
            assert_eq!(code(origin(&good, &())), "ok", "{good:?}");
        }
        for bad in [
            "",
            "*",
            "null",
            "https://shop.example/",
            "shop.example",
            "https://a@b",
            "ftp://a",
            "https://a b",
            "https://Shop.example",
            "https://shop.example:443",
            "http://shop.example:80",
            "https://bücher.example",
        ] {
            assert_eq!(code(origin(&bad, &())), "invalid_origin", "{bad:?}");
        }
    }
}
