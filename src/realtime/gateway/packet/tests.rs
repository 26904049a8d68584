use proptest::prelude::*;
use serde_json::json;

use super::*;

fn packet(
    kind: Kind,
    namespace: &'static str,
    id: Option<u64>,
    attachments: usize,
    data: &'static str,
) -> Packet<'static> {
    Packet { kind, namespace, id, attachments, data }
}

#[test]
fn the_parts_of_a_packet_are_found() {
    for (text, expected) in [
        ("0", packet(Kind::Connect, "/", None, 0, "")),
        (r#"0{"token":"1"}"#, packet(Kind::Connect, "/", None, 0, r#"{"token":"1"}"#)),
        ("0/admin", packet(Kind::Connect, "/admin", None, 0, "")),
        ("0/admin?a=b,7", packet(Kind::Connect, "/admin", None, 0, "7")),
        ("1/admin,", packet(Kind::Disconnect, "/admin", None, 0, "")),
        (r#"2["a"]"#, packet(Kind::Event, "/", None, 0, r#"["a"]"#)),
        (r#"212["a"]"#, packet(Kind::Event, "/", Some(12), 0, r#"["a"]"#)),
        (r#"2/admin,18446744073709551615["a"]"#, packet(Kind::Event, "/admin", Some(u64::MAX), 0, r#"["a"]"#)),
        (r#"37[]"#, packet(Kind::Ack, "/", Some(7), 0, "[]")),
        (r#"51-["a",{}]"#, packet(Kind::Event, "/", None, 1, r#"["a",{}]"#)),
        (r#"610-/admin,3[{}]"#, packet(Kind::Ack, "/admin", Some(3), 10, "[{}]")),
        ("2/\u{e9}", packet(Kind::Event, "/\u{e9}", None, 0, "")),
    ] {
        assert_eq!(parse(text), Ok(expected), "{text}");
    }
}

#[test]
fn what_is_no_packet_is_broken() {
    for text in [
        "",
        "4",
        r#"4{"message":"no"}"#,
        "7",
        "x",
        "\u{e9}",
        "5",
        "5-",
        "51",
        "5-1[]",
        "511-[]",
        "5+1-[]",
        "5 1-[]",
        "599999999999999999999-[]",
        r#"218446744073709551616["a"]"#,
    ] {
        assert_eq!(parse(text), Err(Broken), "{text}");
    }
}

fn event_of(data: &str) -> Result<Event, Broken> {
    Packet { kind: Kind::Event, namespace: "/", id: None, attachments: 0, data }.event()
}

#[test]
fn an_event_is_a_list_that_begins_with_a_name() {
    let event = event_of(r#" [ "\u0065cho" , {"a":1} , 2, "x" ] "#).expect("an event");
    assert_eq!((event.name.as_str(), event.payload.get(), event.more.len()), ("echo", r#"{"a":1}"#, 2));
    let event = event_of(r#"["disconnect"]"#).expect("no name is special here");
    assert_eq!((event.name.as_str(), event.payload.get(), event.more.len()), ("disconnect", "null", 0));
    for broken in
        ["", "[]", "{}", "[1]", "[null]", r#"["a""#, r#"["a"]x"#, r#""a""#, "abc", r#"["a",]"#, r#"["\ud800"]"#]
    {
        assert!(event_of(broken).is_err(), "{broken}");
    }
    for (data, id, is_good) in
        [("[]", Some(1), true), ("[]", None, false), ("{}", Some(1), false), ("", Some(1), false)]
    {
        let ack = Packet { kind: Kind::Ack, namespace: "/", id, attachments: 0, data };
        assert_eq!(ack.check_ack().is_ok(), is_good, "{data} {id:?}");
    }
}

#[test]
fn packets_are_written_as_clients_expect_them() {
    let raw = |value| serde_json::value::to_raw_value(&value).expect("JSON");
    let texts = |frames: &[Frame]| -> Vec<String> {
        frames.iter().map(|frame| String::from_utf8_lossy(frame.payload()).into_owned()).collect()
    };
    assert_eq!(texts(&[Frame::event("a", &json!({ "b": 1 }))]), [r#"42["a",{"b":1}]"#]);
    let placeholder = raw(json!({ "_placeholder": true, "num": 0 }));
    assert_eq!(
        texts(&event("/x", "a", &[placeholder.clone(), raw(json!(2))], &[[b'?', b'!']])),
        [r#"451-/x,["a",{"_placeholder":true,"num":0},2]"#, "?!"]
    );
    assert_eq!(texts(&[ack("/", 7, &json!(null))]), ["437[null]"]);
    assert_eq!(texts(&ack_with("/x", 7, &[], &[] as &[&[u8]])), ["43/x,7[]"]);
    assert_eq!(texts(&ack_with("/", 7, &[placeholder], &[b"?"])), [r#"461-7[{"_placeholder":true,"num":0}]"#, "?"]);
    assert_eq!(
        texts(&[connected("/", "s"), refused("/x", &json!({ "message": "no \"way\"" })), disconnected("/x")]),
        [r#"40{"sid":"s"}"#, r#"44/x,{"message":"no \"way\""}"#, "41/x,"]
    );
}

proptest! {
    #[test]
    fn whatever_comes_reading_it_ends(text in "\\PC*|[0-6]{0,3}[-/,0-9]{0,8}\\PC{0,20}") {
        if let Ok(packet) = parse(&text) {
            packet.event().ok();
            packet.check_ack().ok();
        }
    }

    #[test]
    fn what_is_written_reads_back(name in "\\PC{0,20}", payload in "\\PC{0,200}", id in any::<u64>()) {
        let frame = Frame::event(&name, &payload);
        let text = std::str::from_utf8(&frame.payload()[1..]).expect("text");
        let event = parse(text).and_then(|packet| packet.event()).expect("an event");
        prop_assert_eq!(&event.name, &name);
        prop_assert_eq!(serde_json::from_str::<String>(event.payload.get()).expect("JSON"), payload.clone());
        let frame = ack("/", id, &payload);
        let text = std::str::from_utf8(&frame.payload()[1..]).expect("text");
        prop_assert_eq!(parse(text).expect("an ack").id, Some(id));
    }
}
