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
fn a_process_is_some_of_the_services_if_the_others_can_be_told() {
    let mut config = config::load(&BTreeMap::new(), None, Vec::new()).expect("the defaults are good").config;
    assert!(check(&config).is_ok() && chosen(&config.server.services).count() == crate::services::SERVICES.len());
    config.server.services = vec!["auth".into(), "tickets".into()];
    config.bus.redis_url = "redis://127.0.0.1".into();
    let error = check(&config).expect_err("SQLite").to_string();
    assert!(error.contains("a SQLite file belongs to one process") && error.contains("DATABASE_URL"), "{error}");
    config.database.url = "postgres://db/chat".into();
    config.bus.enabled = false;
    assert!(check(&config).expect_err("no bus").to_string().ends_with("set bus.enabled"));
    config.bus.enabled = true;
    assert!(check(&config).is_ok() && is_chosen(&config, "auth") && !is_chosen(&config, "realtime"));
    assert!(is_chosen(&config, "operations"), "wherever the others are");
    config.server.services.push("mail".into());
    let error = check(&config).expect_err("there is none").to_string();
    assert!(error.starts_with("server.services: there is no service \"mail\"; take some of auth, tickets,"), "{error}");
}
