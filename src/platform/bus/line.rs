//! The line to the bus: connected, and again after a pause whenever it breaks.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::envelope::{Pack, Seal};
use super::pulse::{BEAT, PATIENCE};
use super::queue::{Heard, Inlet};
use super::{Shared, ToSay, count_junk};
use crate::platform::db::Channel;
use crate::platform::redis::{Redis, Speaker, Subscription};

/// PostgreSQL takes notifications below 8000 bytes.
const MOST_BYTES_OF_NOTIFY: usize = 7900;
const MOST_BYTES: usize = 60_000;
const CONNECT: Duration = Duration::from_secs(3);
/// For one payload to be taken.
const SAY: Duration = Duration::from_millis(500);
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
const BEAT_WORD: &str = "beat ";
pub(super) const GOODBYE: &str = "goodbye";

pub(super) enum Place {
    /// The database's URL.
    Postgres(String),
    Redis(Redis),
}

pub(super) struct Line {
    pub shared: Arc<Shared>,
    pub place: Place,
    pub seal: Seal,
    pub to_say: mpsc::Receiver<ToSay>,
    pub inlet: Inlet,
}

enum Mouth {
    Postgres(Arc<Channel>),
    Redis(Speaker),
}

enum Ear {
    Postgres(Arc<Channel>),
    Redis(Box<Subscription>),
}

impl Place {
    pub fn postgres(url: &str) -> anyhow::Result<Self> {
        Channel::check(url)?;
        Ok(Self::Postgres(url.to_owned()))
    }

    pub fn kind(&self) -> &'static str {
        match self {
            Self::Postgres(_) => "postgres",
            Self::Redis(_) => "redis",
        }
    }

    fn most_bytes(&self) -> usize {
        match self {
            Self::Postgres(_) => MOST_BYTES_OF_NOTIFY,
            Self::Redis(_) => MOST_BYTES,
        }
    }

    async fn connect(&self, channel: &str) -> anyhow::Result<(Mouth, Ear)> {
        match self {
            Self::Postgres(url) => {
                let open = Arc::new(Channel::open(url, channel).await?);
                Ok((Mouth::Postgres(open.clone()), Ear::Postgres(open)))
            }
            Self::Redis(redis) => {
                let ear = redis.subscribe(channel).await?;
                Ok((Mouth::Redis(redis.speaker(SAY).await?), Ear::Redis(Box::new(ear))))
            }
        }
    }
}

impl Mouth {
    async fn say(&mut self, channel: &str, payload: &str) -> anyhow::Result<()> {
        match self {
            Self::Postgres(open) => open.notify(channel, payload).await,
            Self::Redis(speaker) => speaker.publish(channel, payload).await,
        }
    }
}

impl Ear {
    /// None where it was no text.
    async fn hear(&mut self) -> anyhow::Result<Option<String>> {
        match self {
            Self::Postgres(open) => open.heard().await.map(Some),
            Self::Redis(subscription) => subscription.heard().await,
        }
    }
}

