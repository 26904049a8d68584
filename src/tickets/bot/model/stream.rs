//! Server-sent events, as far as models use them: the data of each event (WHATWG HTML, 9.2).

use bytes::BytesMut;

use crate::platform::outbound::{Answer, Failure};

pub struct Events {
    answer: Answer,
    arrived: Arrived,
    lines: Lines,
}

impl Events {
    pub fn new(answer: Answer) -> Self {
        Self { answer, arrived: Arrived::default(), lines: Lines::default() }
    }

    /// The data of the next event; none at the end. What follows the last blank line is no event.
    pub async fn next(&mut self) -> Result<Option<String>, Failure> {
        loop {
            while let Some(line) = self.arrived.next_line() {
                let line = std::str::from_utf8(&line).map_err(|_| Failure::Broken)?;
                if let Some(data) = self.lines.take(line.trim_end_matches(['\n', '\r'])) {
                    return Ok(Some(data));
                }
            }
            match self.answer.piece().await? {
                Some(piece) => self.arrived.add(&piece),
                None => return Ok(None),
            }
        }
    }
}

/// What came and was not taken yet. Each byte is looked at once, and what is left is not moved when a line is taken: a stream
/// costs what it is long, in however many pieces and lines it comes.
#[derive(Default)]
struct Arrived {
    bytes: BytesMut,
    /// So many of them have no end of a line.
    searched: usize,
}

impl Arrived {
    fn add(&mut self, piece: &[u8]) {
        self.bytes.extend_from_slice(piece);
    }

    /// With its end.
    fn next_line(&mut self) -> Option<BytesMut> {
        match self.bytes[self.searched..].iter().position(|byte| *byte == b'\n') {
            Some(end) => {
                let line = self.bytes.split_to(self.searched + end + 1);
                self.searched = 0;
                Some(line)
            }
            None => {
                self.searched = self.bytes.len();
                None
            }
        }
    }
}

/// The lines of an event, until a blank one ends it.
#[derive(Default)]
struct Lines {
    data: Option<String>,
}

impl Lines {
    fn take(&mut self, line: &str) -> Option<String> {
        if line.is_empty() {
            return self.data.take();
        }
        let value = line.strip_prefix("data:")?;
        let value = value.strip_prefix(' ').unwrap_or(value);
        match &mut self.data {
            Some(data) => {
                data.push('\n');
                data.push_str(value);
            }
            None => self.data = Some(value.to_owned()),
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_its_lines_of_data() {
        let mut lines = Lines::default();
        let mut told = Vec::new();
        for line in [": a comment", "event: x", "data: {", "data:}", "", "", "id: 7", "", "data", "data: last"] {
            told.extend(lines.take(line));
        }
        assert_eq!(told, ["{\n}"]);
        assert_eq!(lines.take("").as_deref(), Some("last"));
    }

    /// A search from the beginning after each byte, or a copy of the rest for each line, would be 500 billion steps each.
    #[test]
    fn a_megabyte_costs_a_megabyte_in_however_many_pieces_and_lines() {
        const LONG: usize = 1_000_000;
        let mut arrived = Arrived::default();
        for _ in 0..LONG {
            arrived.add(b"x");
            assert!(arrived.next_line().is_none());
        }
        assert_eq!(arrived.searched, LONG, "what was searched is not searched again");
        arrived.add(b"\nrest");
        assert_eq!(arrived.next_line().map(|line| line.len()), Some(LONG + 1));
        assert_eq!((arrived.next_line(), arrived.bytes.len(), arrived.searched), (None, 4, 4));
        let mut arrived = Arrived::default();
        arrived.add(&b"\n".repeat(LONG));
        assert_eq!(std::iter::from_fn(|| arrived.next_line()).count(), LONG);
    }
}
