//! The rules of the house, held against the source itself: who may import whom, where SQL may stand, which service
//! writes a table, and that a store cannot be asked without naming the tenant. Exceptions are listed here by name, so
//! that a new one is a decision and not an accident.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// What each part may import, itself and `error` apart. A part that is missing here ties the others together
/// (`app`, `services`, `cli`, `lib`, `main`) and may see all of them.
const IMPORTS: &[(&str, &[&str])] = &[
    ("platform", &[]),
    ("events", &["platform", "auth::model", "tickets::model"]),
    ("hints", &["platform", "app", "events", "auth::model", "tickets::model", "realtime::presence"]),
    ("auth", &["platform", "app", "events"]),
    (
        "tickets",
        &[
            "platform",
            "app",
            "events",
            "auth::guard",
            "auth::model",
            "auth::Action",
            "auth::bot_account",
            "auth::brand",
            "auth::lock_tenant",
        ],
    ),
    ("realtime", &["platform", "app", "events", "hints", "auth::guard", "auth::model", "auth::status", "tickets"]),
    ("pages", &["platform", "app"]),
    (
        "notifications",
        &[
            "platform",
            "app",
            "events",
            "auth::guard",
            "auth::model",
            "auth::Action",
            "auth::lock_tenant",
            "tickets::messages::store",
            "tickets::model",
            "tickets::recall",
        ],
    ),
    ("analytics", &["platform", "app", "events", "auth::guard", "auth::model", "auth::Action"]),
];

/// A guest who signs in takes the tickets along, in the same transaction.
const IMPORTED_ALL_THE_SAME: &[(&str, &str)] = &[("auth/identify.rs", "tickets::adopt")];

/// SQL stands in `store.rs` or a folder `store`, and in these.
const SQL_ELSEWHERE: &[&str] = &["platform/"];

/// The row of a tenant counts its tickets; whoever makes a ticket takes the next number there.
const WRITTEN_ALL_THE_SAME: &[(&str, &str)] = &[("tenants", "tickets")];

/// Store functions that cannot name a tenant, because they find out which one it is, or because they serve all.
const WITHOUT_TENANT: &[&str] = &[
    "analytics/store/progress.rs list_hints",
    "analytics/store/progress.rs list_tenants",
    "analytics/store/progress.rs lock",
    "analytics/store/progress.rs oldest_uncounted",
    "analytics/store/progress.rs position",
    "analytics/store/progress.rs set_position",
    "auth/store/api_keys.rs find_by_hash",
    "auth/store/api_keys.rs list_origins",
    "auth/store/sessions.rs find_caller",
    "auth/store/sessions.rs find_holder",
    "auth/store/sessions.rs find_refresh",
    "auth/store/sessions.rs sweep",
    "auth/store/sessions.rs sweep_refresh",
    "auth/store/tenants.rs find_by_name",
    "auth/store/tenants.rs insert",
    "events/store.rs cursor",
    "events/store.rs list_after",
    "events/store.rs list_named",
    "events/store.rs list_newest_keys",
    "events/store.rs list_user_changes",
    "events/store.rs move_cursor",
    "events/store.rs newest_key",
    "notifications/store/progress.rs cursor",
    "notifications/store/progress.rs lock_cursor",
    "notifications/store/progress.rs oldest_underived",
    "notifications/store/progress.rs set_cursor",
    "notifications/store/queue.rs count_due",
    "notifications/store/queue.rs list_due",
    "notifications/store/sweep.rs list_old",
    "notifications/store/sweep.rs list_removed",
    "notifications/store/webhooks.rs list_targets",
    "tickets/assign/store.rs count_waiting",
    "tickets/attachments/store.rs count_removals",
    "tickets/attachments/store.rs each_file",
    "tickets/attachments/store.rs list_removals",
    "tickets/attachments/store.rs release_unused",
    "tickets/bot/store.rs count_due",
    "tickets/bot/store.rs list_due",
    "tickets/bot/store.rs list_makers",
    "tickets/knowledge/imports/store.rs count_waiting",
    "tickets/knowledge/imports/store.rs list_waiting",
];

