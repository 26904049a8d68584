//! `smilechat demo`: people and conversations to look at, in the tenant `default`.
//!
//! Everything goes through the verbs that serve real people, in one transaction, with a clock that is turned back. So
//! it is there whole or not at all, and a second run finds it and changes nothing. `crowd` adds as many as one likes.

mod crowd;
mod hand_out;
pub mod knowledge;
mod past;
mod photo;
mod stories;

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::Map;

pub use self::hand_out::{hand_out, how_to_sign_in, publishable_key};
use self::stories::{COLOR, Does, GREETING, PEOPLE, QUICK_REPLIES, SHOP, STORIES, Story};
use crate::analytics::count;
use crate::app::App;
use crate::auth::model::{Caller, Role};
use crate::auth::operator;
use crate::auth::widget::{self, WidgetPatch};
use crate::error::{Error, Result};
use crate::events::Act;
use crate::platform::clock::{Clock, Timestamp};
use crate::platform::config::{Config, Environment};
use crate::platform::db::Tx;
use crate::platform::random::Random;
use crate::services;
use crate::tickets::assign::Online;
use crate::tickets::attachments::upload::{self, Staged};
use crate::tickets::create::{self, NewTicketRequest};
use crate::tickets::messages::read;
use crate::tickets::messages::send::{self, NewMessage};
use crate::tickets::model::{Scope, TicketStatus};
use crate::tickets::rating::{self, NewRating};
use crate::tickets::update::{self, TicketPatch};
use crate::tickets::{notes, store};

/// Known to everybody, which is why production refuses it.
const PASSWORD: &str = "smilechat-demo";

/// Fills an empty tenant `default`, up to so many `messages` if they are given; answers how to sign in.
pub async fn seed(config: &Config, messages: Option<u32>) -> anyhow::Result<String> {
    if config.env == Environment::Production {
        bail!("the demo accounts have a password that everybody knows; there is no demo with SMILECHAT_ENV=production");
    }
    let hands = Arc::new(AtomicI64::new(Clock::System.now().0));
    let mut patient = config.clone();
    // One transaction holds all of it, and nobody waits behind it; a server beside it may hold the file for a while.
    let database = &mut patient.database;
    (database.statement_timeout_seconds, database.queue_timeout_seconds, database.busy_timeout_seconds) =
        (600, 300, 60);
    let (app, _) = services::open(patient, Clock::Manual(hands.clone()), Random::System).await?;
    let password_hash = app.auth.passwords.hash(PASSWORD.to_owned()).await?;
    let key_file = key_file(config);
    let known = fs::read_to_string(&key_file).ok();
    app.files.prepare().await?;
    // Where people are already, there is nothing to send it with.
    let photo = match known {
        Some(_) => None,
        None => Some(upload::stage_own(&app, app.auth.default_tenant, "torn-bag.png", photo::draw()).await?),
    };
    let (shared, known_before) = (app.clone(), known.clone());
    let seeded = app
        .db
        .write(move |tx| {
            fill(tx, &shared, &hands, &password_hash, photo)?;
            operator::keep_publishable_key(tx, &shared, known_before.as_deref())
        })
        .await;
    // So that reports have something to say from the first look on.
    let counted = count::catch_up(&app).await;
    // The server counts these beside its requests.
    let gathered = match (&seeded, messages) {
        (Ok(_), Some(messages)) => crowd::gather(&app, messages.into()).await,
        _ => Ok(()),
    };
    app.db.close().await;
    let key = seeded?;
    counted?;
    gathered?;
    if known.as_ref() != Some(&key) {
        write_key(&key_file, &key).with_context(|| format!("cannot keep the demo's key in {}", key_file.display()))?;
    }
    Ok(hand_out::in_words(&key))
}

