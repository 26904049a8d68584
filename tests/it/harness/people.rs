//! Tenants and the people in them, made as an operator and they themselves would make them.

use serde_json::{Value, json};
use smilechat::auth::operator;

use super::Server;

pub const PASSWORD: &str = "correct horse battery";

pub struct Tenant<'s> {
    server: &'s Server,
    pub publishable_key: String,
    pub secret_key: String,
    pub identity_secret: String,
}

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct Person {
    pub id: String,
    pub username: String,
    pub token: String,
    pub refresh_token: String,
    pub session: Value,
}

impl Person {
    #[track_caller]
    pub fn of(session: Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("no session: {session}")).to_owned();
        Self {
            id: text(&session["user"]["id"]),
            username: text(&session["user"]["username"]),
            token: text(&session["access_token"]),
            refresh_token: text(&session["refresh_token"]),
            session,
        }
    }
}

impl Server {
    pub async fn tenant(&self, name: &'static str) -> Tenant<'_> {
        let app = self.running.app.clone();
        let (clock, random) = (app.clock.clone(), app.random.clone());
        let made =
            app.db.write(move |tx| operator::create_tenant_in(tx, name, &clock, &random)).await.expect("a new name");
        Tenant {
            server: self,
            publishable_key: made.publishable_key,
            secret_key: made.secret_key,
            identity_secret: made.identity_secret,
        }
    }

    /// A new ticket; its id.
    pub async fn ticket(&self, by: &Person, subject: &str) -> String {
        let ticket = self.post("/api/tickets").by(by).json(json!({"subject": subject})).await.expect(201);
        ticket["ticket_id"].as_str().expect("an id").to_owned()
    }

    /// Uploads files, (name, bytes) of each, for a ticket; the attachments.
    pub async fn upload(&self, by: &Person, ticket: &str, files: &[(&str, &[u8])]) -> Value {
        let call = self.post(&format!("/api/attachments?ticket_id={ticket}")).by(by).files(files);
        call.await.expect(201)["data"].clone()
    }

    /// Sends a message; the answer's body.
    pub async fn say(&self, by: &Person, ticket: &str, content: &str) -> Value {
        let path = format!("/api/messages/{ticket}");
        self.post(&path).by(by).json(json!({"message_content": content})).await.expect(201)
    }
}

impl Tenant<'_> {
    pub async fn customer(&self, username: &str) -> Person {
        self.register(json!({"username": username, "password": PASSWORD})).await
    }

    pub async fn support(&self, username: &str) -> Person {
        self.invited(username, "support").await
    }

    pub async fn admin(&self, username: &str) -> Person {
        self.invited(username, "admin").await
    }

    pub async fn guest(&self) -> Person {
        let call = self.server.post("/api/auth/anonymous").key(&self.publishable_key).json(json!({}));
        Person::of(call.await.expect(201))
    }

    pub async fn login(&self, username: &str) -> Person {
        let credentials = json!({"username": username, "password": PASSWORD});
        Person::of(self.server.post("/api/auth/login").key(&self.publishable_key).json(credentials).await.expect(200))
    }

    /// An invite's token.
    pub async fn invite(&self, role: &str) -> String {
        let invite =
            self.server.post("/api/invites").key(&self.secret_key).json(json!({"role": role})).await.expect(201);
        invite["invite"].as_str().expect("a token").to_owned()
    }

    async fn invited(&self, username: &str, role: &str) -> Person {
        let invite = self.invite(role).await;
        self.register(json!({"username": username, "password": PASSWORD, "invite": invite})).await
    }

    async fn register(&self, new: Value) -> Person {
        Person::of(self.server.post("/api/auth/register").key(&self.publishable_key).json(new).await.expect(201))
    }
}
