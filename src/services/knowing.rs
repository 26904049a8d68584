//! What the operator does with a tenant's knowledge at the command line, beside a running server or without one.

use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::auth::operator;
use crate::events::Act;
use crate::platform::clock::Clock;
use crate::platform::config::Config;
use crate::platform::random::Random;
use crate::services;
use crate::tickets::Progress;
use crate::tickets::bot::eval;
use crate::tickets::knowledge::import::{self, Imported};
use crate::tickets::knowledge::model::ArticleStatus;
use crate::tickets::knowledge::site::{self, Outcome};

/// Answers what was done. `from` is a path, or the address of a site map, of which `most` pages are read.
pub async fn import_articles(
    config: &Config,
    tenant: &str,
    from: &Path,
    most: usize,
    as_draft: bool,
    progress: Progress<'_>,
) -> anyhow::Result<String> {
    let (app, _) = services::open(config.clone(), Clock::System, Random::System).await?;
    let status = if as_draft { ArticleStatus::Draft } else { ArticleStatus::Published };
    let imported = match operator::find_tenant(&app.db, tenant).await {
        Ok(tenant) => match from.to_str().filter(|from| site::is_address(from)) {
            Some(address) => {
                let act = Act::of_server(tenant, app.clock.now());
                site::import(&app, &act, address, most, status, progress).await
            }
            None => import::import(&app, tenant, from, status).await.map(|imported| Outcome {
                imported,
                left_out: Vec::new(),
                unlisted: Vec::new(),
            }),
        },
        Err(error) => Err(error.into()),
    };
    app.db.close().await;
    let Outcome { imported: Imported { created, changed, unchanged }, left_out, unlisted } = imported?;
    let mut said = format!("{created} created, {changed} changed, {unchanged} unchanged");
    for (what, list) in [("left out", left_out), ("no longer listed", unlisted)] {
        if !list.is_empty() {
            said.push_str(&format!("\n{what}:\n  {}", list.join("\n  ")));
        }
    }
    Ok(said)
}

/// What the bot is asked.
pub enum Questions {
    OfFile(PathBuf),
    /// Of so many tickets.
    OfCustomers(usize),
}

/// Answers the report.
pub async fn eval_bot(
    config: &Config,
    tenant: &str,
    questions: Questions,
    progress: Progress<'_>,
) -> anyhow::Result<String> {
    // What is wrong in a file is told before anything is opened.
    let cases = match &questions {
        Questions::OfFile(path) => eval::read(path)?,
        Questions::OfCustomers(_) => Vec::new(),
    };
    let (app, _) = services::open(config.clone(), Clock::System, Random::System).await?;
    let report = match (operator::find_tenant(&app.db, tenant).await, questions) {
        (Ok(tenant), Questions::OfFile(path)) => {
            let name = eval::name_of(&path);
            eval::run(&app, tenant, name.clone(), cases, progress).await.context(name)
        }
        (Ok(tenant), Questions::OfCustomers(most)) => eval::replay::run(&app, tenant, most, progress).await,
        (Err(error), _) => Err(error.into()),
    };
    app.db.close().await;
    Ok(report?.in_words())
}
