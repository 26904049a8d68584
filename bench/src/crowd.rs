//! A conversation beside few and beside many sockets that say nothing: does it stay as quick, and what does each socket cost?
//! Each size has a server of its own, so that none lives on memory that another has freed.

use std::fmt::Write;

use anyhow::Result;
use serde_json::json;

use crate::growth::{Row, table, timed};
use crate::http::{Http, request};
use crate::scenarios::connect;
use crate::server::Program;
use crate::socket::Socket;
use crate::stage::Stage;

const TIMES: usize = 500;

pub async fn run(program: &Program, sizes: &[u64]) -> Result<String> {
    let mut messages = Row::new("a message to its ack");
    let mut tickets = Row::new("GET /api/tickets");
    let mut costs = String::from("| sockets | memory for each | connected and joined |\n|---:|---:|---:|\n");
    for size in sizes {
        eprintln!("crowd: {size} sockets ...");
        let (server, stage) = Stage::set_before(program).await?;
        let ticket = stage.tickets(1).await?.remove(0);
        let before = server.memory()?;
        let (mut sockets, (rate, _)) = connect::open(&stage, *size as usize).await?;
        connect::rest(&mut sockets, connect::REST).await?;
        let bytes = server.memory()?.saturating_sub(before) as f64 / *size as f64;
        let _ = writeln!(costs, "| {size} | {:.1} kB | {rate:.0} /s |", bytes / 1000.0);
        let mut socket = Socket::connect(stage.port, stage.customer_of(&ticket)).await?;
        socket.join_ticket(&ticket.id).await?;
        let say = async |number: usize| {
            let message = json!({
                "ticket_id": ticket.id, "client_id": format!("crowd-{number}"),
                "message_content": "Good morning! The lid that came with my bottle does not fit.",
            });
            socket.ask("chat_message", &message).await.map(drop)
        };
        messages.note(&mut timed(TIMES, say).await?);
        let mut http = Http::connect(stage.port).await?;
        let list = request(stage.port, "GET", "/api/tickets", Some(stage.staff(0)), None);
        tickets.note(&mut timed(TIMES, async |_| http.send(&list).await.map(drop)).await?);
        drop(sockets);
        server.stop().await?;
    }
    Ok(format!("{costs}\n{}", table(&[messages, tickets], sizes, "sockets")))
}
