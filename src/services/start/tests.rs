use std::collections::BTreeMap;

use super::*;
use crate::platform::config;

async fn app(folder: &tempfile::TempDir) -> App {
    let mut config = config::load(&BTreeMap::new(), None, Vec::new()).expect("the defaults are good").config;
    config.data_dir = folder.path().display().to_string();
    config.database.url = format!("sqlite://{}/test.db", config.data_dir);
    open(config, Clock::System, Random::System).await.expect("opened").0
}

#[tokio::test]
async fn a_worker_that_ends_ends_the_server_with_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let shutdown = Shutdown::manual();
    let mut workers = Workers::new(app(&folder).await, shutdown.clone());
    workers.run(|_, _| std::future::pending());
    workers.run(|_, _| async { panic!("on purpose") });
    assert!(until_draining(&shutdown, &mut workers).await.is_err());
    shutdown.begun().await;
    // Workers that end because of the shutdown are no fault.
    workers.run(|_, _| async {});
    assert!(until_draining(&shutdown, &mut workers).await.is_ok());
}

#[test]
fn the_first_lines_name_no_page_that_is_not_there() {
    let config = config::load(&BTreeMap::new(), None, Vec::new()).expect("the defaults are good").config;
    let (with, without) = (greeting(3100, "sqlite", &config, true), greeting(3100, "sqlite", &config, false));
    assert!(with.contains("localhost:3100/demo") && with.contains("localhost:3100/app") && !with.contains("make web"));
    assert!(!without.contains("/demo") && !without.contains("/app") && without.contains("make web"), "{without}");
    assert!(without.contains("localhost:3100/api"));
}

#[test]
fn a_process_is_some_of_the_services_if_the_others_can_be_told() {
    let with = |variables: &[(&str, &str)]| {
        let all = variables.iter().map(|(name, text)| (name.to_string(), text.to_string()));
        let loaded = config::load(&all.collect(), None, Vec::new()).expect("the platform finds none");
        let lines: Vec<_> = crate::services::mistakes(&loaded).iter().map(ToString::to_string).collect();
        (loaded.config, lines)
    };
    let (services, redis) = (("SMILECHAT_SERVER__SERVICES", "auth,tickets"), ("REDIS_URL", "redis://127.0.0.1"));
    let postgres = ("DATABASE_URL", "postgres://db/chat");
    let (config, lines) = with(&[]);
    assert!(lines.is_empty() && chosen(&config.server.services).count() == crate::services::SERVICES.len());
    let line = with(&[services, redis]).1.remove(0);
    assert!(line.starts_with("SMILECHAT_SERVER__SERVICES: a SQLite file belongs to one process"), "{line}");
    assert!(line.contains("DATABASE_URL"), "{line}");
    let line = with(&[services, postgres, ("SMILECHAT_BUS__ENABLED", "false")]).1.remove(0);
    assert!(line.ends_with("set bus.enabled"), "{line}");
    let (config, lines) = with(&[services, postgres]);
    assert!(lines.is_empty() && is_chosen(&config, "auth") && !is_chosen(&config, "realtime"));
    assert!(is_chosen(&config, "operations"), "wherever the others are");
    let line = with(&[(services.0, "auth,mail"), postgres]).1.remove(0);
    let expected = "SMILECHAT_SERVER__SERVICES: there is no service \"mail\"; take some of auth, tickets,";
    assert!(line.starts_with(expected), "{line}");
}
