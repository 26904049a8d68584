//! What a model may do, and what becomes of it.
//!
//! What it wants to change is noted down, and done when its answer is stored, if it still may answer then. What it wants to see
//! it sees with the rights of the customer that it answers, and no others. Arguments are read into types that know no other
//! fields: what does not fit is told to the model, and nothing happens.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::model::{Call, Offer};
use super::prompt::cut;
use super::reply::{Desk, Question};
use super::runs::ToolUse;
use super::settings::BotSettings;
use super::settings::tools::{HttpTool, Parameter, ParameterKind, Tool};
use super::signed::{self, Visitor};
use crate::app::App;
use crate::error::{Error, Result};
use crate::tickets::fields;
use crate::tickets::model::{Priority, Scope, Ticket};
use crate::tickets::store::{self as tickets, list};

const LOOKED_UP: i64 = 10;
const MOST_SHOWN: usize = 300;
const SUMMARY: usize = 1000;

/// What a model wants to be done to its ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Tag(Vec<String>),
    Priority(Priority),
    Close,
}

/// What becomes of a call.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    /// For the model to read.
    Told(String),
    /// The same, and it may be cited.
    Source(String),
    Noted(Change),
    HandOver(String),
    NoReply,
}

pub fn offers(settings: &BotSettings) -> Vec<Offer> {
    let object = |properties: Value, required: &[&str]| json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false });
    let offer = |name: &str, description: &str, parameters| Offer {
        name: name.into(),
        description: description.into(),
        parameters,
    };
    let mut offers = vec![
        offer(
            "hand_over",
            "Pass the conversation to a person. The summary is for them.",
            object(json!({ "summary": { "type": "string", "maxLength": SUMMARY } }), &["summary"]),
        ),
        offer("no_reply", "Say nothing to this message.", object(json!({}), &[])),
    ];
    let tags = json!({ "tags": { "type": "array", "items": { "type": "string", "maxLength": 50 }, "maxItems": 5 } });
    let priority = json!({ "priority": { "type": "string", "enum": ["low", "medium", "high"] } });
    let ticket = json!({ "ticket_id": { "type": "string" } });
    for tool in &settings.tools {
        offers.push(match tool {
            Tool::Tag => offer("tag", "Add tags to this conversation.", object(tags.clone(), &["tags"])),
            Tool::Priority => {
                offer("priority", "Set the priority of this conversation.", object(priority.clone(), &["priority"]))
            }
            Tool::Close => offer(
                "close",
                "Close this conversation, once the customer said that all is well.",
                object(json!({}), &[]),
            ),
            Tool::LookUp => offer(
                "look_up",
                "See the customer's own tickets: one by its id, or the newest.",
                object(ticket.clone(), &[]),
            ),
        });
    }
    offers
        .extend(settings.http_tools.iter().map(|tool| offer(&tool.name, &tool.description, schema(&tool.parameters))));
    offers
}

fn schema(parameters: &[Parameter]) -> Value {
    let property = |parameter: &Parameter| {
        let mut property = json!({ "type": parameter.kind, "description": parameter.description });
        if let Some(choices) = &parameter.choices {
            property["enum"] = json!(choices);
        }
        (parameter.name.clone(), property)
    };
    let properties: Map<String, Value> = parameters.iter().map(property).collect();
    let required = parameters.iter().filter(|parameter| parameter.is_required).map(|parameter| parameter.name.as_str());
    json!({
        "type": "object",
        "properties": properties,
        "required": required.collect::<Value>(),
        "additionalProperties": false,
    })
}

/// For a note: without what cannot be shown or stored.
pub fn clean(summary: &str) -> String {
    cut(summary.replace(|c: char| c.is_control() && c != '\n', " ").trim(), SUMMARY)
}

