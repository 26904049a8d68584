//! What to say to a question: the one place that decides. `answer` has read what it needs, and stores what it answers.
//!
//! Who asks for a person gets one, whoever else would decide. Otherwise a passage is the answer as it stands, or a model writes
//! one from the passages (`writing`), or a server of the tenant's says what to do (`webhook`). Each has its deadline, outside of
//! any transaction; what it fails to do in time is a hand-over.

use std::time::{Duration, Instant};

use super::answer::LEAST;
use super::intent::{self, Intent};
use super::meaning::{self, Findings};
use super::model::{Listener, Tokens};
use super::runs::{Run, RunPassage, ToolUse};
use super::settings::engine::{Engine, Secrets};
use super::settings::{self, BotSettings};
use super::tools::Change;
use super::wording::{Language, Sentence};
use super::{HandoffReason, webhook, writing};
use crate::app::App;
use crate::auth::brand;
use crate::auth::model::{TenantKey, UserKey};
use crate::error::Result;
use crate::platform::db::Tx;
use crate::platform::http::path;
use crate::tickets::knowledge::model::Found;
use crate::tickets::knowledge::words;

/// How much of a question has to be covered to call it an answer, where a tenant says nothing else. docs/BOT.md says how it was found.
pub const THRESHOLD: f64 = 0.43;
/// What a run keeps.
pub const MOST_PASSAGES: usize = 5;
/// Of an article's text, in a chat.
const LONGEST: usize = 1500;

/// How a tenant wants it, and with which keys.
pub struct Desk {
    pub settings: BotSettings,
    pub secrets: Secrets,
}

/// What a customer waits for an answer to.
pub struct Question {
    pub tenant: TenantKey,
    /// None: whoever tries the bot out.
    pub customer: Option<UserKey>,
    pub ticket_id: String,
    /// The same, however often it is asked.
    pub delivery_id: String,
    /// What they wrote since somebody else did, in order. Never empty.
    pub messages: Vec<String>,
    /// What was said before and now, oldest first, and whether the customer said it.
    pub said: Vec<(bool, String)>,
    /// For whoever else is asked: it may have waited for its turn.
    pub time_left: Duration,
    /// All that they wrote of late: what tells their language.
    pub language: Language,
    /// What the bot last did in this ticket.
    pub last: Option<Run>,
    /// Answers that models gave in this ticket.
    pub model_answers: i64,
}

impl Question {
    pub fn was_asked_back(&self) -> bool {
        self.last.as_ref().is_some_and(|run| run.outcome == ASKED_BACK)
    }
}

#[derive(Debug, PartialEq)]
pub enum Reply {
    Answer(String),
    SmallTalk(String),
    /// It may be said in other words.
    AskBack(String),
    HandOff(HandoffReason),
    /// It wants no answer.
    Nothing,
}

impl Reply {
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::Answer(_) => ANSWERED,
            Self::SmallTalk(_) => "small_talk",
            Self::AskBack(_) => ASKED_BACK,
            Self::HandOff(_) => "handed_over",
            Self::Nothing => "no_reply",
        }
    }
}

const ANSWERED: &str = "answered";
const ASKED_BACK: &str = "asked_back";

pub struct Decision {
    pub reply: Reply,
    pub passages: Vec<RunPassage>,
    /// For staff, where it hands over.
    pub summary: Option<String>,
    /// Done with the reply, if it is still wanted then.
    pub changes: Vec<Change>,
    pub work: Work,
}

/// What deciding took.
#[derive(Debug, Default)]
pub struct Work {
    pub engine: Engine,
    pub model: Option<String>,
    pub tokens: Tokens,
    pub cost: f64,
    pub tools: Vec<ToolUse>,
    /// What went wrong, as a code.
    pub error: Option<String>,
}

impl From<Reply> for Decision {
    fn from(reply: Reply) -> Self {
        Self { reply, passages: Vec::new(), summary: None, changes: Vec::new(), work: Work::default() }
    }
}

pub async fn decide(app: &App, desk: &Desk, question: &Question, listener: Listener<'_>) -> Result<Decision> {
    let asked = question.messages.join("\n");
    let last_outcome = question.last.as_ref().map(|run| run.outcome.as_str());
    let say = |sentence| question.language.say(sentence).to_owned();
    let intents: Vec<Intent> = question.messages.iter().map(|message| intent::of(message)).collect();
    if intents.contains(&Intent::Person) {
        return Ok(Reply::HandOff(HandoffReason::Requested).into());
    }
    if asked.trim().is_empty() {
        return Ok(Reply::HandOff(HandoffReason::NoText).into());
    }
    if let (Engine::Webhook, Some(webhook)) = (desk.settings.engine, &desk.settings.webhook) {
        if question.time_left < LEAST {
            return Ok(waited_too_long(Engine::Webhook, HandoffReason::WebhookFailed));
        }
        return webhook::decide(app, desk, webhook, question).await;
    }
    if intents.contains(&Intent::NotHelped) && last_outcome == Some(ANSWERED) {
        return Ok(Reply::HandOff(HandoffReason::NotHelped).into());
    }
    if intents.iter().all(|intent| matches!(intent, Intent::Greeting | Intent::Thanks)) {
        let is_thanks = intents.contains(&Intent::Thanks);
        let sentence = if is_thanks { Sentence::Welcome } else { Sentence::Greeting };
        return Ok(Reply::SmallTalk(say(sentence)).into());
    }
    if let (Engine::Model, Some(model)) = (desk.settings.engine, &desk.settings.model) {
        if desk.settings.budget.turns_per_ticket.is_some_and(|most| question.model_answers >= most) {
            let work = Work { engine: Engine::Model, error: Some("turns".into()), ..Work::default() };
            return Ok(Decision { work, ..Reply::HandOff(HandoffReason::Budget).into() });
        }
        if question.time_left < LEAST {
            return Ok(waited_too_long(Engine::Model, HandoffReason::ModelFailed));
        }
        let begun = Instant::now();
        let found = find_in_context(app, desk, question).await?;
        let time_left = question.time_left.saturating_sub(begun.elapsed());
        return writing::decide(app, desk, model, question, (&found, time_left), listener).await;
    }
    if words::informative(&asked).is_empty() {
        return Ok(match last_outcome {
            Some(ASKED_BACK) => Reply::HandOff(HandoffReason::NotUnderstood).into(),
            _ => Reply::AskBack(say(Sentence::AskBack)).into(),
        });
    }
    let findings = meaning::find(app, desk, question.tenant, &asked).await?;
    Ok(choose(desk, question, &findings))
}

