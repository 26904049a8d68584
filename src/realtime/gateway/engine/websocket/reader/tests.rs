use proptest::prelude::*;
use tokio_tungstenite::tungstenite::Message as Peer;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocket};

use super::*;

const MOST: usize = 1000;

/// One frame as a client sends it.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [1, 2, 3, 4];
    let mut bytes = vec![first];
    match payload.len() {
        length @ 0..126 => bytes.push(0x80 | length as u8),
        length => {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&(length as u16).to_be_bytes());
        }
    }
    bytes.extend_from_slice(&mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

fn read_in_pieces(bytes: &[u8], piece: usize) -> Result<Vec<String>, Fault> {
    let mut reader = Reader::new(MOST);
    let mut read = Vec::new();
    for piece in bytes.to_vec().chunks_mut(piece) {
        reader.read(piece, |message| {
            read.push(match message {
                Message::Text(text) => format!("text {text}"),
                Message::Binary(bytes) => format!("bytes {bytes:?}"),
                Message::Ping(bytes) => format!("ping {bytes:?}"),
                Message::Close => "close".to_owned(),
            });
            Ok::<_, Fault>(())
        })?;
    }
    assert!(reader.partial.capacity() <= 2 * (MOST + 14), "no more is held than has come");
    Ok(read)
}

fn read(bytes: &[u8]) -> Result<Vec<String>, Fault> {
    let whole = read_in_pieces(bytes, usize::MAX);
    for piece in [1, 2, 3, 7] {
        assert_eq!(read_in_pieces(bytes, piece), whole, "in pieces of {piece}");
    }
    whole
}

#[test]
fn messages_come_whole_however_they_arrive() {
    let long = "x".repeat(900);
    let bytes = [
        frame(0x81, b"hello"),
        frame(0x81, b""),
        frame(0x82, &[1, 2]),
        frame(0x01, "gr\u{fc}".as_bytes()),
        frame(0x89, b"are you there"),
        frame(0x00, &"\u{1f44b}".as_bytes()[..2]),
        frame(0x80, &"\u{1f44b}".as_bytes()[2..]),
        frame(0x8a, b"unasked"),
        frame(0x81, long.as_bytes()),
        frame(0x88, &[3, 232]),
    ]
    .concat();
    let expected = [
        "text hello".to_owned(),
        "text ".to_owned(),
        "bytes [1, 2]".to_owned(),
        format!("ping {:?}", b"are you there"),
        "text gr\u{fc}\u{1f44b}".to_owned(),
        format!("text {long}"),
        "close".to_owned(),
    ];
    assert_eq!(read(&bytes).expect("good frames"), expected);
}

#[test]
fn nothing_is_held_when_nothing_is_under_way() {
    let mut reader = Reader::new(MOST);
    let bytes = [frame(0x01, &[b'x'; 400]), frame(0x80, &[b'x'; 400])].concat();
    for piece in bytes.clone().chunks_mut(100) {
        reader.read(piece, |_| Ok::<_, Fault>(())).expect("good frames");
    }
    assert_eq!((reader.partial.capacity(), reader.fragments.capacity()), (0, 0));
}

#[test]
fn what_breaks_the_rules_is_a_fault() {
    let unmasked = vec![0x81, 0x01, b'x'];
    let endless = [vec![0x82, 0xff], vec![0xff; 8], vec![0; 4]].concat();
    let cases = [
        (unmasked, Fault::Protocol),
        (frame(0xc1, b"x"), Fault::Protocol),
        (frame(0x91, b"x"), Fault::Protocol),
        (frame(0x83, b"x"), Fault::Protocol),
        (frame(0x8b, b"x"), Fault::Protocol),
        (frame(0x09, b"a ping in parts"), Fault::Protocol),
        (frame(0x89, &[0; 126]), Fault::Protocol),
        (frame(0x80, b"goes on from nothing"), Fault::Protocol),
        ([frame(0x01, b"x"), frame(0x81, b"another in between")].concat(), Fault::Protocol),
        (frame(0x81, &[0xff]), Fault::NotText),
        ([frame(0x01, &[0xf0, 0x9f]), frame(0x80, b"x")].concat(), Fault::NotText),
        (frame(0x82, &[0; MOST + 1]), Fault::TooLarge),
        ([frame(0x02, &[0; MOST]), frame(0x80, &[0])].concat(), Fault::TooLarge),
        (endless, Fault::TooLarge),
    ];
    for (bytes, fault) in cases {
        assert_eq!(read(&bytes), Err(fault), "{:?}", &bytes[..bytes.len().min(8)]);
    }
}

proptest! {
    #[test]
    fn whatever_comes_reading_it_ends(bytes in prop::collection::vec(any::<u8>(), 0..200), piece in 1_usize..200) {
        read_in_pieces(&bytes, piece).ok();
    }

    /// Another implementation writes, this one reads.
    #[test]
    fn what_others_write_is_read(messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..MOST), 0..5), piece in 1_usize..5000) {
        let mut peer = WebSocket::from_raw_socket(std::io::Cursor::new(Vec::new()), Role::Client, None);
        for message in &messages {
            peer.send(Peer::binary(message.clone())).expect("memory takes it");
        }
        let expected: Vec<_> = messages.iter().map(|message| format!("bytes {message:?}")).collect();
        prop_assert_eq!(read_in_pieces(peer.get_ref().get_ref(), piece), Ok(expected));
    }
}
