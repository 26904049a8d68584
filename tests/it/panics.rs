//! The server must not panic, not even where the panic is caught or ends a task that nobody waits for.
//!
//! Servers of these tests run in the tests' own process, so that the place of a panic tells whose it is: a test's own lies
//! in `tests/`. Any other ends the whole run at once, after its words.

use std::panic;
use std::process;
use std::sync::Once;

pub fn are_fatal_in_the_server() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        let tell = panic::take_hook();
        panic::set_hook(Box::new(move |panicked| {
            tell(panicked);
            let place = panicked.location().map(|place| place.file()).unwrap_or_default();
            if !is_of_a_test(place) {
                // Not by way of `eprintln!`, whose words are kept back until the test ends.
                let words = format!("the server panicked at {place}: no test may pass\n");
                let _ = std::io::Write::write_all(&mut std::io::stderr(), words.as_bytes());
                process::exit(101);
            }
        }));
    });
}

fn is_of_a_test(place: &str) -> bool {
    place.starts_with("tests/")
}

#[test]
fn a_panic_of_the_server_is_told_apart() {
    assert!(is_of_a_test(file!()));
    assert!(!is_of_a_test("src/realtime/hub.rs"));
}
