//! A server of Socket.IO frames and nothing else: it knows rooms, answers each message at once and passes it on to the room.
//! No JSON is read or made, nobody is asked for rights, nothing is stored.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use anyhow::{Context, Result};
use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

type Rooms = Rc<RefCell<HashMap<String, Vec<UnboundedSender<Utf8Bytes>>>>>;

pub async fn serve(port: u16) -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let rooms = Rooms::default();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let rooms = rooms.clone();
        tokio::task::spawn_local(async move {
            let _ = connection(stream, rooms).await;
        });
    }
}

async fn connection(mut stream: TcpStream, rooms: Rooms) -> Result<()> {
    let mut head = [0; 16];
    let length = stream.peek(&mut head).await?;
    if head[..length].starts_with(b"GET /readyz") {
        return Ok(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await?);
    }
    let socket = tokio_tungstenite::accept_async(stream).await?;
    let (mut sink, mut source) = socket.split();
    let (outbox, mut queued) = unbounded_channel::<Utf8Bytes>();
    tokio::task::spawn_local(async move {
        while let Some(text) = queued.recv().await {
            sink.feed(Message::Text(text)).await?;
            while let Ok(text) = queued.try_recv() {
                sink.feed(Message::Text(text)).await?;
            }
            sink.flush().await?;
        }
        anyhow::Ok(())
    });
    outbox
        .send(r#"0{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#.into())?;
    while let Some(frame) = source.next().await {
        let Message::Text(text) = frame? else { continue };
        if text.starts_with("40") {
            outbox.send(r#"40{"sid":"x"}"#.into())?;
            continue;
        }
        let Some((ack, payload)) = text.strip_prefix("42").and_then(|text| text.split_once('[')) else { continue };
        let room = payload.split_once(r#""ticket_id":""#).and_then(|(_, rest)| rest.split('"').next());
        let room = room.context("a payload without ticket_id")?;
        let Some(message) = payload.strip_prefix(r#""chat_message","#) else {
            rooms.borrow_mut().entry(room.to_owned()).or_default().push(outbox.clone());
            outbox.send(format!("43{ack}[{{}}]").into())?;
            continue;
        };
        // As long as the product's own, without being made anew.
        let more = r#""message_id":"0192f0c8-0000-7000-8000-000000000000.1","sender_id":"0192f0c8-0000-7000-8000-000000000000","sender":{"id":"0192f0c8-0000-7000-8000-000000000000","name":"customer0","role":"customer","avatar_url":null},"seq":1,"kind":"text","attachments":[],"is_read":false,"read_at":null,"delivered_at":null,"timestamp":"2026-01-01T00:00:00.000Z","#;
        let message = message.trim_start_matches('{');
        outbox.send(format!(r#"43{ack}[{{"message":{{{more}{}}}]"#, message.trim_end_matches(']')).into())?;
        let event = Utf8Bytes::from(format!(r#"42["chat_message",{{{more}{message}"#));
        for member in rooms.borrow().get(room).into_iter().flatten() {
            let _ = member.send(event.clone());
        }
    }
    Ok(())
}
