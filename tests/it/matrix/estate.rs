//! What a tenant owns, its word in every text of it.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};
use smilechat::analytics::count::catch_up;
use smilechat::notifications::derive;

use super::rows::{Level, Row};
use crate::harness::{Person, Server, Tenant};

pub struct Estate {
    pub word: &'static str,
    /// The server's time at the end.
    pub seconds: u64,
    customer: Person,
    support: Person,
    admin: Person,
    ids: HashMap<&'static str, String>,
}

impl Estate {
    pub async fn build(server: &Server, tenant: &Tenant<'_>, word: &'static str) -> Self {
        let customer = tenant.customer(&format!("{word}-ann")).await;
        let (support, admin) =
            (tenant.support(&format!("{word}-sue")).await, tenant.admin(&format!("{word}-ada")).await);
        let profile = json!({"name": word, "email": format!("{word}@shop.example"), "avatar_url": format!("https://{word}.example/")});
        for person in [&customer, &support, &admin] {
            server.put("/api/users/profile").by(person).json(profile.clone()).await.expect(200);
        }
        let widget = json!({"name": word, "greeting": word, "quick_replies": [word]});
        server.put("/api/settings/widget").by(&admin).json(widget).await.expect(200);
        let make = async |by: &Person, path: &str, body: Value, field: &str| {
            let made = server.post(path).by(by).json(body).await.expect(201);
            made[field].as_str().expect("an id").to_owned()
        };
        let mut ids = HashMap::from([
            ("user_id", customer.id.clone()),
            ("ids", customer.id.clone()),
            ("customer_id", customer.id.clone()),
            ("support_id", support.id.clone()),
            ("refresh_token", customer.refresh_token.clone()),
        ]);
        // Two of each, so that every list has a cursor.
        for _ in 0..2 {
            let ticket = json!({"subject": word, "tags": [word], "custom": {word: word}, "message_content": word});
            let ticket = make(&customer, "/api/tickets", ticket, "ticket_id").await;
            let (messages, notes) = (format!("/api/messages/{ticket}"), format!("/api/tickets/{ticket}/notes"));
            for _ in 0..2 {
                let message = make(&support, &messages, json!({"message_content": word}), "message_id").await;
                ids.insert("message_id", message);
                make(&support, &notes, json!({"body": word}), "note_id").await;
            }
            let file = server.upload(&customer, &ticket, &[(&format!("{word}.txt"), word.as_bytes())]).await;
            let file = file[0]["attachment_id"].as_str().expect("an id").to_owned();
            make(&customer, &messages, json!({"message_content": "", "attachment_ids": [file]}), "message_id").await;
            ids.insert("attachment_id", file);
            for status in ["in_progress", "closed"] {
                let path = format!("/api/tickets/{ticket}");
                server.put(&path).by(&support).json(json!({"status": status})).await.expect(200);
            }
            let rating = json!({"score": 4, "comment": word});
            make(&customer, &format!("/api/tickets/{ticket}/rating"), rating, "ticket_id").await;
            ids.insert("ticket_id", ticket);
            let invite = json!({"role": "support", "email": format!("{word}@shop.example")});
            ids.insert("invite_id", make(&admin, "/api/invites", invite, "invite_id").await);
            let key =
                json!({"kind": "publishable", "name": word, "allowed_origins": [format!("https://{word}.example")]});
            ids.insert("api_key_id", make(&admin, "/api/api-keys", key, "api_key_id").await);
        }
        for _ in 0..2 {
            // Nobody's to reach either, and found out when it is sent.
            let webhook = json!({"url": format!("http://localhost:9/{word}"), "description": word});
            ids.insert("webhook_id", make(&admin, "/api/webhooks", webhook, "webhook_id").await);
        }
        let shelf = json!({"name": word, "description": word});
        ids.insert("collection_id", make(&admin, "/api/kb/collections", shelf.clone(), "collection_id").await);
        make(&admin, "/api/kb/collections", json!({"name": word, "slug": "another"}), "collection_id").await;
        for (id, status) in [("published_id", "published"), ("article_id", "draft")] {
            let article = json!({"title": word, "body": word, "keywords": [word], "status": status,
                "collection_id": ids["collection_id"]});
            let article = make(&admin, "/api/kb/articles", article, "article_id").await;
            let changed = json!({"body": format!("{word} {word}")});
            server.put(&format!("/api/kb/articles/{article}")).by(&admin).json(changed).await.expect(200);
            ids.insert(id, article);
        }
        let vote = json!({"is_helpful": true});
        let path = format!("/api/kb/articles/{}/feedback", ids["published_id"]);
        server.post(&path).by(&customer).json(vote).await.expect(200);
        for _ in 0..2 {
            // Nobody's to reach: it ends at once.
            let site = json!({"url": format!("http://127.0.0.1:9/{word}")});
            let import = server.post("/api/kb/imports").by(&admin).json(site).await.expect(202);
            ids.insert("import_id", import["import_id"].as_str().expect("an id").to_owned());
            Self::settle(server).await;
        }
        // A tool that is called by no model: its secret is what it is here for.
        let tool = json!({"name": "order", "description": word, "url": "https://shop.example/order"});
        let bot = json!({"enabled": true, "name": word, "greeting": word, "instructions": word, "http_tools": [tool]});
        server.put("/api/bot").by(&admin).json(bot).await.expect(200);
        for _ in 0..2 {
            make(&customer, "/api/tickets", json!({"subject": word, "message_content": word}), "ticket_id").await;
        }
        Self::settle(server).await;
        let deliveries = format!("/api/webhooks/{}/deliveries", ids["webhook_id"]);
        let deliveries = server.get(&deliveries).by(&admin).await.expect(200);
        ids.insert("delivery_id", deliveries["data"][0]["delivery_id"].as_str().expect("an id").to_owned());
        catch_up(&server.running.app).await.expect("its figures");
        Self { word, seconds: server.now().seconds() as u64, customer, support, admin, ids }
    }

