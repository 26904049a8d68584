//! How `docs/openapi.json` comes about: its head, and what is true of every operation and is said here once.
//!
//! Routes describe themselves. What follows from the floor under them (errors are problems, a query parameter is absent and
//! never null) would be noise on each of them; types are generated from the document, so that it has to be precise.

use std::collections::BTreeMap;
use std::fs;

use http::StatusCode;
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, Parameter, PathItem};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ArrayItems, Schema, SchemaType, Type};
use utoipa::openapi::{Content, Ref, RefOr, Required};

use crate::services::SERVICES;

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";

#[derive(OpenApi)]
#[openapi(info(
    title = "SmileChat",
    description = "Real-time customer support that a business runs itself. Every path is also served under /api/v1. \
        Errors are RFC 9457 problems with a stable `code`; the live half is described by /asyncapi.json."
), security(("bearer" = []), ("api_key" = [])), modifiers(&Schemes))]
struct Document;

struct Schemes;

impl utoipa::Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
        let components = document.components.get_or_insert_default();
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        let api_key = ApiKey::Header(ApiKeyValue::new("X-API-Key"));
        components.add_security_scheme("api_key", SecurityScheme::ApiKey(api_key));
    }
}

/// Of all routes of all services.
fn document() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    let api = SERVICES.iter().fold(crate::auth::entrance_routes(), |all, service| all.merge((service.routes)()));
    for (schemas, paths) in api.into_described() {
        document.components.get_or_insert_default().schemas.extend(schemas);
        for (path, item) in paths.paths {
            match document.paths.paths.get_mut(&path) {
                Some(there) => there.merge_operations(item),
                None => drop(document.paths.paths.insert(path, item)),
            }
        }
    }
    let schemas = document.components.clone().unwrap_or_default().schemas;
    for (path, item) in &mut document.paths.paths {
        for operation in operations(item) {
            for parameter in operation.parameters.iter_mut().flatten() {
                if let RefOr::T(parameter) = parameter {
                    complete_parameter(parameter);
                }
            }
            complete_responses(operation, path.starts_with("/api/"));
            complete_body(operation, &schemas);
        }
    }
    for (name, schema) in &mut document.components.get_or_insert_default().schemas {
        if let Some(entry) = name.strip_prefix("Page_") {
            name_entries(schema, entry);
        }
    }
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.delete].into_iter().flatten()
}

/// A parameter that is optional can be left out; there is no null in a query.
fn complete_parameter(parameter: &mut Parameter) {
    let Some(RefOr::T(schema)) = &mut parameter.schema else { return };
    match schema {
        Schema::OneOf(either) => {
            if let Some(named) = either.items.iter().find(|item| !is_null(item)) {
                parameter.schema = Some(named.clone());
            }
        }
        Schema::Object(object) => {
            if let SchemaType::Array(types) = &object.schema_type
                && let Some(kind) = types.iter().find(|kind| **kind != Type::Null)
            {
                object.schema_type = SchemaType::Type(kind.clone());
            }
        }
        _ => {}
    }
}

fn is_null(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(object)) if object.schema_type == SchemaType::Type(Type::Null))
}

/// No body is as good as an empty object (`platform/http/json.rs`): one whose fields are all optional can be left out.
fn complete_body(operation: &mut Operation, schemas: &BTreeMap<String, RefOr<Schema>>) {
    let Some(RefOr::T(body)) = &mut operation.request_body else { return };
    let Some(RefOr::T(Content { schema: Some(RefOr::Ref(named)), .. })) = body.content.get(JSON) else { return };
    let name = named.ref_location.rsplit('/').next().unwrap_or_default();
    if let Some(RefOr::T(Schema::Object(object))) = schemas.get(name)
        && object.required.is_empty()
    {
        body.required = Some(Required::False);
    }
}

fn complete_responses(operation: &mut Operation, may_fail: bool) {
    let responses = &mut operation.responses.responses;
    for (status, response) in responses.iter_mut() {
        let RefOr::T(response) = response else { continue };
        if response.description.is_empty() {
            let status = status.parse().ok().and_then(|code: u16| StatusCode::from_u16(code).ok());
            response.description = status.and_then(|status| status.canonical_reason()).unwrap_or_default().to_owned();
        }
        if response.content.get(JSON).is_some_and(is_problem)
            && let Some(content) = response.content.swap_remove(JSON)
        {
            response.content.insert(PROBLEM.to_owned(), content);
        }
    }
    if may_fail {
        responses.insert("default".to_owned(), RefOr::T(any_problem()));
    }
}

fn is_problem(content: &RefOr<Content>) -> bool {
    let problem = Ref::from_schema_name("Problem");
    matches!(content, RefOr::T(Content { schema: Some(RefOr::Ref(named)), .. }) if named.ref_location == problem.ref_location)
}

/// What any request may be answered with: it is malformed, too large, one too many, or the server cannot just now.
fn any_problem() -> Response {
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    ResponseBuilder::new().description("Any other error").content(PROBLEM, content).build()
}

/// A page's entries, by the name of their schema instead of another copy of it.
fn name_entries(page: &mut RefOr<Schema>, entry: &str) {
    if let RefOr::T(Schema::Object(page)) = page
        && let Some(RefOr::T(Schema::Array(data))) = page.properties.get_mut("data")
    {
        data.items = ArrayItems::RefOrSchema(Box::new(Ref::from_schema_name(entry).into()));
    }
}

#[test]
fn the_document_in_docs_is_that_of_the_routes() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");
    let document = format!("{}\n", document().to_pretty_json().expect("the document is strings and numbers"));
    if fs::read_to_string(path).unwrap_or_default() != document {
        fs::write(path, document).expect("docs/ can be written");
        panic!("docs/openapi.json was stale; it has been written anew, commit it");
    }
}
