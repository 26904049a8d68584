//! `smilechat top`: how a running server is doing, in a terminal, from its `/metrics`. For who has no Grafana, or sits before
//! a shell when it matters.

mod figures;
mod frame;
mod line;
mod numbers;
mod parts;
mod routes;
mod screen;
mod state;

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use reqwest::Client;
use tokio::time::MissedTickBehavior;

use self::figures::{Scrape, View};
use self::line::Line;
use self::screen::{Screen, Wish};
use crate::platform::tls;

const TIMEOUT: Duration = Duration::from_secs(3);
/// A server with every route in use has some hundred kilobytes of figures.
const MOST_BYTES: usize = 4 << 20;
/// The size of a frame where there is no terminal to ask.
const USUAL_SIZE: (usize, usize) = (80, 24);

/// Until the reader has seen enough; once, if `once`.
pub async fn run(url: &str, every: Duration, once: bool) -> anyhow::Result<()> {
    let source = Source::new(url)?;
    if once {
        return super::print(&one_frame(&source, every).await?);
    }
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        bail!("this is no terminal; use --once for one frame");
    }
    let mut screen = Screen::open()?;
    let mut turns = tokio::time::interval(every);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen = Seen::default();
    loop {
        let (columns, rows) = screen.size().unwrap_or(USUAL_SIZE);
        screen.draw(&seen.frame(&source.shown, columns, rows))?;
        tokio::select! {
            _ = turns.tick() => seen.take(source.scrape().await),
            wish = screen.wish() => if wish == Wish::End { return Ok(()) },
        }
    }
}

async fn one_frame(source: &Source, every: Duration) -> anyhow::Result<String> {
    let scrape = async || source.scrape().await.with_context(|| source.shown.clone());
    let mut seen = Seen::default();
    seen.take(Ok(scrape().await?));
    tokio::time::sleep(every).await;
    seen.take(Ok(scrape().await?));
    let mut lines = seen.frame(&source.shown, USUAL_SIZE.0, USUAL_SIZE.1);
    // There is no screen to fill, and nothing to end by a key.
    lines.pop();
    let text: Vec<_> = lines.iter().map(|line| line.plain().trim_end().to_owned()).collect();
    Ok(text.join("\n").trim_end().to_owned())
}

/// The last two scrapes that came, and what is wrong if the next does not.
#[derive(Default)]
struct Seen {
    before: Option<Scrape>,
    last: Option<Scrape>,
    trouble: Option<(String, Instant)>,
}

impl Seen {
    fn take(&mut self, scrape: anyhow::Result<Scrape>) {
        match scrape {
            Ok(scrape) => {
                self.before = self.last.replace(scrape);
                self.trouble = None;
            }
            Err(error) => {
                let since = self.trouble.take().map_or_else(Instant::now, |(_, since)| since);
                self.trouble = Some((format!("{error:#}"), since));
            }
        }
    }

    fn frame(&self, url: &str, columns: usize, rows: usize) -> Vec<Line> {
        let view = self.last.as_ref().map(|last| View::between(self.before.as_ref(), last));
        let trouble = self.trouble.as_ref().map(|(why, since)| (why.as_str(), since.elapsed()));
        frame::compose(url, view.as_ref(), trouble, columns, rows)
    }
}

struct Source {
    client: Client,
    url: String,
    shown: String,
}

impl Source {
    fn new(url: &str) -> anyhow::Result<Self> {
        tls::install();
        let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        let shown = url.trim_end_matches('/').trim_end_matches("/metrics").trim_end_matches('/').to_owned();
        let client = Client::builder().timeout(TIMEOUT).build().context("the client for /metrics")?;
        Ok(Self { client, url: format!("{shown}/metrics"), shown })
    }

    async fn scrape(&self) -> anyhow::Result<Scrape> {
        let asked = self.client.get(&self.url).send().await.map_err(|error| anyhow::anyhow!(innermost(&error)))?;
        if !asked.status().is_success() {
            bail!("/metrics is answered with {}", asked.status());
        }
        let mut answer = asked;
        let mut text = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(|error| anyhow::anyhow!(innermost(&error)))? {
            text.extend_from_slice(&part);
            if text.len() > MOST_BYTES {
                bail!("/metrics does not end");
            }
        }
        let scrape = Scrape::of(&String::from_utf8_lossy(&text), Instant::now());
        scrape.context("/metrics holds no figures of SmileChat")
    }
}

/// What is wrong in the end, without its number: the layers above it repeat the address.
pub(super) fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let words = cause.to_string();
    words.split(" (os error").next().unwrap_or_default().to_owned()
}
