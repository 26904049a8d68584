//! A model's way to an answer: what was found goes in, calls of tools go round, and what comes out is held against its sources.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::HandoffReason;
use super::budget;
use super::ground;
use super::model::{self, Call, Listener, Spoken, Tokens, Turn};
use super::prompt;
use super::reply::{Decision, Desk, Question, Reply, Work, run_passage};
use super::settings::engine::Engine;
use super::settings::models::ModelSettings;
use super::tools::{self, Outcome};
use crate::app::App;
use crate::error::Result;
use crate::platform::http::text;
use crate::platform::outbound::Failure;
use crate::tickets::knowledge::model::Found;

/// Passages that it is given.
const MOST_SOURCES: usize = 6;
/// Times that it may call tools before it has to answer.
const MOST_ROUNDS: usize = 4;
/// Of what is shown while it writes. It is read anew as a whole each time: not with each of its pieces.
const BETWEEN_DRAFTS: Duration = Duration::from_millis(120);
/// A question of its own is short.
const LONGEST_QUESTION: usize = 400;

/// Answers within the model's deadline and the question's, whatever the model does.
pub async fn decide(
    app: &App,
    desk: &Desk,
    model: &ModelSettings,
    question: &Question,
    (found, time_left): (&[Found], Duration),
    listener: Listener<'_>,
) -> Result<Decision> {
    let sources = found.iter().take(MOST_SOURCES).map(prompt::source).collect();
    let work = Work { engine: Engine::Model, model: Some(model.name.clone()), ..Work::default() };
    let mut writing = Writing { app, desk, model, question, sources, work, changes: Vec::new() };
    let deadline = Duration::from_secs(model.deadline_seconds.into()).min(time_left);
    // What it took until then is told even where it ran out of time.
    let reply = match tokio::time::timeout(deadline, writing.write(found, listener)).await {
        Ok(reply) => reply?,
        Err(_) => Written::failed(&mut writing.work, Failure::TimedOut),
    };
    let passages = found.iter().take(super::reply::MOST_PASSAGES).map(run_passage).collect();
    Ok(Decision { reply: reply.reply, passages, summary: reply.summary, changes: writing.changes, work: writing.work })
}

struct Writing<'a> {
    app: &'a App,
    desk: &'a Desk,
    model: &'a ModelSettings,
    question: &'a Question,
    sources: Vec<String>,
    work: Work,
    changes: Vec<tools::Change>,
}

struct Written {
    reply: Reply,
    summary: Option<String>,
}

