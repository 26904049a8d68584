//! What a model may do, and which routes of the tenant's it may call.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::platform::http::text;

/// What a model may do in the ticket that it answers in. Handing over and saying nothing it always may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tool {
    /// Add tags.
    Tag,
    /// Set the priority.
    Priority,
    /// Close it.
    Close,
    /// See the customer's own tickets.
    LookUp,
}

/// A route of the tenant's that a model may call, in the name of the customer that it answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpTool {
    /// As in `order_status`.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,39}$")]
    pub name: String,
    /// For the model: what it does, and when to call it.
    pub description: String,
    /// It is sent a signed `POST`.
    pub url: String,
    #[serde(default)]
    pub parameters: Vec<Parameter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    #[schema(pattern = "^[a-z][a-z0-9_]{0,39}$")]
    pub name: String,
    #[serde(rename = "type")]
    pub kind: ParameterKind,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub is_required: bool,
    /// One of these; of strings alone.
    #[serde(default)]
    #[schema(required)]
    pub choices: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ParameterKind {
    String,
    Integer,
    Number,
    Boolean,
}

pub fn are_tools<T: AsRef<[Tool]>>(tools: &T, _: &()) -> garde::Result {
    let tools = tools.as_ref();
    match tools.iter().collect::<HashSet<_>>().len() == tools.len() {
        true => Ok(()),
        false => Err(garde::Error::new("invalid_value: Each once.")),
    }
}

const MOST_TOOLS: usize = 8;
const MOST_PARAMETERS: usize = 10;

pub fn are_http_tools<T: AsRef<[HttpTool]>>(tools: &T, context: &()) -> garde::Result {
    let tools = tools.as_ref();
    let names: HashSet<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
    let taken = ["tag", "priority", "close", "look_up", "hand_over", "no_reply"];
    if tools.len() > MOST_TOOLS || names.len() < tools.len() || taken.iter().any(|taken| names.contains(taken)) {
        return Err(garde::Error::new("invalid_value: At most 8, each with a name of its own."));
    }
    for tool in tools {
        text::http_url(&tool.url, context)?;
        text::content(500)(&tool.description, context)?;
        let names: HashSet<&str> = tool.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
        let are_good = tool.parameters.iter().all(is_parameter)
            && tool.parameters.len() <= MOST_PARAMETERS
            && names.len() == tool.parameters.len();
        if !is_name(&tool.name) || !are_good {
            return Err(garde::Error::new(
                "invalid_value: Names of a to z, 0 to 9 and _, at most 10 parameters, choices of strings alone.",
            ));
        }
    }
    Ok(())
}

fn is_parameter(parameter: &Parameter) -> bool {
    let are_choices = parameter.choices.as_ref().is_none_or(|choices| {
        parameter.kind == ParameterKind::String
            && (1..=50).contains(&choices.len())
            && choices.iter().all(|choice| text::is_line(choice, 100))
    });
    let is_described = parameter.description.is_empty() || text::is_line(&parameter.description, 300);
    is_name(&parameter.name) && is_described && are_choices
}

fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=40).contains(&name.len()) && name.as_bytes()[0].is_ascii_lowercase() && name.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_has_a_name_that_is_its_own() {
        let tool = |name: &str, parameter: &str| HttpTool {
            name: name.into(),
            description: "Tells where an order is.".into(),
            url: "https://shop.example/order".into(),
            parameters: vec![Parameter {
                name: parameter.into(),
                kind: ParameterKind::Integer,
                description: String::new(),
                is_required: true,
                choices: None,
            }],
        };
        assert!(are_http_tools(&[tool("order_status", "number")].as_slice(), &()).is_ok());
        for (name, parameter) in
            [("close", "x"), ("Order", "x"), ("a b", "x"), ("", "x"), ("order", "1"), ("order", "")]
        {
            assert!(are_http_tools(&[tool(name, parameter)].as_slice(), &()).is_err(), "{name} {parameter}");
        }
        assert!(are_http_tools(&[tool("a", "x"), tool("a", "x")].as_slice(), &()).is_err());
        let choices = HttpTool {
            parameters: vec![Parameter { choices: Some(vec!["a".into()]), ..tool("a", "x").parameters.remove(0) }],
            ..tool("a", "x")
        };
        assert!(are_http_tools(&[choices].as_slice(), &()).is_err());
    }
}