/// Does nothing where the first person is there already.
fn fill(tx: &mut Tx<'_>, app: &App, hands: &AtomicI64, password_hash: &str, mut photo: Option<Staged>) -> Result<()> {
    let now = app.clock.now();
    let turn_back = |minutes: u64| hands.store(now.minus(Duration::from_secs(minutes * 60)).0, Ordering::SeqCst);
    let mut people = HashMap::new();
    for person in PEOPLE {
        turn_back(person.days_ago * 24 * 60);
        match operator::add_person(tx, app, person.username, person.name, person.role, password_hash)? {
            Some(caller) => _ = people.insert(person.username, caller),
            None if people.is_empty() => break,
            None => return Err(Error::Conflict("username_taken")),
        }
    }
    if let Some(owner) = people.get(PEOPLE[0].username).cloned() {
        for (username, name) in past::CUSTOMERS {
            let caller = operator::add_person(tx, app, username, name, Role::Customer, password_hash)?;
            people.insert(username, caller.ok_or(Error::Conflict("username_taken"))?);
        }
        turn_back(PEOPLE[0].days_ago * 24 * 60);
        widget::update_in(tx, &Act::of(&owner, app.clock.now()), looks())?;
        let past = past::tickets(now);
        let mut stories: Vec<Story<'_>> = past.iter().map(past::Past::story).chain(STORIES.iter().copied()).collect();
        // In the order of time, so that the numbers of the tickets are.
        stories.sort_by_key(|story| Reverse(story.minutes_ago));
        for story in &stories {
            tell(tx, app, &people, story, &mut photo, turn_back)?;
        }
        // Behind the stories, in which people answered.
        hands.store(now.0, Ordering::SeqCst);
        knowledge::fill(tx, app, &Act::of(&owner, now))?;
    }
    hands.store(now.0, Ordering::SeqCst);
    Ok(())
}

/// How the shop's widget looks and greets.
fn looks() -> WidgetPatch {
    WidgetPatch {
        name: Some(SHOP.into()),
        greeting: Some(GREETING.into()),
        primary_color: Some(COLOR.into()),
        quick_replies: Some(QUICK_REPLIES.iter().map(|reply| reply.to_string()).collect()),
        ask_rating: Some(true),
        ..WidgetPatch::default()
    }
}

fn tell(
    tx: &mut Tx<'_>,
    app: &App,
    people: &HashMap<&str, Caller>,
    story: &Story<'_>,
    photo: &mut Option<Staged>,
    turn_back: impl Fn(u64),
) -> Result<()> {
    let who = |name: &str| people.get(name).ok_or(Error::bug("a story names somebody who is not there"));
    let nobody = Online::now(app, app.auth.default_tenant);
    turn_back(story.minutes_ago);
    let new = NewTicketRequest {
        subject: story.subject.into(),
        message_content: Some(story.opening.into()),
        priority: Some(story.priority),
        tags: story.tags.iter().map(|tag| tag.to_string()).collect(),
        custom: Map::new(),
        customer_id: None,
        bot: None,
    };
    let ticket_id = create::create_in(tx, app, who(story.customer)?, &new, &nobody)?.ticket_id;
    let mut minutes_ago = story.minutes_ago;
    for (minutes, name, does) in story.steps {
        minutes_ago = minutes_ago.saturating_sub(*minutes);
        turn_back(minutes_ago);
        let (caller, now) = (who(name)?, app.clock.now());
        let ticket = store::find(tx, Scope::of(caller), &ticket_id)?;
        // Whoever does something has read what was said before.
        read::read_in(tx, caller, &ticket, ticket.last_seq, now)?;
        operator::note_active(tx, caller, now)?;
        match does {
            Does::Says(text) => say(tx, caller, &ticket_id, text, None, now)?,
            Does::Shows(text) => say(tx, caller, &ticket_id, text, photo.take(), now)?,
            Does::Notes(text) => _ = notes::create_in(tx, app, caller, &ticket_id, text.to_string())?,
            Does::Closes => {
                let patch = TicketPatch { status: Some(TicketStatus::Closed), ..TicketPatch::default() };
                update::update_in(tx, caller, &ticket_id, &patch, &nobody, now)?;
            }
            Does::Rates(score, comment) => {
                let new = NewRating { score: *score, comment: comment.map(str::to_owned) };
                rating::rate_in(tx, caller, &ticket_id, &new, now)?;
            }
        }
    }
    Ok(())
}

fn say(
    tx: &mut Tx<'_>,
    caller: &Caller,
    ticket_id: &str,
    text: &str,
    photo: Option<Staged>,
    now: Timestamp,
) -> Result<()> {
    let attachments = match photo {
        Some(staged) => upload::write_rows(tx, caller, ticket_id, staged, now)?,
        None => Vec::new(),
    };
    let attachment_ids = attachments.into_iter().map(|attachment| attachment.attachment_id).collect();
    let new = NewMessage { message_content: text.into(), client_id: None, attachment_ids };
    send::send_in(tx, caller, ticket_id, &new, now)?;
    Ok(())
}