#[test]
fn every_part_imports_only_what_it_may_know() {
    let mut faults = Vec::new();
    for (path, text) in sources() {
        let part = part_of(&path);
        let Some((_, allowed)) = IMPORTS.iter().find(|(name, _)| *name == part) else { continue };
        for import in imports(&text) {
            let may = [part, "error"].iter().chain(*allowed).any(|prefix| lies_in(&import, prefix));
            let exempt = IMPORTED_ALL_THE_SAME.iter().any(|(file, item)| *file == path && lies_in(&import, item));
            if !may && !exempt {
                faults.push(format!("{path} imports crate::{import}"));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn only_the_gateway_knows_sockets_and_it_knows_nothing_else() {
    let of_sockets = ["gateway::engine", "OnUpgrade", "SEC_WEBSOCKET"];
    let of_others = ["app::", "auth::", "events::", "services::", "tickets::"];
    let mut faults = Vec::new();
    for (path, text) in sources() {
        if path.starts_with("realtime/gateway/") {
            let known =
                imports(&text).into_iter().find(|import| of_others.iter().any(|other| import.starts_with(other)));
            faults.extend(known.map(|import| format!("{path} imports crate::{import}")));
        } else if of_sockets.iter().any(|word| code(&text).contains(word)) {
            faults.push(path);
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn only_realtime_and_whoever_ties_all_together_reaches_for_sockets() {
    let may = |path: &str| ["realtime", "services", "app"].contains(&part_of(path));
    let faults: Vec<_> = sources()
        .into_iter()
        .filter(|(path, text)| !may(path) && code(text).contains(".realtime."))
        .map(|(path, _)| path)
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn sql_stands_in_stores() {
    let faults: Vec<_> = sources()
        .into_iter()
        .filter(|(path, text)| !may_hold_sql(path) && !statements(text).is_empty())
        .map(|(path, text)| format!("{path}: {}", statements(&text)[0]))
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn each_table_has_one_writing_service() {
    let mut writers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, text) in sources() {
        for table in statements(&text).iter().filter_map(|statement| written_table(statement)) {
            let part = part_of(&path).to_owned();
            if WRITTEN_ALL_THE_SAME.contains(&(&table, &part)) {
                continue;
            }
            let parts = writers.entry(table).or_default();
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
    }
    assert!(writers.contains_key("messages"), "the search for statements finds nothing any more: {writers:?}");
    writers.retain(|_, parts| parts.len() > 1);
    assert!(writers.is_empty(), "written by several services: {writers:#?}");
}

#[test]
fn stores_cannot_be_asked_without_a_tenant() {
    let mut found = Vec::new();
    // The platform knows no tenants; what it keeps, it keeps under a scope that it is handed.
    for (path, text) in sources().into_iter().filter(|(path, _)| is_store(path) && part_of(path) != "platform") {
        for function in code(&text).split("pub fn ").skip(1) {
            let name = function.split(['(', '<']).next().unwrap_or_default();
            let parameters = function.split(") ->").next().unwrap_or_default();
            if parameters.contains("Tx<")
                && !["TenantKey", ": Scope", "&Act", "Wish<"].iter().any(|named| parameters.contains(named))
            {
                found.push(format!("{path} {name}"));
            }
        }
    }
    found.sort();
    assert_eq!(found, WITHOUT_TENANT);
}

#[test]
fn files_stay_small_and_say_what_they_are() {
    let sources = sources();
    for (path, text) in &sources {
        assert!(text.lines().count() <= 400, "{path} is too long to be read");
        let name = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".rs");
        assert!(!["utils", "helpers", "common", "manager", "misc"].contains(&name), "{path} says nothing by its name");
        assert!(name != "mod" || text.starts_with("//!"), "{path} does not say what it owns");
    }
    let mut sizes: Vec<_> = sources.iter().map(|(_, text)| text.lines().count()).collect();
    sizes.sort_unstable();
    assert!(sizes[sizes.len() / 2] <= 150, "half of the files are longer than {} lines", sizes[sizes.len() / 2]);
}

/// The API's document knows them by these names alone: of two with one name it would have the one, and say it of both.
#[test]
fn no_two_shapes_of_the_api_have_one_name() {
    let mut seen = BTreeMap::new();
    for (path, text) in sources() {
        for shape in text.split("ToSchema)]").skip(1) {
            let declared = shape.lines().find_map(|line| {
                let rest = line.trim_start().trim_start_matches("pub ");
                rest.strip_prefix("struct ").or_else(|| rest.strip_prefix("enum "))
            });
            let Some(declared) = declared else { continue };
            let name: String = declared.chars().take_while(|letter| letter.is_alphanumeric()).collect();
            if let Some(other) = seen.insert(name.clone(), path.clone()) {
                panic!("{name} is in {other} and in {path}");
            }
        }
    }
    assert!(seen.len() > 100, "these are not the shapes");
}

/// All of `src` but its unit tests, as (path below it, text).
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of src can be listed") {
            let path = entry.expect("an entry of src can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
                let below = path.strip_prefix(&root).expect("it was found below src").display().to_string();
                found.push((below, fs::read_to_string(&path).expect("a source file is text")));
            }
        }
    }
    assert!(found.len() > 20, "these are not the sources");
    found.sort();
    found
}

/// `tickets/messages/send.rs` and `events.rs` belong to `tickets` and `events`.
fn part_of(path: &str) -> &str {
    path.split('/').next().unwrap_or(path).trim_end_matches(".rs")
}

/// The text without its comment lines.
fn code(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Every path into the crate, `crate::` left out; `crate::auth::{guard, status}` counts as two.
fn imports(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for rest in code(text).split("crate::").skip(1) {
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(rest.len());
        let (path, after) = rest.split_at(end);
        match after.strip_prefix('{').and_then(|group| group.split('}').next()) {
            Some(group) => found.extend(group.split(',').map(|item| format!("{path}{}", item.trim()))),
            None => found.push(path.trim_end_matches(':').to_owned()),
        }
    }
    found
}

fn lies_in(import: &str, prefix: &str) -> bool {
    import.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn is_store(path: &str) -> bool {
    path.ends_with("/store.rs") || path.contains("/store/")
}

fn may_hold_sql(path: &str) -> bool {
    is_store(path) || SQL_ELSEWHERE.iter().any(|place| path.starts_with(place))
}

/// String literals that begin as an SQL statement does, each with its words one space apart.
fn statements(text: &str) -> Vec<String> {
    let begins = ["select ", "insert into ", "update ", "delete from ", "with "];
    let without_escapes = code(text).replace("\\\"", "").replace("'\"'", "");
    without_escapes
        .split('"')
        .skip(1)
        .step_by(2)
        .map(|literal| literal.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|literal| {
            begins.iter().any(|begin| literal.starts_with(begin)) && literal.contains([',', '$', '=', '*'])
        })
        .collect()
}

fn written_table(statement: &str) -> Option<String> {
    let rest = ["insert into ", "update ", "delete from "].iter().find_map(|verb| statement.strip_prefix(verb))?;
    Some(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
}
