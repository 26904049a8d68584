//! What strangers send.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::raw::Client;
use super::start;

/// Each is handed on or ignored; the socket goes on.
#[tokio::test(flavor = "multi_thread")]
async fn odd_events_reach_the_handler_unharmed() {
    let server = start().await;
    let mut client = Client::join(&server).await;
    server.joined().await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let cases: [(String, &str, Value); 14] = [
        (r#"["echo"]"#.into(), "echo", Value::Null),
        (r#"["echo",null]"#.into(), "echo", Value::Null),
        (r#"["echo","text"]"#.into(), "echo", json!("text")),
        (r#"["echo",["a",1]]"#.into(), "echo", json!(["a", 1])),
        (r#"["echo",1,2,3]"#.into(), "echo", json!(1)),
        (r#"[ "echo" , { "a" : 1 } ]"#.into(), "echo", json!({ "a": 1 })),
        (r#"["__proto__",{"__proto__":1}]"#.into(), "__proto__", json!({ "__proto__": 1 })),
        (r#"["",{}]"#.into(), "", json!({})),
        (r#"["connect",{}]"#.into(), "connect", json!({})),
        (r#"["disconnect",{}]"#.into(), "disconnect", json!({})),
        (r#"["\u0065cho",1]"#.into(), "echo", json!(1)),
        (r#"["é","\ud800"]"#.into(), "é", json!("unreadable")),
        (format!(r#"["echo",{deep}]"#), "echo", json!("unreadable")),
        (format!(r#"["{}",0]"#, "x".repeat(100_000)), &*"x".repeat(100_000).leak(), json!(0)),
    ];
    for (frame, event, payload) in &cases {
        client.send(&format!("421{frame}")).await;
        assert_eq!(server.event().await, (event.to_string(), payload.clone()), "{frame:.60}");
        assert!(client.frame().await.expect("an ack").starts_with("431["), "{frame:.60}");
    }

    client.send(r#"42["echo",5]"#).await;
    assert_eq!(client.frame().await.as_deref(), Some(r#"42["echo",5]"#), "no ack asked for");
    server.event().await;

    client.send(r#"451-2["echo",{"_placeholder":true,"num":0}]"#).await;
    client.send_message(Message::binary(vec![1, 2, 3])).await;
    assert_eq!(server.event().await, ("echo".into(), json!({ "_placeholder": true, "num": 0 })));
    assert_eq!(client.frame().await.as_deref(), Some(r#"461-2[{"_placeholder":true,"num":0}]"#));
    assert_eq!(client.bytes().await, [1, 2, 3]);

    for ignored in [
        r#"40{"token":"good"}"#,
        r#"40{"token":"bad"}"#,
        r#"42/admin,["echo",1]"#,
        r#"43999["x"]"#,
        "42/é",
        "41/admin,",
    ] {
        client.send(ignored).await;
    }
    client.send("40/admin,{}").await;
    assert_eq!(client.frame().await.as_deref(), Some(r#"44/admin,{"message":"Invalid namespace"}"#));
    client.send(r#"423["echo","still here"]"#).await;
    assert_eq!(client.frame().await.as_deref(), Some(r#"433["still here"]"#));
}

/// Each ends its own socket, once, and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn broken_frames_end_their_socket_alone() {
    let server = start().await;
    let eleven = format!("4511-[\"echo\"{}]", r#",{"_placeholder":true,"num":0}"#.repeat(11));
    let texts = [
        "",
        "4",
        "x",
        "9",
        "49",
        "42",
        "42[]",
        "42[1,2]",
        "42{}",
        "42nonsense",
        r#"421["echo","#,
        "45",
        "45-",
        "451",
        "4599999999999999999999-[]",
        &eleven,
        r#"44{"message":"I refuse you"}"#,
        "43[]",
        "4é",
        "0",
        "5",
        "1",
    ];
    for text in texts {
        let mut client = Client::join(&server).await;
        server.joined().await;
        client.send(text).await;
        assert!(client.rest().await.len() <= 1, "{text:?}: at most a close packet");
        server.gone().await;
    }

    let invalid_utf8 = Frame::message(vec![b'4', b'2', 0xff], OpCode::Data(Data::Text), true);
    let endings = [
        vec![Message::binary(vec![0; 10])],
        vec![Message::text(r#"451-["echo",{"_placeholder":true,"num":0}]"#), Message::text(r#"42["echo",1]"#)],
        vec![Message::Frame(invalid_utf8)],
        vec![Message::text(format!(r#"42["echo","{}"]"#, "x".repeat(1 << 20)))],
    ];
    for messages in endings {
        let mut client = Client::join(&server).await;
        server.joined().await;
        for message in messages {
            client.send_message(message).await;
        }
        assert!(client.rest().await.len() <= 1);
        server.gone().await;
    }
    server.serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn attachments_that_never_come_hold_nothing_up() {
    let server = start().await;
    let mut client = Client::join(&server).await;
    server.joined().await;
    client.send(r#"452-["echo",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#).await;
    client.send_message(Message::binary(vec![1])).await;
    server.serves().await;
    client.kill();
    server.gone().await;
}
