//! `smilechat bot eval`: questions whose answers are known, put to the bot as it is set, and what became of them.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use serde::Deserialize;

use super::reply::{Desk, Reply};
use super::try_out;
use super::{meaning, settings};
use crate::app::App;
use crate::auth::model::TenantKey;
use crate::tickets::knowledge::table;

const HANDOFF: &str = "handoff";

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Case {
    pub question: String,
    /// The slug of the article that answers it, or `handoff`.
    pub expected: String,
}

#[derive(Debug, Default)]
pub struct Report {
    /// Questions that an article answers.
    pub covered: usize,
    /// Of these: the article is among the first three found; it was the answer; another one was; a person was asked for.
    pub in_top_3: usize,
    pub answered: usize,
    pub answered_wrong: usize,
    pub missed: usize,
    /// Questions that are a person's, and those of them that went to one.
    pub uncovered: usize,
    pub handed_over: usize,
    /// The questions that went wrong, with what became of them.
    pub faults: Vec<String>,
}

/// From CSV with the columns question and expected, or from JSON, one object a line.
pub fn read(path: &Path) -> anyhow::Result<Vec<Case>> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let is_csv = path.extension().is_some_and(|extension| extension == "csv");
    let cases = if is_csv { of_csv(&text) } else { of_lines(&text) };
    let cases = cases.with_context(|| path.display().to_string())?;
    ensure!(!cases.is_empty(), "{}: there is no question in it", path.display());
    Ok(cases)
}

pub fn of_csv(text: &str) -> anyhow::Result<Vec<Case>> {
    let rows = table::read(text, &["question", "expected"])?.into_iter();
    Ok(rows.map(|mut row| Case { expected: row.swap_remove(1), question: row.swap_remove(0) }).collect())
}

fn of_lines(text: &str) -> anyhow::Result<Vec<Case>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(number, line)| serde_json::from_str(line).with_context(|| format!("line {}", number + 1))).collect()
}

/// By the same decision that answers customers, each question as the first of its ticket.
pub async fn run(app: &App, tenant: TenantKey, cases: Vec<Case>) -> anyhow::Result<Report> {
    let (settings, secrets, _) = app.db.read(move |tx| settings::find_spoken(tx, tenant)).await?;
    let (desk, mut report) = (Desk { settings, secrets }, Report::default());
    for case in cases {
        judge(app, tenant, &desk, case, &mut report).await?;
    }
    Ok(report)
}

async fn judge(app: &App, tenant: TenantKey, desk: &Desk, case: Case, report: &mut Report) -> anyhow::Result<()> {
    let found = meaning::find(app, desk, tenant, &case.question).await?.found;
    let decision = try_out::decide(app, desk, tenant, &case.question).await?;
    let answer = match &decision.reply {
        Reply::Answer(_) => decision.passages.first().map(|passage| passage.slug.clone()),
        _ => None,
    };
    let best = found.first().map(|found| format!("{} {:.2}", found.slug, found.score)).unwrap_or_default();
    let mut fault =
        |what: &str| report.faults.push(format!("{what}: {:?} ({}; best: {best})", case.question, case.expected));
    if case.expected == HANDOFF {
        report.uncovered += 1;
        match &decision.reply {
            Reply::HandOff(_) => report.handed_over += 1,
            _ => fault("should be a person's"),
        }
        return Ok(());
    }
    report.covered += 1;
    report.in_top_3 += usize::from(found.iter().take(3).any(|found| found.slug == case.expected));
    match answer {
        Some(slug) if slug == case.expected => report.answered += 1,
        Some(_) => {
            report.answered_wrong += 1;
            fault("wrong answer");
        }
        None => {
            report.missed += 1;
            fault("handed over");
        }
    }
    Ok(())
}

impl Report {
    /// Answers that should not have been given: of another article, or where no article has one.
    pub fn wrong(&self) -> usize {
        self.answered_wrong + self.uncovered - self.handed_over
    }

    pub fn in_words(&self) -> String {
        let part = |of: usize, all: usize| format!("{of} of {all} ({} %)", (of * 100).checked_div(all).unwrap_or(100));
        let all = self.covered + self.uncovered;
        let mut text = format!(
            "right article in the top 3  {}\nanswered right              {}\nhanded over, though known   {}\n\
             handed over right           {}\nwrong answers               {}",
            part(self.in_top_3, self.covered),
            part(self.answered, self.covered),
            part(self.missed, self.covered),
            part(self.handed_over, self.uncovered),
            part(self.wrong(), all),
        );
        for fault in &self.faults {
            let _ = write!(text, "\n  {fault}");
        }
        text
    }
}
