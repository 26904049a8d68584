//! What was found, a line for each step: as it is found for people, in one JSON object at the end for machines.

use std::time::Instant;

use serde::Serialize;

use crate::cli::{print, quoted};

/// Of what a step found, in characters: some of it the server says.
const LONGEST_DETAIL: usize = 500;

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Good,
    /// It works, and somebody should look at it.
    Warning,
    Broken,
    Skipped,
}

/// What a step found, and how to mend it.
pub struct Finding {
    status: Status,
    detail: String,
    advice: Option<String>,
}

/// `Err` and `Ok` are both findings: the first ends a step early.
pub type Outcome = Result<Finding, Finding>;

impl Finding {
    pub fn good(detail: impl Into<String>) -> Self {
        Self { status: Status::Good, detail: detail.into(), advice: None }
    }

    pub fn warning(detail: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { status: Status::Warning, detail: detail.into(), advice: Some(advice.into()) }
    }

    pub fn broken(detail: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { status: Status::Broken, detail: detail.into(), advice: Some(advice.into()) }
    }

    pub fn skipped(why: impl Into<String>) -> Self {
        Self { status: Status::Skipped, detail: why.into(), advice: None }
    }
}

#[derive(Serialize)]
pub struct Report {
    url: String,
    ok: bool,
    steps: Vec<Step>,
    #[serde(skip)]
    is_json: bool,
}

#[derive(Serialize)]
struct Step {
    name: &'static str,
    status: Status,
    milliseconds: f64,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

impl Report {
    pub fn new(url: &str, is_json: bool) -> anyhow::Result<Self> {
        if !is_json {
            print(&format!("SmileChat at {url}, from outside\n"))?;
        }
        Ok(Self { url: url.to_owned(), ok: true, steps: Vec::new(), is_json })
    }

    /// Whether the next steps make sense.
    pub async fn step(&mut self, name: &'static str, work: impl Future<Output = Outcome>) -> anyhow::Result<bool> {
        let begun = Instant::now();
        let Finding { status, detail, advice } = work.await.unwrap_or_else(|fault| fault);
        let milliseconds = (begun.elapsed().as_secs_f64() * 10_000.0).round() / 10.0;
        self.ok &= status != Status::Broken;
        let step = Step { name, status, milliseconds, detail, advice };
        if !self.is_json {
            print(&step.line())?;
        }
        self.steps.push(step);
        Ok(status != Status::Broken)
    }

    /// A step that needs a WebSocket: without one it would only wait for what is known.
    pub async fn step_by_socket(
        &mut self,
        has_sockets: bool,
        name: &'static str,
        work: impl Future<Output = Outcome>,
    ) -> anyhow::Result<bool> {
        match has_sockets {
            true => self.step(name, work).await,
            false => self.step(name, async { Ok(Finding::skipped("no WebSocket works")) }).await,
        }
    }

    pub fn leave_out_the_rest(&self, why: &str) -> anyhow::Result<()> {
        if self.is_json { Ok(()) } else { print(&format!("– the rest is left out: {why}")) }
    }

    /// How many steps are broken.
    pub fn finish(&self) -> anyhow::Result<usize> {
        if self.is_json {
            print(&serde_json::to_string(self)?)?;
        }
        Ok(self.steps.iter().filter(|step| step.status == Status::Broken).count())
    }
}

impl Step {
    fn line(&self) -> String {
        let sign = match self.status {
            Status::Good => '✓',
            Status::Warning => '!',
            Status::Broken => '✗',
            Status::Skipped => '–',
        };
        let advice = self.advice.iter().flat_map(|advice| advice.lines());
        let indent = " ".repeat(30);
        let advice: String = advice.map(|line| format!("\n{indent}{}", quoted(line, LONGEST_DETAIL))).collect();
        let detail = quoted(&self.detail, LONGEST_DETAIL);
        format!("{sign} {:<13}{:>9.1} ms  {detail}{advice}", self.name, self.milliseconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_stays_in_its_line() {
        let detail = format!("up\n✓ forged \u{1b}[31m\u{202e}{}", "x".repeat(10_000));
        let step =
            Step { name: "server", status: Status::Broken, milliseconds: 1.0, detail, advice: Some("\u{9b}1m".into()) };
        let line = step.line();
        assert_eq!(line.lines().count(), 2, "the finding, and how to mend it");
        assert!(line.chars().count() < 600 && line.contains("up ✓ forged"), "{line}");
        assert!(!line.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{line}");
    }
}
