//! What models may take: of a customer and of the whole tenant on a day, and in one ticket.
//!
//! What a call may take at most is set aside before it, in the transaction that finds that there is room, and what it did not
//! take is given back after it. So many at once stay within the budget, and what a dead process had set aside counts as taken.

use super::model::{Ask, Spoken, Tokens};
use super::settings::BotSettings;
use super::settings::engine::Budget;
use super::settings::models::ModelSettings;
use super::store::{self, Usage};
use crate::app::App;
use crate::auth::lock_tenant;
use crate::auth::model::{TenantKey, UserKey};
use crate::error::Result;
use crate::platform::outbound::Failure;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Set aside for one call.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    tenant: TenantKey,
    user: Option<UserKey>,
    day: i64,
    tokens: i64,
    cost: f64,
}

/// Without a user, for staff: the tenant's budget alone. None: there is not so much left.
pub async fn set_aside(
    app: &App,
    (tenant, user): (TenantKey, Option<UserKey>),
    settings: &BotSettings,
    model: &ModelSettings,
    ask: &Ask,
) -> Result<Option<Share>> {
    let most = Tokens { input: at_most(ask.chars()), output: i64::from(model.max_tokens) };
    let share = Share { tenant, user, day: today(app), tokens: most.input + most.output, cost: cost(model, most) };
    reserve(app, share, settings.budget.clone()).await
}

/// Who vectors are made for. They have no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VectorsOf {
    AQuestion,
    /// No more than half of the day's tokens: a large import leaves the rest to the answers.
    Articles,
}

/// The same for what is made vectors of.
pub async fn set_aside_for_vectors(
    app: &App,
    tenant: TenantKey,
    settings: &BotSettings,
    of: VectorsOf,
    texts: &[String],
) -> Result<Option<Share>> {
    let share = Share { tenant, user: None, day: today(app), tokens: at_most(length(texts)), cost: 0.0 };
    let mut budget = settings.budget.clone();
    if of == VectorsOf::Articles {
        budget.tokens_per_day = budget.tokens_per_day.map(|most| most / 2);
    }
    reserve(app, share, budget).await
}

/// What vectors took: what their maker says, or four characters a token where it says nothing.
pub fn taken_by_vectors(texts: &[String], said: Option<i64>) -> Tokens {
    let estimated = length(texts) / 4 + 1;
    // Nobody reads more tokens than there are bytes.
    let input = said.filter(|said| (1..=length(texts)).contains(said)).unwrap_or(estimated);
    Tokens { input, output: 0 }
}

fn length(texts: &[String]) -> i64 {
    texts.iter().map(String::len).sum::<usize>() as i64
}

/// Three characters a token is more than most texts need.
fn at_most(chars: i64) -> i64 {
    chars / 3 + 1
}

fn today(app: &App) -> i64 {
    app.clock.now().0 / DAY_MS
}

async fn reserve(app: &App, share: Share, budget: Budget) -> Result<Option<Share>> {
    let Share { tenant, user, .. } = share;
    let taken = app.db.write(move |tx| {
        // So that of many at once, each sees what those before it set aside.
        lock_tenant(tx, tenant)?;
        let Usage { tokens, cost_micros } = share.amount();
        let (of_all, of_user) = store::add_usage(tx, tenant, share.day, user, share.amount())?;
        let fits = |sum: i64, most: Option<i64>| most.is_none_or(|most| sum <= most);
        let has_room = fits(of_all.tokens, budget.tokens_per_day)
            && of_user.is_none_or(|of_user| fits(of_user.tokens, budget.tokens_per_visitor_per_day))
            && fits(of_all.cost_micros, budget.cost_per_day.map(store::micros));
        if !has_room {
            let back = Usage { tokens: -tokens, cost_micros: -cost_micros };
            store::add_usage(tx, tenant, share.day, user, back)?;
        }
        Ok(has_room)
    });
    Ok(taken.await?.then_some(share))
}

/// What was not taken is given back.
pub async fn settle(app: &App, share: Share, cost: f64, tokens: Tokens) -> Result<()> {
    let aside = share.amount();
    let rest = Usage {
        tokens: tokens.input + tokens.output - aside.tokens,
        cost_micros: store::micros(cost) - aside.cost_micros,
    };
    app.db
        .write(move |tx| {
            lock_tenant(tx, share.tenant)?;
            store::add_usage(tx, share.tenant, share.day, share.user, rest)
        })
        .await
        .map(drop)
}

/// What a call took, as far as one can tell: one that broke off or ran over was read, and written to.
pub fn taken(model: &ModelSettings, ask: &Ask, spoken: &std::result::Result<Spoken, Failure>) -> Tokens {
    match spoken {
        Ok(spoken) => spoken.tokens,
        Err(Failure::TooLong | Failure::Broken | Failure::TimedOut) => {
            Tokens { input: ask.chars() / 4 + 1, output: i64::from(model.max_tokens) }
        }
        Err(Failure::Refused | Failure::Nowhere | Failure::Unreachable | Failure::Status(..)) => Tokens::default(),
    }
}

/// By the settings' prices.
pub fn cost(model: &ModelSettings, tokens: Tokens) -> f64 {
    (tokens.input as f64 * model.input_price + tokens.output as f64 * model.output_price) / 1_000_000.0
}

impl Share {
    fn amount(&self) -> Usage {
        Usage { tokens: self.tokens, cost_micros: store::micros(self.cost) }
    }
}