/// Nobody was asked: those before it took all the time there was.
fn waited_too_long(engine: Engine, reason: HandoffReason) -> Decision {
    let work = Work { engine, error: Some("waited_too_long".into()), ..Work::default() };
    Decision { work, ..Reply::HandOff(reason).into() }
}

/// What the message asks, and then what it asks together with the one before: "and abroad?" is a question too.
async fn find_in_context(app: &App, desk: &Desk, question: &Question) -> Result<Vec<Found>> {
    let asked = question.messages.join("\n");
    let earlier = question.said.iter().rev().filter(|(is_customer, _)| *is_customer).nth(question.messages.len());
    let mut found = meaning::find(app, desk, question.tenant, &asked).await?.found;
    if let Some((_, earlier)) = earlier {
        let both = meaning::find(app, desk, question.tenant, &format!("{earlier}\n{asked}")).await?.found;
        let new = both.into_iter().filter(|more| found.iter().all(|found| found.article_id != more.article_id));
        let new: Vec<Found> = new.take(MOST_PASSAGES).collect();
        found.truncate(MOST_PASSAGES.saturating_sub(new.len().min(2)));
        found.extend(new);
    }
    Ok(found)
}

/// The best passage that is good enough and was not the last answer.
fn choose(desk: &Desk, question: &Question, findings: &Findings) -> Decision {
    let found = &findings.found;
    let passages: Vec<RunPassage> = found.iter().take(MOST_PASSAGES).map(run_passage).collect();
    let last = question.last.as_ref().filter(|run| run.outcome == ANSWERED);
    let was_said = |found: &Found| {
        let said = last.and_then(|run| run.passages.first());
        said.is_some_and(|said| said.article_id == found.article_id && said.heading == found.heading)
    };
    let is_good = |found: &&Found| found.score >= desk.settings.threshold || findings.same.contains(&found.article_id);
    let good: Vec<&Found> = found.iter().filter(is_good).collect();
    let Some(best) = good.iter().copied().find(|found| !was_said(found)) else {
        let reason = if good.is_empty() { HandoffReason::LowConfidence } else { HandoffReason::Repeated };
        return Decision { passages, ..Reply::HandOff(reason).into() };
    };
    // The one that it answers with comes first.
    let mut passages = passages;
    passages.retain(|passage| passage.article_id != best.article_id);
    passages.insert(0, run_passage(best));
    Decision { passages, ..Reply::Answer(text(desk, best)).into() }
}

pub fn run_passage(found: &Found) -> RunPassage {
    RunPassage {
        article_id: found.article_id.clone(),
        slug: found.slug.clone(),
        title: found.title.clone(),
        heading: found.heading.clone(),
        score: found.score,
    }
}

/// The passage, and in a line of its own where it stands. Plain text.
fn text(desk: &Desk, found: &Found) -> String {
    let passage: String = found.text.chars().take(LONGEST).collect();
    format!("{passage}\n\n{}: {}", found.title, desk.link(&found.slug))
}

impl Desk {
    /// With the bot's account, which is made when the bot is first set. Of the address of an article, `{slug}` alone is left to be
    /// put in.
    pub fn find(tx: &mut Tx<'_>, tenant: TenantKey) -> Result<(Self, Option<UserKey>)> {
        let (mut settings, secrets, bot) = settings::find_all(tx, tenant)?;
        if settings.article_url.contains("{tenant}") {
            let name = path::segment(&brand::tenant_name(tx, tenant)?);
            settings.article_url = settings.article_url.replace("{tenant}", &name);
        }
        Ok((Self { settings, secrets }, bot))
    }

    /// Whether somebody outside is asked for an answer: it costs money or time of theirs, or does something there.
    pub fn asks_others(&self) -> bool {
        let embedding = self.settings.embedding.as_ref();
        self.settings.engine != Engine::Passages || embedding.is_some_and(|embedding| !embedding.is_own())
    }

    /// Where an article stands.
    pub fn link(&self, slug: &str) -> String {
        self.settings.article_url.replace("{slug}", slug)
    }
}
