use axum::body::Body;
use garde::Validate;
use http::Request;
use serde::Deserialize;

use super::*;
use crate::platform::http::text;

#[derive(Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct Draft {
    #[garde(custom(text::line(10)))]
    title: String,
    #[garde(inner(custom(text::content(20))))]
    body: Option<String>,
    #[garde(range(max = 5))]
    #[serde(default)]
    stars: u8,
    #[garde(dive)]
    #[serde(default)]
    parts: Vec<Part>,
    #[garde(skip)]
    #[serde(default)]
    custom: serde_json::Map<String, serde_json::Value>,
}

#[derive(Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct Part {
    #[garde(length(min = 2))]
    name: String,
}

#[derive(Debug, Deserialize, Validate)]
struct AllOptional {
    #[garde(skip)]
    everywhere: Option<bool>,
}

#[derive(Debug, Deserialize, Validate)]
struct Patch {
    #[garde(inner(inner(custom(text::email))))]
    #[serde(default, deserialize_with = "nullable")]
    email: Option<Option<String>>,
}

#[test]
fn absent_and_null_are_two_things() {
    let email = |text: &str| from_slice::<Patch>(text.as_bytes()).expect("good").email;
    assert_eq!(email("{}"), None);
    assert_eq!(email(r#"{"email":null}"#), Some(None));
    assert_eq!(email(r#"{"email":"a@b.example"}"#), Some(Some("a@b.example".into())));
    let error = from_slice::<Patch>(br#"{"email":"nobody"}"#).expect_err("no address");
    assert_eq!(error.field_errors()[0].field, "email");
}

fn code(text: impl AsRef<[u8]>) -> &'static str {
    from_slice::<Draft>(text.as_ref()).expect_err("refused").code()
}

fn faults(text: &str) -> Vec<(String, String)> {
    let error = from_slice::<Draft>(text.as_bytes()).expect_err("refused");
    assert_eq!(error.code(), "invalid", "{error:?}");
    error.field_errors().iter().map(|fault| (fault.field.clone(), fault.code.clone())).collect()
}

fn fault(text: &str) -> (String, String) {
    let [one] = <[_; 1]>::try_from(faults(text)).expect("one fault");
    one
}

fn pair(field: &str, code: &str) -> (String, String) {
    (field.into(), code.into())
}

#[test]
fn what_is_no_json_is_bad_json() {
    let cases: [&[u8]; 14] = [
        b"{",
        b"nope",
        b"{\"title\":\"a\"} x",
        b"{\"title\":\"a\",}",
        b"{'title':'a'}",
        b"{\"title\":\"\xff\"}",
        b"\xef\xbb\xbf{\"title\":\"a\"}",
        b"\xff\xfe{\0}\0",
        b"{\"title\":\"\\ud800\"}",
        b"{\"title\":\"a\nb\"}",
        b"{\"title\":\"a\",\"stars\":1e400}",
        b"{\"title\":\"a\",\"stars\":NaN}",
        b"{\"title\":\"a\",\"stars\":01}",
        b"{\"unknown\":1,\"title\":",
    ];
    for bytes in cases {
        assert_eq!(code(bytes), "bad_json", "{}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn depth_is_bounded_before_parsing() {
    let nested =
        |depth: usize| format!(r#"{{"title":"a","custom":{{"x":{}{}}}}}"#, "[".repeat(depth), "]".repeat(depth));
    assert!(from_slice::<Draft>(nested(30).as_bytes()).expect("deep enough").custom["x"].is_array());
    assert_eq!(code(nested(31)), "too_large");
    assert_eq!(code("[".repeat(100_000)), "too_large");
    assert!(from_slice::<Draft>(br#"{"title":"a","body":"[[[[[[\"[[[{{{{"}"#).is_ok());
}

#[test]
fn a_wrong_shape_names_its_field() {
    assert_eq!(fault(r#"{}"#), pair("title", "missing"));
    assert_eq!(fault(r#"{"title":5}"#), pair("title", "wrong_type"));
    assert_eq!(fault(r#"{"title":null}"#), pair("title", "wrong_type"));
    assert_eq!(fault(r#"{"title":["a"]}"#), pair("title", "wrong_type"));
    assert_eq!(fault(r#"{"title":"a","stars":-1}"#), pair("stars", "out_of_range"));
    assert_eq!(fault(r#"{"title":"a","stars":300}"#), pair("stars", "out_of_range"));
    assert_eq!(fault(r#"{"title":"a","is_admin":true}"#), pair("is_admin", "unknown_field"));
    assert_eq!(fault(r#"{"title":"a","title":"b"}"#), pair("title", "duplicate"));
    assert_eq!(fault(r#"{"title":"a","parts":[{"name":"ab"},{"nom":"x"}]}"#), pair("parts[1].nom", "unknown_field"));
    assert_eq!(fault(r#"{"title":"a","parts":[{}]}"#), pair("parts[0].name", "missing"));
    for root in ["[]", "[\"a\",\"b\",1,[],{}]", "\"a\"", "5", "null", "true"] {
        assert_eq!(fault(root), pair("body", "wrong_type"));
    }
}

#[test]
fn all_broken_rules_are_told_at_once() {
    let mut all = faults(r#"{"title":"   ","body":"a\u0007","stars":9,"parts":[{"name":"x"}]}"#);
    all.sort();
    let expected = [
        pair("body", "control_character"),
        pair("parts[0].name", "too_short"),
        pair("stars", "out_of_range"),
        pair("title", "blank"),
    ];
    assert_eq!(all, expected);
}

#[test]
fn nul_is_refused_wherever_it_hides() {
    assert_eq!(fault(r#"{"title":"a","custom":{"k":"\u0000"}}"#), pair("body", "control_character"));
    assert_eq!(fault(r#"{"title":"a\u0000"}"#), pair("title", "control_character"));
    assert!(from_slice::<Draft>(br#"{"title":"a","body":"\\u0000"}"#).is_ok());
}

#[test]
fn a_key_that_the_parser_keeps_to_itself_is_refused() {
    let custom = |custom: &str| format!(r#"{{"title":"a","custom":{custom}}}"#);
    let inner = r#"\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\u0000"#;
    let refused = [
        format!(r#"{{"a":{{"$serde_json::private::RawValue":"{inner}"}}}}"#),
        r#"{"a":{"$serde_json::private::RawValue" : "{}"}}"#.into(),
        r#"{"a":{"\u0024serde_json::private::RawValue":"{}"}}"#.into(),
        r#"{"a":{"$serde_json:\u003aprivate::Raw\u0056alue":"{}"}}"#.into(),
        r#"{"a":[{"x":1,"$serde_json::private::Number":"1"}]}"#.into(),
        r#"{"$serde_json::private::anything":1}"#.into(),
    ];
    for hostile in refused {
        assert_eq!(fault(&custom(&hostile)), pair("body", "reserved"), "{hostile}");
    }
    for harmless in [
        r#"{"a":"$serde_json::private::RawValue"}"#,
        r#"{"a":["$serde_json::private::RawValue",{"b":1}]}"#,
        r#"{"$serde":1,"\\$serde_json::private::RawValue":1,"\n":2,"$":3}"#,
    ] {
        assert!(from_slice::<Draft>(custom(harmless).as_bytes()).is_ok(), "{harmless}");
    }
}

#[test]
fn a_message_does_not_echo_the_input() {
    let error = from_slice::<Draft>(br#"{"title":"a","stars":"canary, expected canary"}"#).expect_err("refused");
    assert!(!error.field_errors()[0].message.contains("canary"), "{error:?}");
}

async fn extract<T: DeserializeOwned + Validate<Context = ()>>(content_type: &str, body: impl Into<Body>) -> Result<T> {
    let mut request = Request::post("/").body(body.into()).expect("a request");
    if !content_type.is_empty() {
        request.headers_mut().insert(CONTENT_TYPE, content_type.parse().expect("a header value"));
    }
    Json::from_request(request, &()).await.map(|Json(value)| value)
}

#[tokio::test]
async fn the_content_type_has_to_be_json() {
    let body = r#"{"title":"a"}"#;
    for accepted in ["application/json", "Application/JSON; charset=utf-8"] {
        assert!(extract::<Draft>(accepted, body).await.is_ok(), "{accepted}");
    }
    for refused in ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
        assert_eq!(extract::<Draft>(refused, body).await.expect_err(refused).status(), 415);
    }
}

#[tokio::test]
async fn no_body_is_an_empty_object() {
    assert!(extract::<AllOptional>("", "").await.expect("accepted").everywhere.is_none());
    assert_eq!(extract::<Draft>("", "").await.expect_err("a title is needed").code(), "invalid");
}

#[tokio::test]
async fn a_body_has_a_largest_size() {
    let padded = |size: usize| r#"{"title":"a"}"#.to_owned() + &" ".repeat(size - 13);
    assert!(extract::<Draft>("application/json", padded(body::MAX_BYTES)).await.is_ok());
    let error = extract::<Draft>("application/json", padded(body::MAX_BYTES + 1)).await.expect_err("too large");
    assert_eq!(error.status(), 413);
}
