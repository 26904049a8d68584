//! What a run found, in words: the figures, each with its difference to the run before, then the single questions.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::past::{self, Counts, Outcome, Past};
use super::{HandoffReason, REPLAY};
use crate::tickets::bot::reply::{Decision, Desk, Reply};
use crate::tickets::bot::settings::engine::Engine;

/// Of a question, in a line.
const SHOWN: usize = 60;

#[derive(Debug)]
pub struct Report {
    pub name: String,
    pub engine: Engine,
    pub model: Option<String>,
    pub counts: Counts,
    pub questions: Vec<Question>,
    pub last: Option<Past>,
    latencies: Vec<i64>,
}

#[derive(Debug)]
pub struct Question {
    pub outcome: Outcome,
    /// A line of the report: none where all went well.
    pub told: Option<String>,
}

enum Value {
    Part(usize, usize),
    Number(i64),
    Cost(f64),
    Millis(i64),
    /// Of a webhook's answers nobody here knows the sources.
    NotChecked,
}

impl Report {
    pub fn new(name: String, desk: &Desk) -> Self {
        let engine = desk.settings.engine;
        let model = desk.settings.model.as_ref().filter(|_| engine == Engine::Model).map(|model| model.name.clone());
        let (counts, questions, latencies) = Default::default();
        Self { name, engine, model, counts, questions, last: None, latencies }
    }

    /// Answers what was decided as a word and, if there is one, its reason.
    pub fn count(&mut self, decision: &Decision, took_ms: i64) -> (&'static str, Option<&'static str>) {
        let (counts, work) = (&mut self.counts, &decision.work);
        counts.asked += 1;
        counts.input_tokens += work.tokens.input;
        counts.output_tokens += work.tokens.output;
        counts.cost += work.cost;
        counts.not_grounded += usize::from(work.error.as_deref() == Some("not_grounded"));
        let (outcome, reason) = match &decision.reply {
            Reply::HandOff(
                why @ (HandoffReason::Failed | HandoffReason::ModelFailed | HandoffReason::WebhookFailed),
            ) => ("failed", Some(why.as_str())),
            Reply::HandOff(why) => ("handed_over", Some(why.as_str())),
            reply => (reply.outcome(), None),
        };
        counts.grounded += usize::from(matches!(decision.reply, Reply::Answer(_)) && work.engine != Engine::Webhook);
        *counts.replies.entry(outcome.to_owned()).or_default() += 1;
        if let Some(reason) = reason {
            let by = if outcome == "failed" { &mut counts.failures } else { &mut counts.reasons };
            *by.entry(reason.to_owned()).or_default() += 1;
        }
        self.latencies.push(took_ms);
        (outcome, reason)
    }

    pub fn finish(&mut self) {
        self.latencies.sort_unstable();
        // The nearest rank: a latency that there was.
        let at = |percent: usize| {
            let rank = (self.latencies.len() * percent).div_ceil(100);
            self.latencies.get(rank.saturating_sub(1)).copied().unwrap_or_default()
        };
        (self.counts.p50_ms, self.counts.p90_ms) = (at(50), at(90));
    }

    pub fn in_words(&self) -> String {
        let of_replay = self.name == REPLAY;
        let figures =
            |counts: &Counts, engine| if of_replay { replayed(counts, engine) } else { of_file(counts, engine) };
        let before = self.last.as_ref().map(|last| figures(&last.counts, last.engine));
        let now = figures(&self.counts, self.engine);
        let gone =
            before.iter().flatten().filter(|(name, _)| name.starts_with(' ') && !now.iter().any(|(n, _)| n == name));
        let mut text = String::new();
        for (name, value) in &now {
            let old = before.iter().flatten().find(|(old, _)| old == name).map(|(_, value)| value);
            let _ = writeln!(text, "{name:<28}{}{}", value.in_words(), value.difference(old));
        }
        for (name, value) in gone {
            let _ = writeln!(text, "{name:<28}0{}", Value::Number(0).difference(Some(value)));
        }
        for told in self.questions.iter().filter_map(|question| question.told.as_ref()) {
            let _ = writeln!(text, "  {told}");
        }
        if let Some(last) = &self.last {
            let outcomes: Vec<Outcome> = self.questions.iter().map(|question| question.outcome.clone()).collect();
            let _ = writeln!(text, "{}", past::changes(last, &outcomes));
        }
        text.truncate(text.trim_end().len());
        text
    }
}