impl Line {
    pub async fn run(mut self) {
        let mut pause = FIRST_PAUSE;
        // One that was never there is told of as well.
        let mut is_told = false;
        loop {
            let connected = timeout(CONNECT, self.place.connect(&self.seal.channel)).await;
            let ended = match connected.context("it does not answer").and_then(|connected| connected) {
                Ok((mouth, ear)) => self.serve(mouth, ear).await,
                Err(error) => error,
            };
            // What was on its way when the line broke may be lost.
            self.shared.pulse.note_gap();
            if self.shared.pulse.stop() {
                (pause, is_told) = (FIRST_PAUSE, false);
                self.inlet.pass(Heard::MayHaveMissed);
            }
            if !std::mem::replace(&mut is_told, true) {
                tracing::warn!(bus = self.shared.kind, error = %ended, "the bus is down: other nodes are read from the database");
            }
            metrics::gauge!("smilechat_bus_up").set(0.0);
            self.drop_what_waits();
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Both ways, until one of them fails.
    async fn serve(&mut self, mut mouth: Mouth, mut ear: Ear) -> anyhow::Error {
        let Self { shared, place, seal, to_say, inlet } = self;
        let beat_now = Notify::new();
        let listening = listen(shared, seal, inlet, &mut ear, &beat_now);
        let speaking = speak(shared, seal, place.most_bytes(), to_say, &mut mouth, &beat_now);
        tokio::select! {
            Err(error) = listening => error,
            Err(error) = speaking => error,
            else => anyhow!("it ended"),
        }
    }

    fn drop_what_waits(&mut self) {
        while let Ok(waiting) = self.to_say.try_recv() {
            if let ToSay::Line(_) = waiting {
                note_dropped(&self.shared, 1);
            }
        }
    }
}

async fn listen(shared: &Shared, seal: &Seal, inlet: &Inlet, ear: &mut Ear, beat_now: &Notify) -> anyhow::Result<()> {
    loop {
        let payload = ear.hear().await?;
        let payload = payload.filter(|payload| payload.len() <= MOST_BYTES);
        let Some(opened) = payload.as_deref().and_then(|payload| seal.open(payload)) else {
            count_junk();
            continue;
        };
        let now = Instant::now();
        // What somebody else repeats says nothing of a clock.
        if *opened.from != *shared.node && shared.peers.is_news(&opened.from, opened.number) {
            shared.note_clock(&opened, now);
        }
        if !shared.is_fresh(opened.sent_at) {
            count_junk();
            continue;
        }
        if *opened.from == *shared.node {
            let beats = opened.lines.iter().filter_map(|line| line.strip_prefix(BEAT_WORD)?.parse().ok());
            // All of them are noted, whichever brought it up.
            if beats.filter(|beat| shared.pulse.came_back(*beat, now)).count() > 0 {
                tracing::info!(bus = shared.kind, "the bus is up");
                metrics::gauge!("smilechat_bus_up").set(1.0);
                inlet.pass(Heard::MayHaveMissed);
            }
            inlet.catch_up();
            continue;
        }
        // Heard before: somebody repeats what our nodes have said.
        if !shared.peers.is_news(&opened.from, opened.number) {
            count_junk();
            continue;
        }
        metrics::counter!("smilechat_bus_received_total").increment(1);
        if opened.lines.contains(&GOODBYE) {
            shared.peers.part(&opened.from);
        } else if shared.peers.hear(&opened.from, opened.number, now) {
            tracing::info!(node = &*opened.from, "another node is there");
            // What was not said for want of listeners may matter to it. It may know nobody yet itself, and says nothing to
            // nobody.
            shared.pulse.note_gap();
            beat_now.notify_one();
            inlet.pass(Heard::MayHaveMissed);
        } else if opened.has_gap {
            inlet.pass(Heard::MayHaveMissed);
        }
        for line in opened.lines.iter().filter(|line| !line.starts_with(BEAT_WORD) && **line != GOODBYE) {
            inlet.pass(Heard::Line { from: opened.from.clone(), text: (*line).to_owned() });
        }
    }
}

async fn speak(
    shared: &Shared,
    seal: &Seal,
    most_bytes: usize,
    to_say: &mut mpsc::Receiver<ToSay>,
    mouth: &mut Mouth,
    beat_now: &Notify,
) -> anyhow::Result<()> {
    let mut beats = interval(BEAT);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut left = None;
    loop {
        let (mut pack, mut marks) = (Pack::new(most_bytes), Vec::new());
        let first = match left.take() {
            Some(line) => Some(ToSay::Line(line)),
            None => tokio::select! {
                waiting = to_say.recv() => waiting,
                _ = beats.tick() => beat(shared)?,
                () = beat_now.notified() => beat(shared)?,
            },
        };
        let mut next = first;
        while let Some(waiting) = next {
            left = take(waiting, &mut pack, &mut marks);
            next = if left.is_none() { to_say.try_recv().ok() } else { None };
        }
        if pack.lines.is_empty() && left.take().is_some() {
            tracing::warn!("a line is too long for the bus");
            note_dropped(shared, 1);
        }
        if !pack.lines.is_empty() {
            let payload = seal.close(&shared.head(), &pack.lines);
            let said = timeout(SAY, mouth.say(&seal.channel, &payload)).await;
            if let Err(error) = said.context("it takes nothing").and_then(|said| said) {
                note_dropped(shared, pack.lines.len() as u64);
                return Err(error);
            }
            metrics::counter!("smilechat_bus_published_total").increment(1);
        }
        // Who no longer waits for it has no need of it.
        marks.into_iter().for_each(|mark: oneshot::Sender<()>| _ = mark.send(()));
    }
}

/// Answers a line back that has no room in the pack.
fn take(waiting: ToSay, pack: &mut Pack, marks: &mut Vec<oneshot::Sender<()>>) -> Option<String> {
    match waiting {
        ToSay::Line(line) => pack.add(line).err(),
        ToSay::Mark(mark) => {
            marks.push(mark);
            None
        }
    }
}

fn note_dropped(shared: &Shared, lines: u64) {
    shared.pulse.note_gap();
    metrics::counter!("smilechat_bus_dropped_total").increment(lines);
}

/// The next beat. None while the last one is under way; an error if it has been for too long.
fn beat(shared: &Shared) -> anyhow::Result<Option<ToSay>> {
    let now = Instant::now();
    if shared.pulse.is_lost(now) {
        bail!("nothing has come back for {} ms", PATIENCE.as_millis());
    }
    if shared.has_left.load(Ordering::Relaxed) {
        return Ok(None);
    }
    Ok(shared.pulse.beat(now).map(|number| ToSay::Line(format!("{BEAT_WORD}{number}"))))
}
