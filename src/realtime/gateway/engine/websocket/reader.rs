//! From bytes to messages: the reading half of RFC 6455.
//!
//! Memory is held for what has arrived of an unfinished message and for nothing else: neither for what a frame's head
//! announces, nor while nothing is under way.

use super::super::frame::Kind;

/// The longest payload of a frame that is no data.
const LONGEST_CONTROL: usize = 125;

#[derive(Debug, PartialEq, Eq)]
pub enum Message<'a> {
    Text(&'a str),
    Binary(&'a [u8]),
    Ping(&'a [u8]),
    Close,
}

/// Why a connection is closed, as the code that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Protocol = 1002,
    NotText = 1007,
    TooLarge = 1009,
}

pub struct Reader {
    most: usize,
    /// The beginning of a frame whose end has not arrived.
    partial: Vec<u8>,
    /// What has arrived of a message in several frames, and its kind.
    fragments: Vec<u8>,
    fragmented: Option<Kind>,
}

struct Head {
    is_final: bool,
    kind: Kind,
    mask: [u8; 4],
    /// Of the head itself, and of the payload behind it.
    length: usize,
    payload: usize,
}

impl Reader {
    /// `most`: the bytes of a message, at most.
    pub fn new(most: usize) -> Self {
        Self { most, partial: Vec::new(), fragments: Vec::new(), fragmented: None }
    }

    /// Takes what has arrived, which it may change, and passes on the messages that are whole. After an error it is of no
    /// use any more.
    pub fn read<E: From<Fault>>(
        &mut self,
        arrived: &mut [u8],
        mut each: impl FnMut(Message<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.partial.is_empty() {
            let used = self.frames(arrived, &mut each)?;
            self.partial.extend_from_slice(&arrived[used..]);
            return Ok(());
        }
        let mut partial = std::mem::take(&mut self.partial);
        partial.extend_from_slice(arrived);
        let used = self.frames(&mut partial, &mut each)?;
        if used > 0 {
            partial = partial[used..].to_vec();
        }
        self.partial = partial;
        Ok(())
    }

    /// Answers how many bytes made whole frames.
    fn frames<E: From<Fault>>(
        &mut self,
        bytes: &mut [u8],
        each: &mut impl FnMut(Message<'_>) -> Result<(), E>,
    ) -> Result<usize, E> {
        let mut used = 0;
        while let Some(head) = head(&bytes[used..])? {
            let room = if head.kind.is_control() { LONGEST_CONTROL } else { self.most - self.fragments.len() };
            if head.payload > room {
                return Err(if head.kind.is_control() { Fault::Protocol } else { Fault::TooLarge }.into());
            }
            let begin = used + head.length;
            let Some(payload) = bytes.get_mut(begin..begin + head.payload) else { break };
            unmask(payload, head.mask);
            used = begin + head.payload;
            self.frame(&head, payload, each)?;
        }
        Ok(used)
    }

    fn frame<E: From<Fault>>(
        &mut self,
        head: &Head,
        payload: &[u8],
        each: &mut impl FnMut(Message<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let kind = match head.kind {
            Kind::Ping => return each(Message::Ping(payload)),
            Kind::Pong => return Ok(()),
            Kind::Close => return each(Message::Close),
            Kind::Continuation => self.fragmented.ok_or(Fault::Protocol)?,
            kind if self.fragmented.is_none() => kind,
            _ => return Err(Fault::Protocol.into()),
        };
        if !head.is_final {
            self.fragmented = Some(kind);
            self.fragments.extend_from_slice(payload);
            return Ok(());
        }
        if self.fragmented.take().is_none() {
            return each(message(kind, payload)?);
        }
        let mut whole = std::mem::take(&mut self.fragments);
        whole.extend_from_slice(payload);
        each(message(kind, &whole)?)
    }
}

fn message(kind: Kind, payload: &[u8]) -> Result<Message<'_>, Fault> {
    match kind {
        Kind::Text => std::str::from_utf8(payload).map(Message::Text).map_err(|_| Fault::NotText),
        _ => Ok(Message::Binary(payload)),
    }
}

/// None if the head has not arrived whole.
fn head(bytes: &[u8]) -> Result<Option<Head>, Fault> {
    let &[first, second, ..] = bytes else { return Ok(None) };
    let kind = Kind::of(first & 0x0f).filter(|_| first & 0x70 == 0).ok_or(Fault::Protocol)?;
    let is_final = first & 0x80 != 0;
    // Clients mask, and what steers the connection comes in one piece.
    if second & 0x80 == 0 || (kind.is_control() && !is_final) {
        return Err(Fault::Protocol);
    }
    let (payload, begin) = match second & 0x7f {
        126 => (bytes.get(2..4).map(number), 4),
        127 => (bytes.get(2..10).map(number), 10),
        short => (Some(u64::from(short)), 2),
    };
    let (Some(payload), Some(mask)) = (payload, bytes.get(begin..begin + 4)) else { return Ok(None) };
    let mask = [mask[0], mask[1], mask[2], mask[3]];
    let payload = usize::try_from(payload).map_err(|_| Fault::TooLarge)?;
    Ok(Some(Head { is_final, kind, mask, length: begin + 4, payload }))
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let wide = u64::from_ne_bytes([mask[0], mask[1], mask[2], mask[3], mask[0], mask[1], mask[2], mask[3]]);
    let (words, rest) = payload.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

impl Kind {
    fn of(code: u8) -> Option<Self> {
        let all = [Self::Continuation, Self::Text, Self::Binary, Self::Close, Self::Ping, Self::Pong];
        all.into_iter().find(|kind| *kind as u8 == code)
    }

    fn is_control(self) -> bool {
        self as u8 & 0x8 != 0
    }
}

#[cfg(test)]
mod tests;
