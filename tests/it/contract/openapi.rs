//! The OpenAPI document, which a test beside the routes holds against them: true to what the contract says of errors.

use std::collections::BTreeSet;

use serde_json::Value;

#[test]
fn every_operation_under_api_has_a_name_and_its_errors() {
    let document: Value = serde_json::from_str(include_str!("../../../docs/openapi.json")).expect("JSON");
    let mut names = Vec::new();
    for (path, item) in
        document["paths"].as_object().expect("paths").iter().filter(|(path, _)| path.starts_with("/api/"))
    {
        for (method, operation) in item.as_object().expect("methods") {
            names.push(
                operation["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} has no name")).to_owned(),
            );
            let responses = operation["responses"].as_object().expect("responses");
            assert!(responses.keys().any(|status| status.starts_with('2')), "{method} {path}");
            for (status, response) in responses.iter().filter(|(status, _)| status.starts_with(['4', '5'])) {
                let is_problem = response["content"].to_string().contains("Problem");
                assert!(is_problem, "{method} {path} {status}: {response}");
            }
        }
    }
    let all = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all, "two operations have one name");
}

#[test]
fn exact_types_can_be_made_of_it() {
    let document: Value = serde_json::from_str(include_str!("../../../docs/openapi.json")).expect("JSON");
    let mut vague = Vec::new();
    let (mut taken, mut given) = (BTreeSet::new(), BTreeSet::new());
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("methods") {
            let name = format!("{method} {path}");
            if operation["summary"].as_str().is_none_or(str::is_empty) {
                vague.push(format!("{name} has no summary"));
            }
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                if parameter["schema"].to_string().contains("null") {
                    vague.push(format!("{name} takes null for {}", parameter["name"]));
                }
            }
            for (status, response) in operation["responses"].as_object().expect("responses") {
                if response["description"].as_str().is_none_or(str::is_empty) {
                    vague.push(format!("{name} {status} has no description"));
                }
                let is_error = status == "default" || status.starts_with(['4', '5']);
                let is_problem = response["content"].get("application/problem+json").is_some();
                // /readyz names what is down.
                if is_error != is_problem && path != "/readyz" {
                    vague.push(format!("{name} {status}: {}", response["content"]));
                }
            }
            collect(&document, &operation["parameters"], &mut taken);
            collect(&document, &operation["requestBody"], &mut taken);
            collect(&document, &operation["responses"], &mut given);
        }
    }
    assert!(taken.len() > 10 && given.len() > 20, "the search for schemas finds nothing any more");
    for (name, schema) in document["components"]["schemas"].as_object().expect("schemas") {
        let mut objects = Vec::new();
        find_objects(schema, &mut objects);
        for object in objects {
            let Some(properties) = object["properties"].as_object() else {
                if object.get("additionalProperties").is_none() {
                    vague.push(format!("{name} holds an object of which nothing is said: {object}"));
                }
                continue;
            };
            let is_always_there = |property: &&String| {
                let required = object["required"].as_array();
                required.is_some_and(|required| required.iter().any(|one| one == property.as_str()))
            };
            // `errors` comes with `invalid` alone.
            let is_answer = given.contains(name) && !taken.contains(name) && name != "Problem";
            vague.extend(
                properties
                    .keys()
                    .filter(|property| is_answer && !is_always_there(property))
                    .map(|property| format!("{name}.{property} is in every answer, but not required")),
            );
        }
    }
    assert!(vague.is_empty(), "{vague:#?}");
}

/// The names of all schemas that are reached from here.
fn collect(document: &Value, from: &Value, names: &mut BTreeSet<String>) {
    match from {
        Value::Object(members) => {
            for (key, value) in members {
                match (key.as_str(), value.as_str()) {
                    ("$ref", Some(place)) => {
                        let name = place.trim_start_matches("#/components/schemas/");
                        let schema = &document["components"]["schemas"][name];
                        assert!(schema.is_object(), "{place} leads nowhere");
                        if names.insert(name.to_owned()) {
                            collect(document, schema, names);
                        }
                    }
                    _ => collect(document, value, names),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(document, item, names)),
        _ => {}
    }
}

fn find_objects<'a>(schema: &'a Value, found: &mut Vec<&'a Value>) {
    if schema["type"] == "object" || schema["type"].as_array().is_some_and(|types| types.contains(&"object".into())) {
        found.push(schema);
    }
    match schema {
        Value::Object(members) => members.values().for_each(|value| find_objects(value, found)),
        Value::Array(items) => items.iter().for_each(|item| find_objects(item, found)),
        _ => {}
    }
}
