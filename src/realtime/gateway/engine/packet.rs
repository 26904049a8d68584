//! The packets of Engine.IO that a client may send, and the bodies that carry several when it polls.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;

use super::{Broken, Frame};

/// Between two packets in a body.
const SEPARATOR: u8 = 0x1e;

#[derive(Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    Close,
    /// The ping of a WebSocket that wants to take over from polling.
    Probe,
    Pong,
    Upgrade,
    Text(&'a str),
    Binary(Bytes),
}

pub const PING: &str = "2";
pub const PROBED: &str = "3probe";
pub const CLOSE: &str = "1";
/// Ends a poll that has nothing to tell.
pub const NOOP: &str = "6";

/// One packet, as a WebSocket brings it in a text frame.
pub fn parse(text: &str) -> Result<Packet<'_>, Broken> {
    match text {
        "1" => Ok(Packet::Close),
        "2probe" => Ok(Packet::Probe),
        "3" => Ok(Packet::Pong),
        "5" => Ok(Packet::Upgrade),
        _ => text.strip_prefix('4').map(Packet::Text).ok_or(Broken),
    }
}

/// The packets of a body.
pub fn parse_body(body: &str) -> impl Iterator<Item = Result<Packet<'_>, Broken>> {
    body.split(char::from(SEPARATOR)).map(|packet| match packet.strip_prefix('b') {
        Some(encoded) => match BASE64_STANDARD.decode(encoded) {
            Ok(bytes) => Ok(Packet::Binary(bytes.into())),
            Err(_) => Err(Broken),
        },
        None => parse(packet),
    })
}

/// The body of an answer to a poll.
pub fn body<'a>(frames: impl Iterator<Item = &'a Frame> + Clone) -> Vec<u8> {
    let length = frames.clone().map(|frame| frame.payload().len() + 1).sum();
    let mut body = Vec::with_capacity(length);
    for frame in frames {
        if !body.is_empty() {
            body.push(SEPARATOR);
        }
        if frame.is_binary() {
            body.push(b'b');
            body.extend_from_slice(BASE64_STANDARD.encode(frame.payload()).as_bytes());
        } else {
            body.extend_from_slice(frame.payload());
        }
    }
    body
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_what_a_client_may_send_is_a_packet() {
        assert_eq!(parse("4hello"), Ok(Packet::Text("hello")));
        assert_eq!(parse("4"), Ok(Packet::Text("")));
        for broken in ["", "0", "2", "6", "7", "x", "é", "1x", "3probe", "5x", "bAQ==", " 4"] {
            assert_eq!(parse(broken), Err(Broken), "{broken}");
        }
    }

    #[test]
    fn a_body_holds_packets_of_both_kinds() {
        let packets: Vec<_> = parse_body("4hello\u{1e}bAQIDBA==\u{1e}3").collect();
        assert_eq!(
            packets,
            [Ok(Packet::Text("hello")), Ok(Packet::Binary(Bytes::from_static(&[1, 2, 3, 4]))), Ok(Packet::Pong)]
        );
        for broken in ["", "\u{1e}", "4a\u{1e}", "b!", "bA", "b "] {
            assert!(parse_body(broken).any(|packet| packet.is_err()), "{broken:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_a_body_is_reading_it_ends(body in "\\PC*|[0-6b\u{1e}a-zA-Z=]{0,64}") {
            parse_body(&body).for_each(drop);
        }

        #[test]
        fn what_is_written_reads_back(messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..8)) {
            let frames: Vec<_> = messages.iter().map(|message| Frame::binary(message)).collect();
            let body = String::from_utf8(body(frames.iter())).expect("text");
            let read: Vec<_> = parse_body(&body).collect();
            let expected: Vec<_> = messages.into_iter().map(|message| Ok(Packet::Binary(message.into()))).collect();
            prop_assert_eq!(read, expected);
        }
    }
}