/// A database that was a demo once keeps its accounts, an admin among them.
pub async fn refuse_in_production(app: &App) -> anyhow::Result<()> {
    if app.config.env != Environment::Production {
        return Ok(());
    }
    let tenant = app.auth.default_tenant;
    let stored = app.db.read(move |tx| {
        let passwords = PEOPLE.iter().map(|person| operator::find_password(tx, tenant, person.username));
        passwords.collect::<Result<Vec<_>>>()
    });
    for (person, stored) in PEOPLE.iter().zip(stored.await?) {
        if stored.is_some() && app.auth.passwords.verify(PASSWORD.to_owned(), stored).await? {
            bail!(
                "{} has the demo's password, which everybody knows; take another database (SMILECHAT_DATA_DIR or \
                 DATABASE_URL), or disable the accounts that `smilechat demo` has made",
                person.username
            );
        }
    }
    Ok(())
}

fn key_file(config: &Config) -> PathBuf {
    Path::new(&config.data_dir).join("demo-key")
}

/// The server keeps only a hash of the key, and the next run is to print the same one.
fn write_key(path: &Path, key: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    Ok(file.write_all(key.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use garde::Validate;

    use super::*;
    use crate::events;
    use crate::platform::config::{load, prepare};
    use crate::tickets::messages::store as messages;

    fn config(folder: &Path, more: &[(&str, &str)]) -> Config {
        let mut environment = BTreeMap::from([("SMILECHAT_DATA_DIR".to_owned(), folder.display().to_string())]);
        environment.extend(more.iter().map(|(name, value)| (name.to_string(), value.to_string())));
        let mut config = load(&environment, None, Vec::new()).expect("no mistake").config;
        prepare(&mut config, &Random::System).expect("prepared");
        config
    }

    /// All there is to see: tickets with how far they have come, and how much has happened.
    async fn contents(config: &Config) -> (Vec<(String, Timestamp, i64)>, usize) {
        let (app, _) = services::open(config.clone(), Clock::System, Random::System).await.expect("opened");
        let scope = Scope { tenant: app.auth.default_tenant, customer: None };
        let read = app.db.read(move |tx| {
            let tickets = store::list(tx, scope, &store::Filter::default(), None, 10_000)?;
            let tickets = tickets.into_iter().map(|ticket| (ticket.ticket_id, ticket.updated_at, ticket.last_seq));
            Ok((tickets.collect(), events::store::list(tx, scope.tenant, None, 10_000)?.len()))
        });
        let contents = read.await.expect("read");
        app.db.close().await;
        contents
    }

    #[tokio::test]
    async fn a_second_run_changes_nothing_and_says_the_same() {
        let folder = tempfile::tempdir().expect("a folder");
        let config = config(folder.path(), &[]);
        let first = seed(&config, None).await.expect("seeded");
        let filled = contents(&config).await;
        assert!(filled.0.len() > STORIES.len() + 200, "{} tickets", filled.0.len());
        assert!(filled.1 > PEOPLE.len() + STORIES.len());
        assert_eq!(seed(&config, None).await.expect("seeded again"), first);
        assert_eq!(contents(&config).await, filled);
    }

    #[tokio::test]
    async fn a_crowd_comes_up_to_the_number_asked_for_and_only_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let config = config(folder.path(), &[]);
        seed(&config, Some(5000)).await.expect("seeded");
        let filled = contents(&config).await;
        let messages: i64 = filled.0.iter().map(|(.., last_seq)| last_seq).sum();
        assert!((4980..=5000).contains(&messages), "{messages} messages");
        seed(&config, Some(5000)).await.expect("seeded again");
        assert_eq!(contents(&config).await, filled);
    }

    #[tokio::test]
    async fn the_tickets_are_of_all_statuses_and_of_the_past() {
        let folder = tempfile::tempdir().expect("a folder");
        let config = config(folder.path(), &[]);
        seed(&config, None).await.expect("seeded");
        let (app, _) = services::open(config, Clock::System, Random::System).await.expect("opened");
        let scope = Scope { tenant: app.auth.default_tenant, customer: None };
        let tickets =
            app.db.read(move |tx| store::list(tx, scope, &store::Filter::default(), None, 100)).await.expect("listed");
        for status in TicketStatus::ALL {
            assert!(tickets.iter().filter(|ticket| ticket.status == status).count() >= 3, "{status:?}");
        }
        for ticket in &tickets {
            let name = &ticket.subject;
            assert!(ticket.status != TicketStatus::InProgress || ticket.support.is_some(), "{name} is with nobody");
            assert!(ticket.status != TicketStatus::Closed || ticket.staff_side.unread == 0, "{name} was not read");
        }
        assert!(tickets.iter().all(|ticket| ticket.updated_at <= app.clock.now() && ticket.last_seq > 0));
        assert!(tickets.is_sorted_by_key(|ticket| -ticket.updated_at.0));
        let torn =
            tickets.into_iter().find(|ticket| ticket.subject.contains("torn bag")).expect("the story of the bag");
        let list = move |tx: &mut Tx<'_>| messages::list_after(tx, scope.tenant, torn.key, &torn.ticket_id, 0, 100);
        let said = app.db.read(list).await.expect("listed");
        let shown: Vec<_> = said.iter().flat_map(|message| &message.attachments).collect();
        assert!(shown.len() == 1 && shown[0].is_image, "one message has a picture: {shown:?}");
        app.db.close().await;
    }

    #[tokio::test]
    async fn the_widget_looks_as_the_shop_does() {
        let folder = tempfile::tempdir().expect("a folder");
        let config = config(folder.path(), &[]);
        seed(&config, None).await.expect("seeded");
        let (app, _) = services::open(config, Clock::System, Random::System).await.expect("opened");
        let tenant = app.auth.default_tenant;
        let shown = app.db.read(move |tx| widget::find(tx, tenant)).await.expect("found");
        let replies: Vec<&str> = shown.quick_replies.iter().map(String::as_str).collect();
        assert_eq!((shown.name.as_str(), shown.greeting.as_str()), (SHOP, GREETING));
        assert_eq!((shown.primary_color.as_str(), replies.as_slice()), (COLOR, QUICK_REPLIES));
        looks().validate().expect("what the route would take as well");
        app.db.close().await;
        let shop = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/apps/demo");
        let read = |file: &str| fs::read_to_string(shop.join(file)).expect("a file of the shop");
        assert!(read("index.html").contains(&format!("<title>{SHOP} ")));
        assert!(read("src/styles/page.css").contains(&format!("--accent: light-dark({COLOR},")));
    }

    #[test]
    fn the_past_is_the_same_every_time_and_over() {
        let now = Timestamp(1_780_000_000_000);
        let (once, again) = (past::tickets(now), past::tickets(now));
        assert_eq!(once.len(), again.len());
        for (one, other) in once.iter().zip(&again) {
            let (one, other) = (one.story(), other.story());
            assert_eq!(
                (one.minutes_ago, one.customer, one.subject),
                (other.minutes_ago, other.customer, other.subject)
            );
            let lasts: u64 = one.steps.iter().map(|(minutes, ..)| minutes).sum();
            assert!(one.minutes_ago > lasts, "it ends in the future");
            assert!(PEOPLE.iter().all(|person| person.username != one.customer));
        }
        assert!(
            once.iter().filter(|past| past.story().steps.iter().any(|step| matches!(step.2, Does::Rates(..)))).count()
                > 80
        );
    }

    #[tokio::test]
    async fn production_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let secret = Random::System.token("");
        let config = config(folder.path(), &[("SMILECHAT_ENV", "production"), ("JWT_SECRET", &secret)]);
        assert!(seed(&config, None).await.expect_err("refused").to_string().contains("production"));
        assert!(!folder.path().join("smilechat.db").exists());
    }

    #[tokio::test]
    async fn a_database_with_the_demo_in_it_does_not_serve_in_production() {
        let (demo, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        seed(&config(demo.path(), &[]), None).await.expect("seeded");
        // Whatever else is in the folder, or in another one.
        fs::remove_file(demo.path().join("demo-key")).expect("removed");
        let secret = Random::System.token("");
        for (folder, serves) in [(demo, false), (other, true)] {
            let production = config(folder.path(), &[("SMILECHAT_ENV", "production"), ("JWT_SECRET", &secret)]);
            let (app, _) = services::open(production, Clock::System, Random::System).await.expect("opened");
            match refuse_in_production(&app).await {
                Ok(()) => assert!(serves),
                Err(why) => assert!(!serves && why.to_string().contains("olivia has the demo's password"), "{why}"),
            }
            app.db.close().await;
        }
    }
}
