//! The environment: settings of any name and text are taken or refused in words, and secrets are in none of these.

#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use smilechat::platform::config;

const CANARY: &str = "canary-canary-canary-canary-canary";

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let mut environment: BTreeMap<String, String> = text
        .lines()
        .filter_map(|line| line.split_once('='))
        // A setting that names a file would read it.
        .filter(|(name, _)| !name.ends_with("_FILE") && *name != "SMILECHAT_CONFIG")
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    environment.insert("JWT_SECRET".into(), CANARY.into());
    match config::load(&environment, None, Vec::new()) {
        Ok(loaded) => assert!(!config::show(&loaded).contains(CANARY)),
        Err(mistakes) => {
            assert!(!mistakes.is_empty());
            for mistake in mistakes {
                assert!(!mistake.to_string().contains(CANARY));
            }
        }
    }
});
