//! Chat completions, as OpenAI has them and many speak: https://platform.openai.com/docs/api-reference/chat.

use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Ask, Call, Spoken, Turn};
use crate::platform::outbound::Failure;
use crate::tickets::bot::settings::models::ModelSettings;

type Request = (&'static str, Vec<(&'static str, String)>, Value);

pub fn request(settings: &ModelSettings, key: Option<&str>, ask: &Ask) -> Request {
    let mut messages = vec![json!({ "role": "system", "content": ask.system })];
    messages.extend(ask.turns.iter().map(message));
    let mut body = json!({
        "model": settings.name,
        "messages": messages,
        "stream": true,
        "stream_options": { "include_usage": true },
    });
    // OpenAI's newer models know the one name, most other servers the other.
    body[if is_of_openai(&settings.url) { "max_completion_tokens" } else { "max_tokens" }] = settings.max_tokens.into();
    if let Some(temperature) = settings.temperature {
        body["temperature"] = temperature.into();
    }
    let functions = ask.tools.iter().map(|tool| {
        let (name, description, parameters) = (&tool.name, &tool.description, &tool.parameters);
        json!({ "type": "function", "function": { "name": name, "description": description, "parameters": parameters } })
    });
    if !ask.tools.is_empty() {
        body["tools"] = functions.collect();
        if ask.is_last {
            body["tool_choice"] = "none".into();
        }
    }
    ("chat/completions", headers(&settings.url, key), body)
}

pub fn headers(url: &str, key: Option<&str>) -> Vec<(&'static str, String)> {
    match key {
        Some(key) if host_ends(url, ".azure.com") => vec![("api-key", key.to_owned())],
        Some(key) => vec![("authorization", format!("Bearer {key}"))],
        None => Vec::new(),
    }
}

fn is_of_openai(url: &str) -> bool {
    host_ends(url, ".openai.com") || host_ends(url, ".azure.com")
}

fn host_ends(url: &str, end: &str) -> bool {
    Url::parse(url).is_ok_and(|url| url.host_str().is_some_and(|host| host.ends_with(end)))
}

fn message(turn: &Turn) -> Value {
    match turn {
        Turn::Customer(text) => json!({ "role": "user", "content": text }),
        Turn::Model { text, calls } if calls.is_empty() => json!({ "role": "assistant", "content": text }),
        Turn::Model { text, calls } => {
            let calls = calls.iter().map(|Call { id, name, arguments }| {
                json!({ "id": id, "type": "function", "function": { "name": name, "arguments": arguments } })
            });
            json!({ "role": "assistant", "content": text, "tool_calls": calls.collect::<Value>() })
        }
        Turn::Result { call_id, text } => json!({ "role": "tool", "tool_call_id": call_id, "content": text }),
    }
}

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<Usage>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    /// `message` in an answer that is not streamed.
    #[serde(alias = "message")]
    delta: Option<Delta>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Delta {
    content: Option<String>,
    #[serde(default)]
    tool_calls: Option<Vec<ToolCall>>,
}

#[derive(Deserialize)]
struct ToolCall {
    index: Option<usize>,
    id: Option<String>,
    function: Option<Function>,
}

#[derive(Deserialize)]
struct Function {
    name: Option<String>,
    arguments: Option<String>,
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: i64,
    completion_tokens: i64,
}

pub fn hear(event: &str, spoken: &mut Spoken) -> Result<(), Failure> {
    if event.trim() == "[DONE]" {
        spoken.is_whole = true;
        return Ok(());
    }
    take(serde_json::from_str(event).map_err(|_| Failure::Broken)?, spoken)
}

pub fn hear_whole(answer: Value, spoken: &mut Spoken) -> Result<(), Failure> {
    take(serde_json::from_value(answer).map_err(|_| Failure::Broken)?, spoken)
}

fn take(chunk: Chunk, spoken: &mut Spoken) -> Result<(), Failure> {
    if chunk.error.is_some() {
        return Err(Failure::Broken);
    }
    if let Some(usage) = chunk.usage {
        (spoken.tokens.input, spoken.tokens.output) = (usage.prompt_tokens, usage.completion_tokens);
    }
    let Some(choice) = chunk.choices.into_iter().next() else { return Ok(()) };
    if let Some(delta) = choice.delta {
        spoken.text.push_str(&delta.content.unwrap_or_default());
        for (place, part) in delta.tool_calls.unwrap_or_default().into_iter().enumerate() {
            let call = spoken.call(part.index.unwrap_or(place))?;
            call.id.push_str(&part.id.unwrap_or_default());
            if let Some(function) = part.function {
                call.name.push_str(&function.name.unwrap_or_default());
                call.arguments.push_str(&function.arguments.unwrap_or_default());
            }
        }
    }
    match choice.finish_reason.as_deref() {
        // What was cut at its most tokens, or held back, is no answer.
        Some("length") => Err(Failure::TooLong),
        Some("content_filter") => Err(Failure::Broken),
        Some(_) => {
            spoken.is_whole = true;
            Ok(())
        }
        None => Ok(()),
    }
}
