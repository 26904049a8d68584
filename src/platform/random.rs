//! Randomness is handed in, like the time: whoever needs it has a `Random`, and a test can repeat what it drew.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::rngs::{OsRng, StdRng};
use rand::{RngCore, SeedableRng, TryRngCore};

#[derive(Clone, Debug)]
pub enum Random {
    System,
    /// The same sequence for the same seed. For tests: whoever knows the seed knows every token.
    Seeded(Arc<Mutex<StdRng>>),
}

impl Random {
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    pub fn fill(&self, bytes: &mut [u8]) {
        match self {
            Self::System => OsRng.try_fill_bytes(bytes).expect("the operating system has randomness once it is up"),
            Self::Seeded(generator) => generator.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes),
        }
    }

    /// A bearer secret nobody can guess: the prefix says what it is for, 32 random bytes follow as base64url.
    pub fn token(&self, prefix: &str) -> String {
        let mut bytes = [0; 32];
        self.fill(&mut bytes);
        format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_its_prefix_and_32_bytes() {
        let token = Random::System.token("rt_");
        let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix("rt_").expect("the prefix")).expect("base64url");
        assert_eq!(bytes.len(), 32);
        assert_ne!(token, Random::System.token("rt_"));
    }

    #[test]
    fn a_seed_repeats_its_sequence() {
        let (one, same, other) = (Random::seeded(7), Random::seeded(7), Random::seeded(8));
        let first = one.token("");
        assert_eq!(first, same.token(""));
        assert_ne!(first, one.token(""), "the sequence goes on");
        assert_ne!(first, other.token(""));
    }
}