impl Writing<'_> {
    async fn write(&mut self, found: &[Found], listener: Listener<'_>) -> Result<Written> {
        let mut turns = prompt::turns(self.question.said.clone());
        for round in 0..=MOST_ROUNDS {
            let (settings, offers) = (&self.desk.settings, tools::offers(&self.desk.settings));
            let mut ask = prompt::of_answer(settings, turns.clone(), &self.sources, offers);
            ask.is_last = round == MOST_ROUNDS;
            let whose = (self.question.tenant, self.question.customer);
            let Some(share) = budget::set_aside(self.app, whose, &self.desk.settings, self.model, &ask).await? else {
                self.work.error = Some("budget".into());
                return Ok(Reply::HandOff(HandoffReason::Budget).into());
            };
            let (sources, known) = (self.sources.len(), ground::known(&self.sources));
            let pace = Pace::default();
            let show = |text: &str| {
                if !pace.is_time() {
                    return;
                }
                if let Some(shown) = ground::shown_so_far(text, sources, &known) {
                    listener(&shown);
                }
            };
            let key = self.desk.secrets.model_key.as_deref();
            let spoken = model::speak(&self.app.outbound, &self.app.random, self.model, key, &ask, &show).await;
            let tokens = budget::taken(self.model, &ask, &spoken);
            budget::settle(self.app, share, budget::cost(self.model, tokens), tokens).await?;
            self.work.add(self.model, tokens);
            let spoken = match spoken {
                Ok(spoken) => spoken,
                Err(failure) => return Ok(Written::failed(&mut self.work, failure)),
            };
            if spoken.calls.is_empty() {
                return Ok(self.judge(&spoken, found));
            }
            if ask.is_last {
                break;
            }
            turns.push(Turn::Model { text: spoken.text.clone(), calls: spoken.calls.clone() });
            for call in spoken.calls {
                match self.carry_out(&call).await? {
                    Ok(text) => turns.push(Turn::Result { call_id: call.id, text }),
                    Err(written) => return Ok(written),
                }
            }
        }
        Ok(Written::failed(&mut self.work, Failure::TooLong))
    }

    /// What the model is told of it; or, as the error, that it has decided.
    async fn carry_out(&mut self, call: &Call) -> Result<std::result::Result<String, Written>> {
        let (outcome, used) = tools::carry_out(self.app, self.desk, self.question, call).await?;
        self.work.tools.push(used);
        Ok(match outcome {
            Outcome::Told(text) => Ok(text),
            Outcome::Source(text) => {
                let masked = super::mask::mask(&text);
                self.sources.push(format!("{}: {masked}", call.name));
                Ok(format!("Source [{}]: {masked}", self.sources.len()))
            }
            Outcome::Noted(change) => {
                self.changes.push(change);
                Ok("It will be done with your answer.".into())
            }
            Outcome::HandOver(summary) => Err(Written {
                reply: Reply::HandOff(HandoffReason::Tool),
                summary: Some(summary).filter(|summary| !summary.is_empty()),
            }),
            Outcome::NoReply => Err(Reply::Nothing.into()),
        })
    }

    fn judge(&mut self, spoken: &Spoken, found: &[Found]) -> Written {
        // The rules for what anybody writes.
        if text::content(usize::MAX)(&spoken.text, &()).is_err() {
            return Written::failed(&mut self.work, Failure::Broken);
        }
        if let Some(grounded) = ground::check(&spoken.text, &self.sources) {
            let pages = grounded.cited.iter().enumerate().filter_map(|(shown, place)| {
                // What a tool told has no page.
                let found = found.iter().take(MOST_SOURCES).nth(*place)?;
                Some(format!("[{}] {}: {}", shown + 1, found.title, self.desk.link(&found.slug)))
            });
            let pages: Vec<String> = pages.collect();
            let text = [grounded.text, pages.join("\n")].join("\n\n").trim_end().to_owned();
            return Reply::Answer(text).into();
        }
        let text = spoken.text.trim();
        // One sentence: what stands before a question would be a statement without a source.
        let sentences = text.matches(['.', '!', '?', '？', '؟', '。', '\n']).count();
        let is_question =
            text.ends_with(['?', '？', '؟']) && sentences == 1 && text.chars().count() <= LONGEST_QUESTION;
        match is_question && ground::says_nothing(text) && !self.question.was_asked_back() {
            true => Reply::AskBack(text.to_owned()).into(),
            false => {
                self.work.error = Some("not_grounded".into());
                Reply::HandOff(HandoffReason::LowConfidence).into()
            }
        }
    }
}

#[derive(Default)]
struct Pace(Mutex<Option<Instant>>);

impl Pace {
    fn is_time(&self) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_time = last.is_none_or(|last| last.elapsed() >= BETWEEN_DRAFTS);
        if is_time {
            *last = Some(Instant::now());
        }
        is_time
    }
}

impl Written {
    fn failed(work: &mut Work, failure: Failure) -> Self {
        tracing::warn!(code = failure.as_str(), "a model did not answer; a person is asked for");
        work.error = Some(format!("model_{}", failure.as_str()));
        Reply::HandOff(HandoffReason::ModelFailed).into()
    }
}

impl From<Reply> for Written {
    fn from(reply: Reply) -> Self {
        Self { reply, summary: None }
    }
}

impl Work {
    fn add(&mut self, model: &ModelSettings, tokens: Tokens) {
        self.tokens.input += tokens.input;
        self.tokens.output += tokens.output;
        self.cost += budget::cost(model, tokens);
    }
}
