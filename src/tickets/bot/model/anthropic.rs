//! Messages, as Anthropic has them: https://docs.anthropic.com/en/api/messages and its streaming.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Ask, Call, Spoken, Turn};
use crate::platform::outbound::Failure;
use crate::tickets::bot::settings::models::ModelSettings;

/// The version of the interface that this is written for.
const VERSION: &str = "2023-06-01";

type Request = (&'static str, Vec<(&'static str, String)>, Value);

pub fn request(settings: &ModelSettings, key: Option<&str>, ask: &Ask) -> Request {
    let mut body = json!({
        "model": settings.name,
        "max_tokens": settings.max_tokens,
        "system": ask.system,
        "messages": messages(&ask.turns),
        "stream": true,
    });
    if let Some(temperature) = settings.temperature {
        // Its scale ends at 1.
        body["temperature"] = temperature.min(1.0).into();
    }
    let tools = ask
        .tools
        .iter()
        .map(|tool| json!({ "name": tool.name, "description": tool.description, "input_schema": tool.parameters }));
    if !ask.tools.is_empty() {
        body["tools"] = tools.collect();
        if ask.is_last {
            body["tool_choice"] = json!({ "type": "none" });
        }
    }
    let mut headers = vec![("anthropic-version", VERSION.to_owned())];
    headers.extend(key.map(|key| ("x-api-key", key.to_owned())));
    ("messages", headers, body)
}

/// The results of calls stand together in one message of the user's side.
fn messages(turns: &[Turn]) -> Vec<Value> {
    let mut messages: Vec<(&str, Vec<Value>)> = Vec::new();
    for turn in turns {
        let (role, blocks) = match turn {
            Turn::Customer(text) => ("user", vec![json!({ "type": "text", "text": text })]),
            Turn::Model { text, calls } => {
                let said = (!text.trim().is_empty()).then(|| json!({ "type": "text", "text": text }));
                let calls = calls.iter().map(|Call { id, name, arguments }| {
                    let input: Value = serde_json::from_str(arguments).unwrap_or_else(|_| json!({}));
                    json!({ "type": "tool_use", "id": id, "name": name, "input": input })
                });
                ("assistant", said.into_iter().chain(calls).collect())
            }
            Turn::Result { call_id, text } => {
                ("user", vec![json!({ "type": "tool_result", "tool_use_id": call_id, "content": text })])
            }
        };
        match messages.last_mut() {
            Some((last, all)) if *last == role => all.extend(blocks),
            _ => messages.push((role, blocks)),
        }
    }
    messages.into_iter().map(|(role, content)| json!({ "role": role, "content": content })).collect()
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event {
    MessageStart {
        message: Start,
    },
    ContentBlockStart {
        index: usize,
        content_block: Block,
    },
    ContentBlockDelta {
        index: usize,
        delta: Delta,
    },
    MessageDelta {
        delta: Stop,
        usage: Option<Usage>,
    },
    MessageStop,
    Error,
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Start {
    usage: Option<Usage>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block {
    Text {
        text: String,
    },
    ToolUse {
        id: String,
        name: String,
        #[serde(default)]
        input: Value,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Delta {
    #[serde(rename = "text_delta")]
    Text { text: String },
    #[serde(rename = "input_json_delta")]
    Arguments { partial_json: String },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Stop {
    stop_reason: Option<String>,
}

#[derive(Deserialize)]
struct Usage {
    input_tokens: Option<i64>,
    output_tokens: Option<i64>,
}

#[derive(Deserialize)]
struct Whole {
    content: Vec<Block>,
    stop_reason: Option<String>,
    usage: Option<Usage>,
}

pub fn hear(event: &str, spoken: &mut Spoken) -> Result<(), Failure> {
    match serde_json::from_str(event).map_err(|_| Failure::Broken)? {
        Event::MessageStart { message } => count(message.usage, spoken),
        Event::ContentBlockStart { index, content_block } => start(index, content_block, spoken)?,
        Event::ContentBlockDelta { delta: Delta::Text { text }, .. } => spoken.text.push_str(&text),
        Event::ContentBlockDelta { index, delta: Delta::Arguments { partial_json } } => {
            spoken.call(index)?.arguments.push_str(&partial_json);
        }
        Event::MessageDelta { delta, usage } => {
            count(usage, spoken);
            stop(delta.stop_reason.as_deref())?;
        }
        Event::MessageStop => spoken.is_whole = true,
        Event::Error => return Err(Failure::Broken),
        Event::ContentBlockDelta { delta: Delta::Other, .. } | Event::Other => {}
    }
    Ok(())
}

pub fn hear_whole(answer: Value, spoken: &mut Spoken) -> Result<(), Failure> {
    let answer: Whole = serde_json::from_value(answer).map_err(|_| Failure::Broken)?;
    for (index, block) in answer.content.into_iter().enumerate() {
        if let Block::ToolUse { input, .. } = &block {
            spoken.call(index)?.arguments = input.to_string();
        }
        start(index, block, spoken)?;
    }
    count(answer.usage, spoken);
    stop(answer.stop_reason.as_deref())?;
    spoken.is_whole = true;
    Ok(())
}

fn start(index: usize, block: Block, spoken: &mut Spoken) -> Result<(), Failure> {
    match block {
        Block::Text { text } => spoken.text.push_str(&text),
        Block::ToolUse { id, name, .. } => {
            let call = spoken.call(index)?;
            (call.id, call.name) = (id, name);
        }
        Block::Other => {}
    }
    Ok(())
}

fn count(usage: Option<Usage>, spoken: &mut Spoken) {
    let Some(usage) = usage else { return };
    spoken.tokens.input = usage.input_tokens.unwrap_or(spoken.tokens.input);
    spoken.tokens.output = usage.output_tokens.unwrap_or(spoken.tokens.output);
}

fn stop(reason: Option<&str>) -> Result<(), Failure> {
    match reason {
        // What was cut at its most tokens, or held back, is no answer.
        Some("max_tokens") => Err(Failure::TooLong),
        Some("refusal") => Err(Failure::Broken),
        _ => Ok(()),
    }
}
