//! The figures of reports are what happened, whatever way they came about: counted as it happened, with interruptions and
//! by two at once, or anew from the beginning. Histories are random, from a seed that is printed.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use smilechat::analytics::count::catch_up;
use smilechat::error::Result;
use smilechat::platform::db::Tx;
use tokio::time::timeout;

use crate::harness::{Person, Server, Tenant, on_both_engines_for_days};

const STEPS: usize = 260;
const TAGS: &[&str] = &["billing", "order", "=cmd", "coffee"];

struct Cast<'s> {
    server: &'s Server,
    tenant: Tenant<'s>,
    customers: Vec<Person>,
    staff: Vec<Person>,
    tickets: Vec<(String, usize)>,
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_counted_as_it_happens_are_those_counted_anew() {
    let seed: u64 = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    println!("SEED={seed}");
    on_both_engines_for_days(async |server| {
        let random = &mut StdRng::seed_from_u64(seed);
        let (acme, other) = (cast(&server, "acme").await, cast(&server, "other").await);
        let mut casts = [acme, other];
        for step in 0..STEPS {
            let cast = &mut casts[usize::from(random.random_bool(0.3))];
            happen(cast, random, step).await;
            server.pass(random.random_range(0..7200));
            if random.random_bool(0.3) {
                count_somehow(&server, random).await;
            }
        }
        // A number that a cancelled transaction took is missed for so long.
        server.pass(61);
        catch_up(&server.running.app).await.expect("counted");
        let as_it_happened = figures(&server).await;
        let kept = rows(&server, DELETED).await;
        assert!(as_it_happened.len() > 200 && !kept.is_empty(), "{} rows", as_it_happened.len());
        agrees_with_what_there_is(&server).await;
        forget(&server).await;
        assert!(figures(&server).await.is_empty());
        catch_up(&server.running.app).await.expect("counted anew");
        let anew = figures(&server).await;
        let (lost, new): (Vec<_>, Vec<_>) = (
            as_it_happened.iter().filter(|row| !anew.contains(row)).collect(),
            anew.iter().filter(|row| !as_it_happened.contains(row)).collect(),
        );
        assert!(lost.is_empty() && new.is_empty(), "SEED={seed}\nas it happened: {lost:#?}\nanew: {new:#?}");
        assert_eq!(rows(&server, DELETED).await, kept, "what was deleted is kept");
        catch_up(&server.running.app).await.expect("nothing to do");
        assert_eq!(figures(&server).await, anew, "nothing is counted twice");
    })
    .await;
}

async fn cast<'s>(server: &'s Server, name: &'static str) -> Cast<'s> {
    let tenant = server.tenant(name).await;
    let customers = vec![tenant.customer("ann").await, tenant.customer("bob").await, tenant.guest().await];
    let staff = vec![tenant.support("sue").await, tenant.support("sam").await, tenant.admin("ada").await];
    Cast { server, tenant, customers, staff, tickets: Vec::new() }
}

/// One thing that somebody does. What the lifecycle refuses is refused.
async fn happen(cast: &mut Cast<'_>, random: &mut StdRng, step: usize) {
    let server = cast.server;
    let staff = cast.staff.choose(random).expect("staff").clone();
    if cast.tickets.len() < 2 || random.random_bool(0.1) {
        let customer = random.random_range(0..cast.customers.len());
        let opener = cast.customers[customer].clone();
        let mut new = json!({"subject": "Lamp", "tags": some_tags(random)});
        if random.random_bool(0.6) {
            new["message_content"] = json!("Hello");
        }
        let by = if random.random_bool(0.2) {
            new["customer_id"] = json!(opener.id);
            &staff
        } else {
            &opener
        };
        let made = server.post("/api/tickets").by(by).json(new).await.expect(201);
        cast.tickets.push((made["ticket_id"].as_str().expect("an id").to_owned(), customer));
        return;
    }
    let place = random.random_range(0..cast.tickets.len());
    let (ticket, customer) = cast.tickets[place].clone();
    let customer_of_it = cast.customers[customer].clone();
    let path = format!("/api/tickets/{ticket}");
    let patch = async |by: &Person, patch: Value| server.put(&path).by(by).json(patch).await.status;
    match random.random_range(0..100) {
        0..25 => drop(server.say(&customer_of_it, &ticket, "And?").await),
        25..45 => drop(server.say(&staff, &ticket, "Soon.").await),
        45..60 => _ = patch(&staff, json!({"status": "closed"})).await,
        60..66 => _ = patch(&customer_of_it, json!({"status": "open"})).await,
        66..74 => _ = patch(&staff, json!({"support_id": staff.id})).await,
        74..78 => _ = patch(&staff, json!({"support_id": null})).await,
        78..84 => _ = patch(&staff, json!({"tags": some_tags(random)})).await,
        84..92 => {
            let rating = json!({"score": random.random_range(1..=5), "comment": "Fine"});
            server.post(&format!("{path}/rating")).by(&customer_of_it).json(rating).await;
        }
        92..95 => {
            let file = server.upload(&customer_of_it, &ticket, &[("a.txt", format!("text {step}").as_bytes())]).await;
            let message = json!({"message_content": "", "attachment_ids": [file[0]["attachment_id"]]});
            server.post(&format!("/api/messages/{ticket}")).by(&customer_of_it).json(message).await.expect(201);
        }
        95..98 => {
            server.delete(&path).by(&staff).await.expect(204);
            cast.tickets.swap_remove(place);
        }
        _ => identify(cast, step).await,
    }
}

