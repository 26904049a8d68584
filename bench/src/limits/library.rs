//! socketioxide, the Socket.IO server that Rust has ready, as it comes: the same work as `relay` does by hand. It reads and
//! writes JSON, which is its way; nobody is asked for rights, and nothing is stored.

use anyhow::Result;
use axum::Router;
use axum::routing::get;
use axum::serve::ListenerExt;
use serde_json::{Map, Value as Json, json};
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, Data, SocketRef};
use tokio::net::TcpListener;

pub async fn serve(port: u16) -> Result<()> {
    let (layer, io) = SocketIo::new_layer();
    io.ns("/", async |socket: SocketRef| {
        socket.on("join_ticket", join);
        socket.on("chat_message", pass_on);
    });
    let router = Router::new().route("/readyz", get(async || "ok")).layer(layer);
    // As the product and the relay have it.
    let listener = TcpListener::bind(("127.0.0.1", port)).await?.tap_io(|stream| drop(stream.set_nodelay(true)));
    Ok(axum::serve(listener, router).await?)
}

async fn join(socket: SocketRef, Data(wish): Data<Map<String, Json>>, ack: AckSender) {
    socket.join(room(&wish));
    let _ = ack.send(&json!({}));
}

async fn pass_on(socket: SocketRef, Data(mut message): Data<Map<String, Json>>, ack: AckSender) {
    let room = room(&message);
    // As long as the product's own.
    let Json::Object(more) = json!({
        "message_id": "0192f0c8-0000-7000-8000-000000000000.1", "sender_id": "0192f0c8-0000-7000-8000-000000000000",
        "sender": { "id": "0192f0c8-0000-7000-8000-000000000000", "name": "customer0", "role": "customer", "avatar_url": null },
        "seq": 1, "kind": "text", "attachments": [], "is_read": false, "read_at": null, "delivered_at": null,
        "timestamp": "2026-01-01T00:00:00.000Z",
    }) else {
        return;
    };
    message.extend(more);
    let message = Json::Object(message);
    let _ = ack.send(&json!({ "message": message }));
    let _ = socket.within(room).emit("chat_message", &message).await;
}

fn room(payload: &Map<String, Json>) -> String {
    payload.get("ticket_id").and_then(Json::as_str).unwrap_or_default().to_owned()
}
