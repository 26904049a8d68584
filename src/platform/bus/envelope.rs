//! One payload of the bus: a head with its version, its signature, its node, number and time, then lines.
//!
//! Whoever can write to the channel, in a shared Redis perhaps, could otherwise invent people. The key is made of what the nodes
//! have in common, so that a second deployment beside this one is a stranger too. Number and time make a payload good for once.

use subtle::ConstantTimeEq;

use super::NodeId;
use crate::platform::secret::{hex, hmac_sha256};

const VERSION: &str = "smilechat1";
/// Of the signature, in hexadecimal digits.
const SIGNATURE: usize = 32;
/// A head, at most: version, signature, node, number, time, gap and what is between them.
const HEAD: usize = 128;

#[derive(Clone)]
pub(super) struct Seal {
    key: [u8; 32],
    /// Of the deployment. A name that needs no quotes in SQL.
    pub channel: String,
}

/// What is said of a payload beside its lines.
pub(super) struct Head<'a> {
    pub node: &'a str,
    /// Of the node's payloads.
    pub number: u64,
    /// In milliseconds.
    pub sent_at: i64,
    pub has_gap: bool,
}

#[derive(Debug, PartialEq)]
pub(super) struct Opened<'a> {
    pub from: NodeId,
    pub number: u64,
    pub sent_at: i64,
    /// The sender has dropped something before this.
    pub has_gap: bool,
    pub lines: Vec<&'a str>,
}

impl Seal {
    pub fn new(key: &[u8]) -> Self {
        let channel = hmac_sha256(key, &[b"bus channel"]);
        Self { key: hmac_sha256(key, &[b"bus signature"]), channel: format!("smilechat_{}", hex(&channel[..8])) }
    }

    pub fn close(&self, head: &Head<'_>, lines: &[String]) -> String {
        let Head { node, number, sent_at, has_gap } = head;
        let body = format!("{node} {number} {sent_at} {}\n{}", u8::from(*has_gap), lines.join("\n"));
        format!("{VERSION} {} {body}", self.signature(&body))
    }

    /// None for what no node of ours has said.
    pub fn open<'a>(&self, payload: &'a str) -> Option<Opened<'a>> {
        let (signature, body) = payload.strip_prefix(VERSION)?.strip_prefix(' ')?.split_once(' ')?;
        if !bool::from(self.signature(body).as_bytes().ct_eq(signature.as_bytes())) {
            return None;
        }
        let (head, lines) = body.split_once('\n')?;
        let mut words = head.split(' ');
        let from = words.next()?.into();
        let (number, sent_at) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let has_gap = words.next()? == "1";
        let lines = lines.split('\n').filter(|line| !line.is_empty()).collect();
        Some(Opened { from, number, sent_at, has_gap, lines })
    }

    fn signature(&self, body: &str) -> String {
        let mut signature = hex(&hmac_sha256(&self.key, &[body.as_bytes()]));
        signature.truncate(SIGNATURE);
        signature
    }
}

/// The lines of one payload. What is said twice in a row is said once.
pub(super) struct Pack {
    pub lines: Vec<String>,
    room: usize,
}

impl Pack {
    pub fn new(most_bytes: usize) -> Self {
        Self { lines: Vec::new(), room: most_bytes.saturating_sub(HEAD) }
    }

    /// Answers the line back that has no room.
    pub fn add(&mut self, line: String) -> Result<(), String> {
        if self.lines.last() == Some(&line) {
            return Ok(());
        }
        if line.len() + 1 > self.room {
            return Err(line);
        }
        self.room -= line.len() + 1;
        self.lines.push(line);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_closed_is_opened_by_whoever_has_the_key_and_as_it_was() {
        let seal = Seal::new(b"one");
        let head = Head { node: "node", number: 7, sent_at: 1000, has_gap: true };
        let payload = seal.close(&head, &["a".into(), "b c".into()]);
        let opened = seal.open(&payload).expect("ours");
        let lines = vec!["a", "b c"];
        assert_eq!(opened, Opened { from: "node".into(), number: 7, sent_at: 1000, has_gap: true, lines });
        assert!(seal.open(&seal.close(&head, &[])).expect("ours").lines.is_empty());
        assert_eq!(Seal::new(b"two").open(&payload), None);
        assert_ne!(Seal::new(b"two").channel, seal.channel);
        for place in 0..payload.len() {
            let mut changed = payload.clone().into_bytes();
            changed[place] ^= 1;
            let changed = String::from_utf8(changed).expect("ASCII");
            assert_eq!(seal.open(&changed), None, "{changed}");
        }
        for junk in ["", "smilechat1", "smilechat2 x y", "smilechat1 x", "\n\n", "{\"json\":1}"] {
            assert_eq!(seal.open(junk), None, "{junk}");
        }
    }

    #[test]
    fn a_pack_stays_below_its_bound() {
        let mut pack = Pack::new(200);
        let mut said = 0;
        while pack.add(format!("line {said}")).is_ok() {
            said += 1;
        }
        assert!(pack.add(format!("line {}", said - 1)).is_ok(), "said already");
        let longest = Head { node: "0123456789abcdef", number: u64::MAX, sent_at: i64::MAX, has_gap: true };
        assert!(said > 5 && Seal::new(b"").close(&longest, &pack.lines).len() <= 200);
        assert_eq!(Pack::new(150).add("x".repeat(100)), Err("x".repeat(100)));
    }
}
