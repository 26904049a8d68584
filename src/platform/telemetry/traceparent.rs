//! Where a request stands in a trace: the `traceparent` header of W3C Trace Context.

use std::fmt;

use http::HeaderMap;
use rand::Rng;

const SAMPLED: u8 = 1;

/// A span of somebody's trace. Neither id is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traceparent {
    pub trace: u128,
    pub span: u64,
    pub is_sampled: bool,
}

impl Traceparent {
    /// None for a header that is absent, there twice, or not as the standard wants it: a stranger may send anything, and a
    /// request without a trace begins one.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut all = headers.get_all("traceparent").iter();
        let (one, more) = (all.next()?, all.next());
        if more.is_some() {
            return None;
        }
        Self::parse(one.to_str().ok()?)
    }

    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace)
    }

    pub fn span_id(&self) -> String {
        format!("{:016x}", self.span)
    }

    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let version = number(version, 2)?;
        // Version 0 has four parts; a later one may have more, and `ff` is none.
        if version == 0xff || version == 0 && parts.next().is_some() {
            return None;
        }
        let (trace, span, flags) = (number(trace, 32)?, number(span, 16)? as u64, number(flags, 2)? as u8);
        (trace != 0 && span != 0).then_some(Self { trace, span, is_sampled: flags & SAMPLED != 0 })
    }
}

impl fmt::Display for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, u8::from(self.is_sampled))
    }
}

/// The id of a trace that begins here. Nothing depends on it but who reads the log: it need not be repeatable, nor a secret.
pub fn drawn() -> String {
    format!("{:032x}", rand::rng().random::<u128>().max(1))
}

/// Lower-case hexadecimal digits, exactly so many.
fn number(text: &str, digits: usize) -> Option<u128> {
    let is_hex = text.len() == digits && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if is_hex { u128::from_str_radix(text, 16).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn what_the_standard_allows_is_taken_and_nothing_else() {
        let taken = Traceparent::parse(GOOD).expect("as in the standard");
        assert_eq!(taken.to_string(), GOOD);
        assert_eq!((taken.trace_id().len(), taken.span_id().as_str()), (32, "00f067aa0ba902b7"));
        assert!(!Traceparent::parse(&GOOD.replace("-01", "-02")).expect("other flags").is_sampled);
        assert!(Traceparent::parse(&format!("{}-more", GOOD.replacen("00", "cc", 1))).is_some(), "a later version");
        for bad in [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
            " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(Traceparent::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_trace_that_begins_here_has_an_id_of_its_own_that_others_would_take() {
        let ids = [drawn(), drawn()];
        assert_ne!(ids[0], ids[1]);
        for id in ids {
            let taken = Traceparent::parse(&format!("00-{id}-00f067aa0ba902b7-00")).expect("as the standard wants it");
            assert_eq!(taken.trace_id(), id);
        }
    }

    #[test]
    fn two_headers_are_none() {
        let mut headers = HeaderMap::new();
        headers.append("traceparent", GOOD.parse().expect("a header"));
        assert!(Traceparent::of(&headers).is_some());
        headers.append("traceparent", GOOD.parse().expect("a header"));
        assert_eq!(Traceparent::of(&headers), None);
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "\\PC{0,70}") {
            if let Some(taken) = Traceparent::parse(&text) {
                prop_assert!(taken.trace != 0 && taken.span != 0);
            }
        }
    }
}