    /// Waits until no bot owes an answer, no import is under way, and webhooks were told, in vain, what there is to tell.
    pub async fn settle(server: &Server) {
        for _ in 0..500 {
            let owed = "select count(*) from tickets where tenant_key > 0 and bot_due_seq is not null";
            let imports = "select count(*) from kb_imports where tenant_key > 0 and state = 'running'";
            let untold = "select count(*) from webhook_deliveries
                 where webhook_key > 0 and state = 'pending' and (attempts = 0 or claimed_until is not null)";
            if server.count(owed).await + server.count(imports).await == 0 {
                derive(&server.running.app).await.expect("what webhooks are told");
                if server.count(untold).await == 0 {
                    return;
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("a bot owes an answer, an import runs, or a webhook is to be told, still");
    }

    pub fn id(&self, name: &str) -> &str {
        self.ids.get(name).unwrap_or_else(|| panic!("an estate has no {name}"))
    }

    /// Who of the tenant makes a request of this level.
    pub fn owner(&self, level: Level) -> &Person {
        match level {
            Level::Public | Level::Customer => &self.customer,
            Level::Support => &self.support,
            Level::Admin => &self.admin,
        }
    }

    /// Where the second page of a list of this tenant begins.
    pub async fn cursor(&self, server: &Server, row: &Row) -> String {
        let page = server.get(&format!("{}?limit=1", row.path(self))).by(self.owner(row.level)).await.expect(200);
        page["next_cursor"].as_str().unwrap_or_else(|| panic!("{}: one page only", row.route)).to_owned()
    }

    /// A stranger within the tenant: what they own themselves, under a word of their own.
    pub async fn of_neighbour(server: &Server, person: &Person) -> Self {
        let word = "spatz";
        let ticket = server.ticket(person, word).await;
        let message = server.say(person, &ticket, word).await["message_id"].as_str().expect("an id").to_owned();
        let ids = HashMap::from([
            ("user_id", person.id.clone()),
            ("ticket_id", ticket),
            ("message_id", message),
            ("attachment_id", "none".into()),
            ("invite_id", "none".into()),
            ("api_key_id", "none".into()),
            ("article_id", "none".into()),
            ("published_id", "none".into()),
            ("collection_id", "none".into()),
            ("import_id", "none".into()),
            ("webhook_id", "none".into()),
            ("delivery_id", "none".into()),
        ]);
        let everybody = (person.clone(), person.clone(), person.clone());
        Self {
            word,
            seconds: server.now().seconds() as u64,
            customer: everybody.0,
            support: everybody.1,
            admin: everybody.2,
            ids,
        }
    }
}