/// Tools that are not offered are not there.
pub async fn carry_out(app: &App, desk: &Desk, question: &Question, call: &Call) -> Result<(Outcome, ToolUse)> {
    let has = |tool| desk.settings.tools.contains(&tool);
    let outcome = match call.name.as_str() {
        "hand_over" => take(call, |HandOver { summary }| Outcome::HandOver(clean(&summary))),
        "no_reply" => take(call, |Nothing {}| Outcome::NoReply),
        "tag" if has(Tool::Tag) => take(call, |Tags { tags }| match fields::tags(&tags, &()) {
            Ok(()) => Outcome::Noted(Change::Tag(tags)),
            Err(error) => Outcome::Told(format!("error: {error}")),
        }),
        "priority" if has(Tool::Priority) => {
            take(call, |SetPriority { priority }| Outcome::Noted(Change::Priority(priority)))
        }
        "close" if has(Tool::Close) => take(call, |Nothing {}| Outcome::Noted(Change::Close)),
        "look_up" if has(Tool::LookUp) => match read::<LookUp>(call) {
            Ok(LookUp { ticket_id }) => look_up(app, question, ticket_id).await?,
            Err(fault) => Outcome::Told(fault),
        },
        name => match desk.settings.http_tools.iter().find(|tool| tool.name == name) {
            Some(tool) => ask_out(app, desk, question, tool, call).await,
            None => Outcome::Told("error: there is no such tool".into()),
        },
    };
    let result = match &outcome {
        Outcome::Told(text) | Outcome::Source(text) => cut(text, MOST_SHOWN),
        Outcome::Noted(_) => "noted".into(),
        Outcome::HandOver(_) => "handed over".into(),
        Outcome::NoReply => "no reply".into(),
    };
    let used = ToolUse { name: cut(&call.name, 40), arguments: cut(&call.arguments, MOST_SHOWN), result };
    Ok((outcome, used))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HandOver {
    #[serde(default)]
    summary: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tags {
    tags: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetPriority {
    priority: Priority,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LookUp {
    ticket_id: Option<String>,
}

fn take<T: DeserializeOwned>(call: &Call, then: impl FnOnce(T) -> Outcome) -> Outcome {
    read(call).map_or_else(Outcome::Told, then)
}

fn read<T: DeserializeOwned>(call: &Call) -> Result<T, String> {
    let arguments = if call.arguments.trim().is_empty() { "{}" } else { &call.arguments };
    serde_json::from_str(arguments).map_err(|error| format!("error: {error}"))
}

/// As the customer sees them; somebody else's is not found, like one that never was.
async fn look_up(app: &App, question: &Question, ticket_id: Option<String>) -> Result<Outcome> {
    // Nobody's: a scope without a customer is that of staff.
    let Some(customer) = question.customer else { return Ok(Outcome::Source("[]".into())) };
    let scope = Scope { tenant: question.tenant, customer: Some(customer) };
    let found = app.db.read(move |tx| match ticket_id {
        Some(id) => tickets::find(tx, scope, &id).map(|ticket| vec![ticket]),
        None => list(tx, scope, &tickets::Filter::default(), None, LOOKED_UP),
    });
    let brief = |ticket: &Ticket| {
        json!({
            // The subject is the customer's own words, which are no source.
            "ticket_id": ticket.ticket_id, "number": ticket.number, "status": ticket.status,
            "created_at": ticket.created_at, "updated_at": ticket.updated_at,
        })
    };
    match found.await {
        Ok(tickets) => Ok(Outcome::Source(tickets.iter().map(brief).collect::<Value>().to_string())),
        Err(Error::NotFound) => Ok(Outcome::Told("error: not found".into())),
        Err(error) => Err(error),
    }
}

async fn ask_out(app: &App, desk: &Desk, question: &Question, tool: &HttpTool, call: &Call) -> Outcome {
    let arguments = match checked(&tool.parameters, call) {
        Ok(arguments) => arguments,
        Err(fault) => return Outcome::Told(fault),
    };
    // Tried out, nothing is done to anything.
    if question.customer.is_none() {
        return Outcome::Told("error: not called while trying".into());
    }
    let visitor = match signed::visitor(app, question.tenant, question.customer).await {
        Ok(visitor) => visitor,
        Err(_) => return Outcome::Told("error: unavailable".into()),
    };
    let Visitor { user_id, external_id, is_guest } = &visitor;
    let body = json!({
        "tool": tool.name, "arguments": arguments, "ticket_id": question.ticket_id, "delivery_id": question.delivery_id,
        "visitor": { "user_id": user_id, "external_id": external_id, "is_guest": is_guest },
    });
    match signed::call_tool(app, &tool.url, desk.secrets.signing.as_deref(), &body).await {
        Ok(text) => Outcome::Source(text),
        Err(failure) => Outcome::Told(format!("error: {}", failure.as_str())),
    }
}

/// What the tenant's route is sent has the shape that the tenant said.
fn checked(parameters: &[Parameter], call: &Call) -> Result<Map<String, Value>, String> {
    let arguments: Map<String, Value> = read(call)?;
    if let Some(unknown) = arguments.keys().find(|name| parameters.iter().all(|known| known.name != **name)) {
        return Err(format!("error: there is no parameter {unknown:?}"));
    }
    for parameter in parameters {
        let fits = match arguments.get(&parameter.name) {
            None | Some(Value::Null) => !parameter.is_required,
            Some(value) => match (parameter.kind, value) {
                (ParameterKind::String, Value::String(text)) => {
                    text.len() <= 1000 && parameter.choices.as_ref().is_none_or(|choices| choices.contains(text))
                }
                (ParameterKind::Integer, value) => value.is_i64(),
                (ParameterKind::Number, value) => value.is_number(),
                (ParameterKind::Boolean, value) => value.is_boolean(),
                (ParameterKind::String, _) => false,
            },
        };
        if !fits {
            return Err(format!("error: {:?} does not fit", parameter.name));
        }
    }
    Ok(arguments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_is_called_with_what_its_owner_said() {
        let parameter = |name: &str, kind, is_required, choices: Option<&[&str]>| Parameter {
            name: name.into(),
            kind,
            description: String::new(),
            is_required,
            choices: choices.map(|choices| choices.iter().map(|choice| (*choice).to_owned()).collect()),
        };
        let parameters = [
            parameter("order", ParameterKind::Integer, true, None),
            parameter("part", ParameterKind::String, false, Some(&["status", "bill"])),
        ];
        let fits =
            |arguments: &str| checked(&parameters, &Call { arguments: arguments.into(), ..Call::default() }).is_ok();
        assert!(fits(r#"{"order":7}"#) && fits(r#"{"order":7,"part":"bill"}"#) && fits(r#"{"order":7,"part":null}"#));
        for bad in [
            "",
            "[]",
            "7",
            "{",
            r#"{"order":"7"}"#,
            r#"{"order":7.5}"#,
            r#"{"part":"bill"}"#,
            r#"{"order":7,"part":"x"}"#,
            r#"{"order":7,"admin":true}"#,
        ] {
            assert!(!fits(bad), "{bad}");
        }
        assert_eq!(schema(&parameters)["properties"]["part"]["enum"], json!(["status", "bill"]));
    }
}
