//! What customers asked before, put to the bot as it is set now. Their tickets stay as they are.

use std::time::Instant;

use anyhow::ensure;

use super::past::{self, Outcome};
use super::report::{Question, Report, cut};
use super::store::{self, Asked};
use super::{HandoffReason, REPLAY};
use crate::app::App;
use crate::auth::model::TenantKey;
use crate::error::{Error, Result};
use crate::platform::db::Tx;
use crate::tickets::Progress;
use crate::tickets::bot::reply::{Decision, Desk, Reply};
use crate::tickets::bot::settings::engine::Engine;
use crate::tickets::bot::try_out;

/// Tickets of one read, and messages of one of them.
const PAGE: i64 = 50;
const LOOKED_AT: i64 = 30;
/// As of an answer.
const MOST_CHARS: usize = 4000;

/// What a customer began with.
struct Opening {
    number: i64,
    messages: Vec<String>,
}

pub async fn run(app: &App, tenant: TenantKey, most: usize, progress: Progress<'_>) -> anyhow::Result<Report> {
    let (desk, _) = app.db.read(move |tx| Desk::find(tx, tenant)).await?;
    let openings = openings(app, tenant, most).await?;
    ensure!(!openings.is_empty(), "there is no ticket that a customer opened");
    let mut report = Report::new(REPLAY.to_owned(), &desk);
    let all = openings.len();
    for (done, opening) in openings.into_iter().enumerate() {
        progress(done, all);
        ask(app, tenant, &desk, opening, &mut report).await?;
    }
    progress(all, all);
    Ok(past::keep(app, tenant, report).await?)
}

/// Of closed tickets, then of the others; the latest first.
async fn openings(app: &App, tenant: TenantKey, most: usize) -> Result<Vec<Opening>> {
    let mut openings = Vec::new();
    for is_closed in [true, false] {
        let mut before = None;
        while openings.len() < most {
            let page = app.db.read(move |tx| {
                let page = store::list_asked(tx, tenant, is_closed, before, PAGE)?;
                let found = page.iter().map(|asked| opening(tx, tenant, asked)).collect::<Result<Vec<_>>>()?;
                Ok((page.last().copied(), found))
            });
            let (last, found) = page.await?;
            openings.extend(found.into_iter().flatten());
            before = last;
            if before.is_none() {
                break;
            }
        }
    }
    openings.truncate(most);
    Ok(openings)
}

/// None: staff wrote first, or nobody.
fn opening(tx: &mut Tx<'_>, tenant: TenantKey, asked: &Asked) -> Result<Option<Opening>> {
    let said = store::list_opening(tx, tenant, asked.ticket, LOOKED_AT)?;
    // A greeting, and what happened before anybody wrote, is no answer.
    let said = said.into_iter().skip_while(|(sender, is_text, _)| *sender != asked.customer && !is_text);
    let mut room = MOST_CHARS;
    let messages = said.take_while(|(sender, _, _)| *sender == asked.customer).map(|(_, _, text)| {
        let text: String = text.chars().take(room).collect();
        room -= text.chars().count();
        text
    });
    let messages: Vec<String> = messages.collect();
    Ok((!messages.is_empty()).then_some(Opening { number: asked.number, messages }))
}

async fn ask(app: &App, tenant: TenantKey, desk: &Desk, opening: Opening, report: &mut Report) -> anyhow::Result<()> {
    let (asked, began) = (cut(&opening.messages.join(" ")), Instant::now());
    let decision = match try_out::decide(app, desk, tenant, opening.messages).await {
        Err(error @ Error::Unavailable(_)) => return Err(error.into()),
        // A fault of ours is an outcome like others, as it is for a customer.
        Err(error) => {
            tracing::error!(%error, "the bot failed");
            Decision::from(Reply::HandOff(HandoffReason::Failed))
        }
        Ok(decision) => decision,
    };
    let (word, reason) = report.count(&decision, i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX));
    // Of a passage it is known which article it is of; a model may have used any of those that it was given.
    let article = match decision.reply {
        Reply::Answer(_) if desk.settings.engine == Engine::Passages => {
            decision.passages.first().map(|passage| passage.slug.as_str())
        }
        _ => None,
    };
    let why = reason.is_some().then_some(decision.work.error.as_deref()).flatten();
    let details = [reason, article, why].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let word = word.replace('_', " ");
    let outcome = if details.is_empty() { word } else { format!("{word} ({details})") };
    let grade = match decision.reply {
        Reply::Answer(_) => 3,
        Reply::SmallTalk(_) | Reply::AskBack(_) => 2,
        Reply::HandOff(HandoffReason::Failed | HandoffReason::ModelFailed | HandoffReason::WebhookFailed) => 0,
        Reply::HandOff(_) | Reply::Nothing => 1,
    };
    let told = format!("#{} {asked:?}: {outcome}", opening.number);
    let outcome = Outcome { of: format!("#{}", opening.number), outcome, grade };
    report.questions.push(Question { outcome, told: Some(told) });
    Ok(())
}
