//! One message on its way to clients, encoded once for all who get it.
//!
//! It holds the bytes of a WebSocket frame as they go to the wire, head and all: the server's frames are not masked, so
//! they are the same for everybody. Who polls gets the part behind the head.

use bytes::{BufMut, Bytes};

/// The longest head of a frame without a mask.
const LONGEST_HEAD: usize = 10;
const FINAL: u8 = 0x80;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    bytes: Bytes,
    head: u8,
}

/// The kinds of frames of RFC 6455.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Continuation = 0x0,
    Text = 0x1,
    Binary = 0x2,
    Close = 0x8,
    Ping = 0x9,
    Pong = 0xa,
}

impl Frame {
    /// A packet of Engine.IO: `write` puts its text behind what is there.
    pub fn text(write: impl FnOnce(&mut Vec<u8>)) -> Self {
        Self::build(Kind::Text, 64, write)
    }

    /// A message of Engine.IO with bytes in it.
    pub fn binary(payload: &[u8]) -> Self {
        Self::build(Kind::Binary, payload.len(), |bytes| bytes.put_slice(payload))
    }

    pub(super) fn of(packet: &str) -> Self {
        Self::build(Kind::Text, packet.len(), |bytes| bytes.put_slice(packet.as_bytes()))
    }

    pub(super) fn control(kind: Kind, payload: &[u8]) -> Self {
        Self::build(kind, payload.len(), |bytes| bytes.put_slice(payload))
    }

    fn build(kind: Kind, expected: usize, write: impl FnOnce(&mut Vec<u8>)) -> Self {
        let mut bytes = Vec::with_capacity(LONGEST_HEAD + expected);
        bytes.resize(LONGEST_HEAD, 0);
        write(&mut bytes);
        let length = bytes.len() - LONGEST_HEAD;
        // How long the head is shows when the payload is there: it is written to end where that begins.
        let head = match length {
            0..=125 => 2,
            126..=0xffff => 4,
            _ => LONGEST_HEAD,
        };
        let begin = LONGEST_HEAD - head;
        bytes[begin] = FINAL | kind as u8;
        match head {
            2 => bytes[begin + 1] = length as u8,
            4 => {
                bytes[begin + 1] = 126;
                (&mut bytes[begin + 2..LONGEST_HEAD]).put_u16(length as u16);
            }
            _ => {
                bytes[begin + 1] = 127;
                (&mut bytes[begin + 2..LONGEST_HEAD]).put_u64(length as u64);
            }
        }
        // It may wait for a slow reader, and count for what it holds.
        bytes.shrink_to_fit();
        Self { bytes: Bytes::from(bytes).slice(begin..), head: head as u8 }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn payload(&self) -> &[u8] {
        &self.bytes[usize::from(self.head)..]
    }

    pub(super) fn is_binary(&self) -> bool {
        self.bytes[0] == FINAL | Kind::Binary as u8
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_tells_the_length() {
        for (length, head) in [
            (0, vec![0x82, 0]),
            (125, vec![0x82, 125]),
            (126, vec![0x82, 126, 0, 126]),
            (0xffff, vec![0x82, 126, 0xff, 0xff]),
            (0x10000, vec![0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let frame = Frame::binary(&vec![7; length]);
            assert_eq!(frame.as_bytes()[..head.len()], head);
            assert_eq!(frame.payload(), vec![7; length]);
            assert_eq!(frame.len(), head.len() + length);
        }
    }
}
