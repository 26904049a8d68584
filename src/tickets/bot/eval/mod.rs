//! `smilechat bot eval`: questions whose answers are known, or those that customers asked, put to the bot as it is set, and what
//! became of them. Each run is kept, and told against the one before it of the same name.
//!
//! `replay` (what customers asked), `report` (in words), `past` (the runs that are kept).

pub mod replay;
pub mod report;

mod past;
mod store;

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, ensure};
use serde::Deserialize;

use self::past::Outcome;
use self::report::{Question, Report};
use super::HandoffReason;
use super::meaning;
use super::reply::{Desk, Reply};
use super::settings::engine::Engine;
use super::try_out;
use crate::app::App;
use crate::auth::model::TenantKey;
use crate::tickets::Progress;
use crate::tickets::knowledge::{import, table};

const HANDOFF: &str = "handoff";
/// The name of runs that ask what customers asked.
const REPLAY: &str = "replay";

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Case {
    pub question: String,
    /// The slug of the article that answers it, or `handoff`.
    pub expected: String,
    /// Where it stands in its file.
    #[serde(skip)]
    pub line: usize,
}

/// From CSV with the columns question and expected, or from JSON, one object a line.
pub fn read(path: &Path) -> anyhow::Result<Vec<Case>> {
    let text = import::text_of(path)?;
    let is_csv = path.extension().is_some_and(|extension| extension == "csv");
    let cases = if is_csv { of_csv(&text) } else { of_lines(&text) };
    let cases = cases.with_context(|| path.display().to_string())?;
    ensure!(!cases.is_empty(), "{}: there is no question in it", path.display());
    Ok(cases)
}

pub fn of_csv(text: &str) -> anyhow::Result<Vec<Case>> {
    let rows = table::read_with_lines(text, &["question", "expected"])?.into_iter();
    let case = |(line, mut row): (usize, Vec<String>)| Case {
        expected: row.swap_remove(1),
        question: row.swap_remove(0),
        line,
    };
    Ok(rows.map(case).collect())
}

fn of_lines(text: &str) -> anyhow::Result<Vec<Case>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let case = |(number, line): (usize, &str)| {
        let case: Case = serde_json::from_str(line).with_context(|| format!("line {}", number + 1))?;
        Ok(Case { line: number + 1, ..case })
    };
    lines.map(case).collect()
}

/// What runs of a file are called.
pub fn name_of(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if name == REPLAY { format!("./{name}") } else { name }
}

/// By the same decision that answers customers, each question as the first of its ticket.
pub async fn run(
    app: &App,
    tenant: TenantKey,
    name: String,
    cases: Vec<Case>,
    progress: Progress<'_>,
) -> anyhow::Result<Report> {
    let cases = with_known_slugs(app, tenant, cases).await?;
    let (desk, _) = app.db.read(move |tx| Desk::find(tx, tenant)).await?;
    let mut report = Report::new(name, &desk);
    let all = cases.len();
    for (done, case) in cases.into_iter().enumerate() {
        progress(done, all);
        judge(app, tenant, &desk, case, &mut report).await?;
    }
    progress(all, all);
    Ok(past::keep(app, tenant, report).await?)
}

/// A slug that is misspelt would be told as a fault of the bot's.
async fn with_known_slugs(app: &App, tenant: TenantKey, cases: Vec<Case>) -> anyhow::Result<Vec<Case>> {
    let read = app.db.read(move |tx| {
        let mut unknown = Vec::new();
        for case in cases.iter().filter(|case| case.expected != HANDOFF) {
            if !store::is_published(tx, tenant, &case.expected)? {
                unknown.push(format!("line {}: no published article has the slug {:?}", case.line, case.expected));
            }
        }
        Ok((cases, unknown))
    });
    let (cases, unknown) = read.await?;
    ensure!(unknown.is_empty(), "{}", unknown.join("; "));
    Ok(cases)
}

async fn judge(app: &App, tenant: TenantKey, desk: &Desk, case: Case, report: &mut Report) -> anyhow::Result<()> {
    let found = meaning::find(app, desk, tenant, &case.question).await?.found;
    let began = Instant::now();
    let decision = try_out::decide(app, desk, tenant, vec![case.question.clone()]).await?;
    report.count(&decision, i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX));
    let counts = &mut report.counts;
    let (what, grade) = if case.expected == HANDOFF {
        counts.uncovered += 1;
        let is_handed_over = matches!(decision.reply, Reply::HandOff(_));
        counts.handed_over += usize::from(is_handed_over);
        if is_handed_over { ("right", 2) } else { ("should be a person's", 0) }
    } else {
        counts.covered += 1;
        counts.in_top_3 += usize::from(found.iter().take(3).any(|found| found.slug == case.expected));
        match &decision.reply {
            Reply::Answer(text) => {
                let best = decision.passages.first().map(|passage| passage.slug.as_str());
                let is_right = match desk.settings.engine {
                    Engine::Passages => best == Some(case.expected.as_str()),
                    Engine::Model => cites(desk, text, &case.expected),
                    // It does not say what it read.
                    Engine::Webhook => true,
                };
                *(if is_right { &mut counts.answered } else { &mut counts.answered_wrong }) += 1;
                if is_right { ("right", 2) } else { ("wrong answer", 0) }
            }
            _ => {
                counts.missed += 1;
                ("handed over", 1)
            }
        }
    };
    let best = found.first().map(|found| format!("{} {:.2}", found.slug, found.score)).unwrap_or_default();
    let told = (grade < 2).then(|| format!("{what}: {:?} ({}; best: {best})", case.question, case.expected));
    let outcome = Outcome { of: case.question, outcome: what.to_owned(), grade };
    report.questions.push(Question { outcome, told });
    Ok(())
}

/// The pages that a model's answer rests on stand below it.
fn cites(desk: &Desk, answer: &str, slug: &str) -> bool {
    let end = format!(": {}", desk.link(slug));
    answer.lines().any(|line| line.starts_with('[') && line.ends_with(&end))
}
