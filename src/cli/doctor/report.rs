//! What was found, a line for each step: as it is found for people, in one JSON object at the end for machines.

use std::time::Instant;

use serde::Serialize;

use crate::cli::print;

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
        let advice: String = advice.map(|line| format!("\n                              {line}")).collect();
        format!("{sign} {:<13}{:>9.1} ms  {}{advice}", self.name, self.milliseconds, self.detail)
    }
}