/// The guest turns out to be a customer, and another guest comes.
async fn identify(cast: &mut Cast<'_>, step: usize) {
    let guest = cast.customers[2].clone();
    let user = format!("u{step}");
    let secret = cast.tenant.identity_secret.as_bytes();
    let hash = smilechat::platform::secret::hex(&smilechat::platform::secret::hmac_sha256(secret, &[user.as_bytes()]));
    let call = cast.server.post("/api/auth/identify").key(&cast.tenant.publishable_key).token(&guest.token);
    let customer = Person::of(call.json(json!({"user_id": user, "user_hash": hash})).await.expect(200));
    let new_guest = cast.tenant.guest().await;
    cast.customers.push(customer);
    let place = cast.customers.len() - 1;
    for (_, customer) in cast.tickets.iter_mut().filter(|(_, customer)| *customer == 2) {
        *customer = place;
    }
    cast.customers[2] = new_guest;
}

fn some_tags(random: &mut StdRng) -> Vec<&'static str> {
    TAGS.iter().filter(|_| random.random_bool(0.3)).copied().collect()
}

/// To the end, or cut off at any instant, or by two at once.
async fn count_somehow(server: &Server, random: &mut StdRng) {
    let app = &server.running.app;
    match random.random_range(0..3) {
        0 => catch_up(app).await.expect("counted"),
        1 => {
            let patience = Duration::from_micros(random.random_range(0..5000));
            if let Ok(counted) = timeout(patience, catch_up(app)).await {
                counted.expect("counted");
            }
        }
        _ => {
            let (one, another) = tokio::join!(catch_up(app), catch_up(app));
            one.and(another).expect("counted");
        }
    }
}

const SUMS: &str = "select tenant_key || '/' || dimension || '/' || slot || '/' || name || ': ' || opened || ' ' || closed || ' '
    || reopened || ' ' || assigned || ' ' || customer_messages || ' ' || staff_messages || ' ' || bot_messages || ' ' || bytes
    || ' [' || first_replies || '] [' || resolutions || '] [' || ratings || ']'
    from analytics_slots where dimension <> 'deleted' order by 1";
const DELETED: &str = "select tenant_key || '/' || slot || ': ' || opened || ' ' || closed || ' ' || customer_messages || ' ' || staff_messages
    from analytics_slots where dimension = 'deleted' order by 1";
const TICKETS: &str =
    "select ticket_id || ' ' || tags || ' ' || event_key || ' ' || seq || ' ' || opened_at || ' ' || updated_at
    from analytics_tickets order by 1";

async fn figures(server: &Server) -> Vec<String> {
    let mut all = rows(server, SUMS).await;
    all.extend(rows(server, TICKETS).await);
    all
}

async fn rows(server: &Server, sql: &'static str) -> Vec<String> {
    let read = server.running.app.db.read(move |tx| tx.all(sql, &[], |row| row.take::<String>()));
    read.await.expect("rows")
}

/// Everything that is derived, as on the first start of a version that has reports.
async fn forget(server: &Server) {
    let forgotten = server.running.app.db.write(|tx: &mut Tx<'_>| -> Result<()> {
        for sql in [
            "delete from analytics_slots where dimension <> 'deleted'",
            "delete from analytics_ticket_slots",
            "delete from analytics_tickets",
            "delete from analytics_tenants",
            "update analytics_cursors set position = 0",
        ] {
            tx.execute(sql, &[])?;
        }
        Ok(())
    });
    forgotten.await.expect("forgotten");
}

