//! The people and tickets that a scenario plays with, made through the API like everybody else's.

use anyhow::{Context, Result};
use serde_json::{Value as Json, json};

use crate::http::Http;
use crate::server::{Program, Server};

const PASSWORD: &str = "correct horse battery";
const CUSTOMERS: usize = 10;
const STAFF: usize = 4;

pub struct Stage {
    pub port: u16,
    pub customers: Vec<Person>,
    pub staff: Vec<Person>,
}

pub struct Person {
    pub username: String,
    pub token: String,
}

/// A ticket and its customer's place among the customers.
#[derive(Clone)]
pub struct Ticket {
    pub id: String,
    pub customer: usize,
}

impl Stage {
    pub async fn set(server: &Server) -> Result<Self> {
        let mut http = Http::connect(server.port).await?;
        let mut stage = Self { port: server.port, customers: Vec::new(), staff: Vec::new() };
        for number in 0..CUSTOMERS {
            let body = json!({ "username": format!("customer{number}"), "password": PASSWORD });
            stage.customers.push(person(http.call("POST", "/api/auth/register", None, Some(&body)).await?)?);
        }
        for number in 0..STAFF {
            let username = format!("support{number}");
            server.create_support(&username, PASSWORD)?;
            stage.staff.push(person(http.call("POST", "/api/auth/login", None, Some(&login(&username))).await?)?);
        }
        Ok(stage)
    }

    /// The people come into one process, and a new one takes over their data, which has done nothing yet.
    pub async fn set_before(program: &Program) -> Result<(Server, Self)> {
        let server = program.start().await?;
        let stage = Self::set(&server).await?;
        let server = program.start_in(server.stop().await?).await?;
        let stage = Self { port: server.port, ..stage };
        Ok((server, stage))
    }

    /// New tickets, of one customer after another.
    pub async fn tickets(&self, count: usize) -> Result<Vec<Ticket>> {
        let mut http = Http::connect(self.port).await?;
        let mut tickets = Vec::new();
        for number in 0..count {
            let customer = number % self.customers.len();
            let body = json!({ "subject": format!("The lid of my bottle does not fit, number {number}") });
            let token = Some(self.customers[customer].token.as_str());
            let made = http.call("POST", "/api/tickets", token, Some(&body)).await?;
            tickets.push(Ticket { id: text(&made, "ticket_id")?, customer });
        }
        Ok(tickets)
    }

    pub fn customer_of(&self, ticket: &Ticket) -> &str {
        &self.customers[ticket.customer].token
    }

    pub fn staff(&self, number: usize) -> &str {
        &self.staff[number % self.staff.len()].token
    }
}

pub fn login(username: &str) -> Json {
    json!({ "username": username, "password": PASSWORD })
}

fn person(session: Json) -> Result<Person> {
    Ok(Person { username: text(&session["user"], "username")?, token: text(&session, "access_token")? })
}

fn text(object: &Json, field: &str) -> Result<String> {
    Ok(object[field].as_str().with_context(|| format!("no {field} in {object}"))?.to_owned())
}
