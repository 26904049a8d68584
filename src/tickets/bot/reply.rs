//! What to say to a question: the one place that decides. `answer` has read what it needs, and stores what it answers.
//!
//! Today a passage is the answer as it stands. Whoever lets a model write puts it between `found` and `Reply::Answer`: it is
//! given the question and these passages, outside of any transaction, and what it fails to do in time is a hand-over.

use super::HandoffReason;
use super::intent::{self, Intent};
use super::runs::{Run, RunPassage};
use super::settings::BotSettings;
use super::wording::{Language, Sentence};
use crate::app::App;
use crate::auth::model::TenantKey;
use crate::error::Result;
use crate::tickets::knowledge::model::Found;
use crate::tickets::knowledge::{search, words};

/// How much of a question has to be covered to call it an answer, where a tenant says nothing else. docs/BOT.md says how it was found.
pub const THRESHOLD: f64 = 0.43;
/// What a run keeps.
const MOST_PASSAGES: usize = 5;
/// Of an article's text, in a chat.
const LONGEST: usize = 1500;

/// What a customer waits for an answer to.
pub struct Question {
    pub tenant: TenantKey,
    /// What they wrote since somebody else did, in order. Never empty.
    pub messages: Vec<String>,
    /// All that they wrote of late: what tells their language.
    pub language: Language,
    /// What the bot last did in this ticket.
    pub last: Option<Run>,
}

#[derive(Debug, PartialEq)]
pub enum Reply {
    Answer(String),
    SmallTalk(String),
    /// It may be said in other words.
    AskBack(String),
    HandOff(HandoffReason),
}

impl Reply {
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::Answer(_) => ANSWERED,
            Self::SmallTalk(_) => "small_talk",
            Self::AskBack(_) => ASKED_BACK,
            Self::HandOff(_) => "handed_over",
        }
    }
}

const ANSWERED: &str = "answered";
const ASKED_BACK: &str = "asked_back";

pub struct Decision {
    pub reply: Reply,
    pub passages: Vec<RunPassage>,
}

impl From<Reply> for Decision {
    fn from(reply: Reply) -> Self {
        Self { reply, passages: Vec::new() }
    }
}

pub async fn decide(app: &App, settings: &BotSettings, question: &Question) -> Result<Decision> {
    let asked = question.messages.join("\n");
    let last_outcome = question.last.as_ref().map(|run| run.outcome.as_str());
    let say = |sentence| question.language.say(sentence).to_owned();
    let intents: Vec<Intent> = question.messages.iter().map(|message| intent::of(message)).collect();
    if intents.contains(&Intent::Person) {
        return Ok(Reply::HandOff(HandoffReason::Requested).into());
    }
    if intents.contains(&Intent::NotHelped) && last_outcome == Some(ANSWERED) {
        return Ok(Reply::HandOff(HandoffReason::NotHelped).into());
    }
    if asked.trim().is_empty() {
        return Ok(Reply::HandOff(HandoffReason::NoText).into());
    }
    if intents.iter().all(|intent| matches!(intent, Intent::Greeting | Intent::Thanks)) {
        let is_thanks = intents.contains(&Intent::Thanks);
        let sentence = if is_thanks { Sentence::Welcome } else { Sentence::Greeting };
        return Ok(Reply::SmallTalk(say(sentence)).into());
    }
    if words::informative(&asked).is_empty() {
        return Ok(match last_outcome {
            Some(ASKED_BACK) => Reply::HandOff(HandoffReason::NotUnderstood).into(),
            _ => Reply::AskBack(say(Sentence::AskBack)).into(),
        });
    }
    let tenant = question.tenant;
    let found = app.db.read(move |tx| search::find(tx, tenant, false, &asked)).await?;
    Ok(choose(settings, question, &found))
}

/// The best passage that is good enough and was not the last answer.
fn choose(settings: &BotSettings, question: &Question, found: &[Found]) -> Decision {
    let passages: Vec<RunPassage> = found.iter().take(MOST_PASSAGES).map(run_passage).collect();
    let last = question.last.as_ref().filter(|run| run.outcome == ANSWERED);
    let was_said = |found: &Found| {
        let said = last.and_then(|run| run.passages.first());
        said.is_some_and(|said| said.article_id == found.article_id && said.heading == found.heading)
    };
    let good: Vec<&Found> = found.iter().filter(|found| found.score >= settings.threshold).collect();
    let Some(best) = good.iter().copied().find(|found| !was_said(found)) else {
        let reason = if good.is_empty() { HandoffReason::LowConfidence } else { HandoffReason::Repeated };
        return Decision { reply: Reply::HandOff(reason), passages };
    };
    // The one that it answers with comes first.
    let mut passages = passages;
    passages.retain(|passage| passage.article_id != best.article_id);
    passages.insert(0, run_passage(best));
    Decision { reply: Reply::Answer(text(settings, best)), passages }
}

fn run_passage(found: &Found) -> RunPassage {
    RunPassage {
        article_id: found.article_id.clone(),
        slug: found.slug.clone(),
        title: found.title.clone(),
        heading: found.heading.clone(),
        score: found.score,
    }
}

/// The passage, and in a line of its own where it stands. Plain text.
fn text(settings: &BotSettings, found: &Found) -> String {
    let passage: String = found.text.chars().take(LONGEST).collect();
    let link = settings.article_url.replace("{slug}", &found.slug);
    format!("{passage}\n\n{}: {link}", found.title)
}
