//! Server-sent events, as far as models use them: the data of each event (WHATWG HTML, 9.2).

use crate::platform::outbound::{Answer, Failure};

pub struct Events {
    answer: Answer,
    /// What came of a line that has not ended.
    line: Vec<u8>,
    lines: Lines,
}

impl Events {
    pub fn new(answer: Answer) -> Self {
        Self { answer, line: Vec::new(), lines: Lines::default() }
    }

    /// The data of the next event; none at the end. What follows the last blank line is no event.
    pub async fn next(&mut self) -> Result<Option<String>, Failure> {
        loop {
            while let Some(end) = self.line.iter().position(|byte| *byte == b'\n') {
                let rest = self.line.split_off(end + 1);
                let line = std::mem::replace(&mut self.line, rest);
                let line = std::str::from_utf8(&line).map_err(|_| Failure::Broken)?;
                if let Some(data) = self.lines.take(line.trim_end_matches(['\n', '\r'])) {
                    return Ok(Some(data));
                }
            }
            match self.answer.piece().await? {
                Some(piece) => self.line.extend_from_slice(&piece),
                None => return Ok(None),
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
}
