//! From what happened to what is to be told: once, whatever comes between, and with turns for all.

use std::time::Duration;

use serde_json::json;
use smilechat::error::Result;
use smilechat::notifications::derive;
use smilechat::platform::db::Tx;
use tokio::time::timeout;

use super::receiver::Got;
use super::{create, settle, until, with_receiver};

#[tokio::test(flavor = "multi_thread")]
async fn each_thing_is_told_once_whoever_derives_and_however_often_it_is_cut_off() {
    with_receiver(async |server, receiver| {
        let app = server.running.app.clone();
        let acme = server.tenant("acme").await;
        let (ada, ann) = (acme.admin("ada").await, acme.customer("ann").await);
        create(&server, &ada, &receiver.url("/hook"), &["ticket.created", "message.sent"]).await;
        let mut tickets = Vec::new();
        for _ in 0..5 {
            tickets.push(server.ticket(&ann, "Lamp").await);
        }
        for round in 0..40_u64 {
            let ticket = &tickets[round as usize % tickets.len()];
            server.say(&ann, ticket, &format!("{round}")).await;
            let _ = timeout(Duration::from_micros(round * 97 % 4000), derive(&app)).await;
            let (one, another) = tokio::join!(derive(&app), derive(&app));
            one.and(another).expect("derived");
        }
        settle(&server).await;
        let told = receiver.until("/hook", 45).await;
        for ticket in &tickets {
            let of_ticket: Vec<_> = told.iter().filter(|got| got.raw.contains(ticket.as_str())).collect();
            assert_eq!(of_ticket[0].kind(), "ticket.created");
            let seqs: Vec<_> =
                of_ticket[1..].iter().map(|got| got.body["data"]["message"]["seq"].as_i64().expect("a seq")).collect();
            assert_eq!(seqs, (1..=8).collect::<Vec<_>>());
        }
        assert_eq!(server.count("select count(*) from webhook_deliveries").await, 45);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_stops_nobody() {
    with_receiver(async |server, receiver| {
        let app = server.running.app.clone();
        let (acme, other) = (server.tenant("acme").await, server.tenant("other").await);
        let (ada, ann) = (acme.admin("ada").await, acme.customer("ann").await);
        let (zoe, tom) = (other.admin("zoe").await, other.customer("tom").await);
        create(&server, &ada, &receiver.url("/hook"), &[]).await;
        create(&server, &zoe, &receiver.url("/zoe"), &[]).await;
        let (odd, strange) = (server.ticket(&ann, "Lamp").await, server.ticket(&ann, "Chair").await);
        server.say(&ann, &strange, "Hello?").await;
        settle(&server).await;
        let told = receiver.got("/hook").len();

        // An event of a ticket in a state, and a message of a kind, that this version does not know.
        let write = app.db.write(move |tx| {
            let update = "update tickets set status = 'dreaming' where ticket_id = $1";
            tx.execute(update, &[odd.as_str().into()])?;
            let event = "insert into events (tenant_key, kind, ticket_id, data, timestamp)
                 select tenant_key, 'ticket_updated', ticket_id, '{}', updated_at from tickets where ticket_id = $1";
            tx.execute(event, &[odd.as_str().into()])?;
            fill(tx, &strange, 2)?;
            tx.execute("update messages set kind = 'song' where seq = 2", &[])
        });
        assert_eq!(write.await.expect("written"), 1);
        let ticket = server.ticket(&ann, "Table").await;
        server.say(&ann, &ticket, "Hello?").await;
        let ticket = server.ticket(&tom, "Lamp").await;
        server.say(&tom, &ticket, "Hello?").await;
        settle(&server).await;
        assert_eq!(receiver.kinds("/hook")[told..], ["ticket.created", "message.sent"]);
        assert_eq!(receiver.kinds("/zoe"), ["ticket.created", "message.sent"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_has_much_to_be_told_lets_others_have_their_turn() {
    with_receiver(async |server, receiver| {
        let app = server.running.app.clone();
        let (acme, other) = (server.tenant("acme").await, server.tenant("other").await);
        let (ada, ann) = (acme.admin("ada").await, acme.customer("ann").await);
        let (zoe, tom) = (other.admin("zoe").await, other.customer("tom").await);
        for _ in 0..20 {
            create(&server, &ada, &receiver.url("/busy"), &["message.sent"]).await;
        }
        create(&server, &zoe, &receiver.url("/zoe"), &["message.sent"]).await;
        let (many, one) = (server.ticket(&ann, "Lamp").await, server.ticket(&tom, "Lamp").await);
        server.say(&ann, &many, "Hello?").await;
        server.say(&tom, &one, "Hello?").await;
        settle(&server).await;
        receiver.hold("/busy");
        receiver.hold("/zoe");
        let write = app.db.write(move |tx| {
            tx.execute("delete from webhook_deliveries", &[])?;
            fill(tx, &many, 101)?;
            fill(tx, &one, 2)
        });
        write.await.expect("written");
        derive(&app).await.expect("derived");
        assert_eq!(server.count("select count(*) from webhook_deliveries").await, 2001);
        let before = "select count(*) from webhook_deliveries where delivery_key < (
             select d.delivery_key from webhook_deliveries d join tenants t on t.tenant_key = d.tenant_key
             where t.name = 'other')";
        let before = server.count(before).await;
        // A step of the server's own loop, and one of this.
        assert!(before < 1000, "{before} were written first");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_with_much_to_be_told_lets_others_have_their_turn() {
    with_receiver(async |server, receiver| {
        let app = server.running.app.clone();
        let acme = server.tenant("acme").await;
        let (ada, ann) = (acme.admin("ada").await, acme.customer("ann").await);
        create(&server, &ada, &receiver.url("/hook"), &["message.sent"]).await;
        let (many, one) = (server.ticket(&ann, "Lamp").await, server.ticket(&ann, "Chair").await);
        for ticket in [&many, &one] {
            server.say(&ann, ticket, "Hello?").await;
        }
        settle(&server).await;
        let quiet = one.clone();
        let write = app.db.write(move |tx| {
            fill(tx, &many, 1000)?;
            fill(tx, &one, 2)
        });
        write.await.expect("written");
        derive(&app).await.expect("derived");
        let place = || {
            let is_second = |got: &Got| got.body["data"]["message"]["seq"] == 2 && got.raw.contains(&quiet);
            receiver.got("/hook").iter().position(is_second)
        };
        until(async || place().is_some()).await;
        let place = place().expect("told");
        assert!((2..8).contains(&place), "it was told as number {place}");
    })
    .await;
}

/// More messages in a ticket that has one, as if they had been sent.
fn fill(tx: &mut Tx<'_>, ticket: &str, messages: i64) -> Result<()> {
    let insert = "insert into messages (ticket_key, seq, tenant_key, sender_key, kind, message_content, timestamp)
         select ticket_key, $2, tenant_key, sender_key, kind, message_content, timestamp from messages
         where seq = 1 and ticket_key = (select ticket_key from tickets where ticket_id = $1)";
    let rows: Vec<_> = (2..=messages).map(|seq| vec![ticket.into(), seq.into()]).collect();
    tx.execute_each(insert, &rows)?;
    tx.execute("update tickets set last_seq = $2 where ticket_id = $1", &[ticket.into(), messages.into()]).map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_are_committed_late_are_told_even_if_a_step_ends_before_them() {
    with_receiver(async |server, receiver| {
        let acme = server.tenant("acme").await;
        let (ada, ann) = (acme.admin("ada").await, acme.customer("ann").await);
        create(&server, &ada, &receiver.url("/hook"), &["ticket.updated", "message.sent"]).await;
        let ticket = server.ticket(&ann, "Lamp").await;
        server.say(&ann, &ticket, "Hello?").await;
        for priority in ["high", "low"] {
            let change = json!({"priority": priority});
            server.put(&format!("/api/tickets/{ticket}")).by(&ada).json(change).await.expect(200);
        }
        settle(&server).await;
        let updates = receiver.kinds("/hook").iter().filter(|kind| *kind == "ticket.updated").count();
        receiver.got.lock().expect("no panic").clear();
        receiver.say("/hook", 500, &[]);

        // The same events once more, passed over by now and just committed; and more messages before them than a step tells.
        let now = server.now();
        let pass_over = server.running.app.db.write(move |tx| {
            fill(tx, &ticket, 1100)?;
            let sql = "select event_key from events where kind = 'ticket_updated' order by event_key";
            let missing: Vec<(i64, i64)> = tx.all(sql, &[], |row| Ok((row.take()?, now.0)))?;
            let missing = json!(missing).to_string();
            tx.execute("delete from webhook_deliveries", &[])?;
            tx.execute("update webhook_cursors set missing = $1", &[missing.as_str().into()])?;
            Ok(missing.matches('[').count() - 1)
        });
        assert_eq!(pass_over.await.expect("passed over"), updates);
        derive(&server.running.app).await.expect("derived");
        let messages = server.count("select count(*) from webhook_deliveries where type = 'message.sent'").await;
        assert_eq!(server.count("select count(*) from webhook_deliveries").await, messages + updates as i64);
        assert_eq!(messages, 1099);
        let missing = server.count("select count(*) from webhook_cursors where missing = '[]'").await;
        assert_eq!(missing, 1, "nothing is asked for any more");
    })
    .await;
}
