//! The OpenAPI document: kept in docs/ for readers and for the client's types, and true to what the contract says of errors.

use std::fs;

use serde_json::Value;

#[test]
fn the_document_in_docs_is_the_one_that_is_served() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");
    let document = format!("{}\n", smilechat::services::openapi_json());
    if fs::read_to_string(path).unwrap_or_default() != document {
        fs::write(path, document).expect("docs/ can be written");
        panic!("docs/openapi.json was stale; it has been written anew, commit it");
    }
}

#[test]
fn every_operation_under_api_has_a_name_and_its_errors() {
    let document: Value = serde_json::from_str(&smilechat::services::openapi_json()).expect("JSON");
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
