//! Whose pages may call from a browser: those of `cors.origins`, and those that somebody has admitted since. `cors` asks
//! it for every request with an Origin, the sockets' door for every handshake; `auth` admits what publishable keys list.
//!
//! Invariant: an origin is compared whole and as the browser wrote it. `https://good.com.evil` begins like a good one;
//! another scheme, port or case, or a dot at the end, is another origin.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, RwLock};

/// A clone is the same set.
#[derive(Clone, Default)]
pub struct Origins(Arc<Shared>);

#[derive(Default)]
struct Shared {
    configured: HashSet<String>,
    admitted: RwLock<Admitted>,
}

#[derive(Default)]
struct Admitted {
    /// Each origin with those who admit it; none is without one.
    by: HashMap<String, HashSet<String>>,
    /// Counts the changes.
    turn: u64,
}

impl Origins {
    pub fn new(configured: &[String]) -> Self {
        let configured = configured.iter().cloned().collect();
        Self(Arc::new(Shared { configured, admitted: RwLock::default() }))
    }

    /// Whether the operator named any. Without one, the sockets' door stands open.
    pub fn are_configured(&self) -> bool {
        !self.0.configured.is_empty()
    }

    /// `*`: every page may call.
    pub fn are_all(&self) -> bool {
        self.0.configured.contains("*")
    }

    pub fn have(&self, origin: &str) -> bool {
        // A page that calls itself `*` is none.
        origin != "*" && (self.0.configured.contains(origin) || self.read(|admitted| admitted.by.contains_key(origin)))
    }

    /// `who` admits these from now on, and no others.
    pub fn admit(&self, who: &str, origins: &[String]) {
        self.write(|admitted| admitted.set(who, origins));
    }

    /// How many changes there were. Ask before reading what `replace` is to be given.
    pub fn turn(&self) -> u64 {
        self.read(|admitted| admitted.turn)
    }

    /// All that is admitted, as it was read. Changes nothing if somebody was admitted or turned away since `turn`, whom
    /// the reader may have missed.
    pub fn replace(&self, turn: u64, all: &[(String, Vec<String>)]) {
        self.write(|admitted| {
            if admitted.turn == turn {
                admitted.by.clear();
                all.iter().for_each(|(who, origins)| admitted.set(who, origins));
            }
        });
    }

    fn read<T>(&self, look: impl FnOnce(&Admitted) -> T) -> T {
        look(&self.0.admitted.read().expect("nobody panics while holding it"))
    }

    fn write(&self, change: impl FnOnce(&mut Admitted)) {
        change(&mut self.0.admitted.write().expect("nobody panics while holding it"));
    }
}

impl Admitted {
    fn set(&mut self, who: &str, origins: &[String]) {
        self.turn += 1;
        self.by.retain(|_, admitting| {
            admitting.remove(who);
            !admitting.is_empty()
        });
        for origin in origins {
            self.by.entry(origin.clone()).or_default().insert(who.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(origins: &[&str]) -> Vec<String> {
        origins.iter().map(|origin| origin.to_string()).collect()
    }

    #[test]
    fn an_origin_stays_as_long_as_one_admits_it() {
        let origins = Origins::new(&list(&["https://set.example"]));
        origins.admit("a", &list(&["https://one.example", "https://both.example"]));
        origins.admit("b", &list(&["https://both.example", "https://set.example"]));
        origins.admit("a", &[]);
        assert!(!origins.have("https://one.example"));
        assert!(origins.have("https://both.example"));
        origins.admit("b", &[]);
        assert!(!origins.have("https://both.example"));
        assert!(origins.have("https://set.example"), "what is configured stays");
    }

    #[test]
    fn an_origin_is_compared_whole() {
        let origins = Origins::new(&list(&["https://set.example"]));
        origins.admit("a", &list(&["https://good.com"]));
        for foreign in [
            "https://good.com.evil",
            "https://good.com.",
            "https://good.com/",
            "https://good.com:443",
            "https://GOOD.com",
            "https://a.good.com",
            "http://good.com",
            "https://set.example.evil",
            "good.com",
            "null",
            "*",
            "",
        ] {
            assert!(!origins.have(foreign), "{foreign}");
        }
    }

    #[test]
    fn what_was_read_before_a_change_does_not_undo_it() {
        let origins = Origins::default();
        origins.admit("a", &list(&["https://a.example"]));
        let turn = origins.turn();
        let read = [("a".to_owned(), list(&["https://a.example"]))];
        origins.admit("a", &[]);
        origins.replace(turn, &read);
        assert!(!origins.have("https://a.example"));
        origins.replace(origins.turn(), &[("b".to_owned(), list(&["https://b.example"]))]);
        assert!(origins.have("https://b.example"));
    }
}