/// Both ways could share a fault: so the sums are held against what can be counted without them.
async fn agrees_with_what_there_is(server: &Server) {
    for (what, figures, rows) in [
        (
            "tickets",
            "select cast(sum(opened) as bigint) from analytics_slots where dimension = 'all'",
            "select count(*) from tickets",
        ),
        (
            "messages",
            "select cast(sum(customer_messages + staff_messages) as bigint) from analytics_slots where dimension = 'all'",
            "select count(*) from messages",
        ),
        (
            "messages by channel",
            "select cast(sum(customer_messages + staff_messages) as bigint) from analytics_slots where dimension = 'channel'",
            "select count(*) from messages",
        ),
        (
            "messages of customers",
            "select cast(sum(customer_messages) as bigint) from analytics_slots where dimension = 'all'",
            "select count(*) from messages m join tickets t on t.ticket_key = m.ticket_key where m.sender_key = t.customer_key",
        ),
        (
            "messages of agents",
            "select cast(sum(staff_messages) as bigint) from analytics_slots where dimension = 'agent'",
            "select count(*) from messages m join tickets t on t.ticket_key = m.ticket_key where m.sender_key <> t.customer_key",
        ),
        (
            "tickets by tag",
            "select cast(sum(opened) as bigint) from analytics_slots where dimension = 'tag'",
            "select count(*) from ticket_tags",
        ),
        (
            "closings",
            "select cast(sum(closed) as bigint) from analytics_slots where dimension = 'all'",
            "select count(*) from events e join tickets t on t.ticket_id = e.ticket_id
             where e.kind = 'ticket_updated' and e.data like '%\"status\":\"closed\"%'",
        ),
        (
            "reopenings",
            "select cast(sum(reopened) as bigint) from analytics_slots where dimension = 'all'",
            "select count(*) from events e join tickets t on t.ticket_id = e.ticket_id
             where e.kind = 'ticket_updated' and e.data like '%\"closed_at\":null%'",
        ),
        (
            "bytes",
            "select cast(sum(bytes) as bigint) from analytics_slots where dimension = 'all'",
            "select cast(coalesce(sum(size), 0) as bigint) from attachments where message_seq is not null",
        ),
    ] {
        assert_eq!(server.count(figures).await, server.count(rows).await, "{what}");
    }
    let ratings: i64 = rows(server, "select ratings from analytics_slots where dimension = 'all' and ratings <> ''")
        .await
        .iter()
        .flat_map(|text| text.split(' '))
        .filter_map(|entry| entry.split(':').nth(1)?.parse::<i64>().ok())
        .sum();
    assert_eq!(ratings, server.count("select count(*) from ratings").await);
}

/// More messages than one transaction reads: the ticket is counted in several, to the same.
#[tokio::test(flavor = "multi_thread")]
async fn counting_ends_while_tickets_go_on_changing() {
    on_both_engines_for_days(async |server| {
        let tenant = server.tenant("acme").await;
        let customer = tenant.customer("ann").await;
        for _ in 0..45 {
            server.ticket(&customer, "Lamp").await;
        }
        let app = &server.running.app;
        let change = async || loop {
            let changed = app.db.write(|tx| tx.execute("update tickets set updated_at = updated_at + 1", &[])).await;
            changed.expect("changed");
        };
        let counted = async {
            tokio::select! {
                counted = catch_up(app) => counted,
                () = change() => unreachable!("it goes on for ever"),
            }
        };
        timeout(Duration::from_secs(60), counted).await.expect("it comes to an end").expect("counted");
        assert_eq!(server.count("select count(*) from analytics_tickets").await, 45);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_conversation_is_counted_in_portions() {
    let server = Server::sqlite().await;
    let acme = server.tenant("acme").await;
    let (ann, sue) = (acme.customer("ann").await, acme.support("sue").await);
    let ticket = server.ticket(&ann, "Lamp").await;
    let many = server.running.app.db.write(|tx| {
        for seq in 1..=5000i64 {
            tx.execute(
                "insert into messages (ticket_key, seq, tenant_key, sender_key, kind, message_content, timestamp)
                 select ticket_key, $1, tenant_key, customer_key, 'text', 'x', created_at + $1 from tickets",
                &[seq.into()],
            )?;
        }
        tx.execute("update tickets set last_seq = 5000, updated_at = updated_at + 5000", &[])?;
        Ok(())
    });
    many.await.expect("many messages");
    server.say(&sue, &ticket, "That is a lot.").await;
    catch_up(&server.running.app).await.expect("counted");
    let sum = "select cast(sum(customer_messages) as bigint) from analytics_slots where dimension = 'all'";
    assert_eq!(server.count(sum).await, 5000);
    assert_eq!(server.count("select seq from analytics_tickets").await, 5001);
}