impl Counts {
    /// Answers that should not have been given: of another article, or where no article has one.
    pub fn wrong(&self) -> usize {
        self.answered_wrong + self.uncovered - self.handed_over
    }
}

fn of_file(counts: &Counts, engine: Engine) -> Vec<(String, Value)> {
    let mut figures = vec![
        ("right article in the top 3".to_owned(), Value::Part(counts.in_top_3, counts.covered)),
        ("answered right".to_owned(), Value::Part(counts.answered, counts.covered)),
        ("handed over, though known".to_owned(), Value::Part(counts.missed, counts.covered)),
        ("handed over right".to_owned(), Value::Part(counts.handed_over, counts.uncovered)),
        ("wrong answers".to_owned(), Value::Part(counts.wrong(), counts.covered + counts.uncovered)),
    ];
    if engine != Engine::Passages {
        figures.extend(taken(counts, engine));
    }
    figures
}

fn replayed(counts: &Counts, engine: Engine) -> Vec<(String, Value)> {
    let reply = |outcome: &str| Value::Part(counts.replies.get(outcome).copied().unwrap_or_default(), counts.asked);
    let reasons = |reasons: &BTreeMap<String, usize>| {
        reasons.iter().map(|(reason, count)| (format!("  {reason}"), Value::Number(*count as i64))).collect::<Vec<_>>()
    };
    let mut figures =
        vec![("answered".to_owned(), reply("answered")), ("handed over".to_owned(), reply("handed_over"))];
    figures.extend(reasons(&counts.reasons));
    figures.push(("asked back".to_owned(), reply("asked_back")));
    figures.push(("small talk".to_owned(), reply("small_talk")));
    figures.push(("said nothing".to_owned(), reply("no_reply")));
    figures.push(("failed".to_owned(), reply("failed")));
    figures.extend(reasons(&counts.failures));
    figures.extend(taken(counts, engine));
    figures.push(("latency p50".to_owned(), Value::Millis(counts.p50_ms)));
    figures.push(("latency p90".to_owned(), Value::Millis(counts.p90_ms)));
    figures
}

fn taken(counts: &Counts, engine: Engine) -> Vec<(String, Value)> {
    let grounded = match engine {
        Engine::Webhook => Value::NotChecked,
        _ => Value::Part(counts.grounded, counts.grounded + counts.not_grounded),
    };
    vec![
        ("grounded".to_owned(), grounded),
        ("input tokens".to_owned(), Value::Number(counts.input_tokens)),
        ("output tokens".to_owned(), Value::Number(counts.output_tokens)),
        ("cost".to_owned(), Value::Cost(counts.cost)),
    ]
}

impl Value {
    fn in_words(&self) -> String {
        match self {
            Self::Part(of, all) => format!("{of} of {all} ({} %)", (of * 100).checked_div(*all).unwrap_or(100)),
            Self::Number(number) => number.to_string(),
            Self::Cost(cost) => format!("{cost:.4}"),
            Self::Millis(millis) => format!("{millis} ms"),
            Self::NotChecked => "not checked: they are the webhook's".into(),
        }
    }

    fn difference(&self, old: Option<&Self>) -> String {
        let of_numbers = |new: i64, old: i64| if new == old { "  ±0".into() } else { format!("  {:+}", new - old) };
        match (self, old) {
            (Self::Part(new, _), Some(Self::Part(old, _))) => of_numbers(*new as i64, *old as i64),
            (Self::Number(new), Some(Self::Number(old))) | (Self::Millis(new), Some(Self::Millis(old))) => {
                of_numbers(*new, *old)
            }
            (Self::Cost(new), Some(Self::Cost(old))) if (new - old).abs() < 0.00005 => "  ±0".into(),
            (Self::Cost(new), Some(Self::Cost(old))) => format!("  {:+.4}", new - old),
            _ => String::new(),
        }
    }
}

/// In one line, and not too long a one.
pub fn cut(question: &str) -> String {
    let line = question.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
