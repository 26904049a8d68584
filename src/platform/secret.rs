//! What must not be read by others: secrets in memory, hashes and seals of what is stored.
//!
//! Invariant: a `Secret` shows itself only through `expose`, never in a log, an error or a printed configuration.

use std::fmt;

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest, Sha256};

use super::random::Random;

const NONCE_LENGTH: usize = 12;

#[derive(Clone, Deserialize)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // None set is no secret.
        serializer.serialize_str(if self.0.is_empty() { "" } else { "***" })
    }
}

/// What is stored of a token. Tokens are 32 random bytes, so that a plain SHA-256 cannot be searched.
pub fn hash_token(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Lower-case.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// HMAC-SHA256 over the parts as if they were one text.
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// Encrypts what is kept at rest, so that only somebody with the same key material reads it, and reads it unchanged.
pub fn seal(key_material: &[&[u8]], random: &Random, plaintext: &[u8]) -> Vec<u8> {
    let mut nonce = [0; NONCE_LENGTH];
    random.fill(&mut nonce);
    let ciphertext = cipher(key_material)
        .encrypt(&Nonce::from(nonce), plaintext)
        .expect("the text is far below the limit of 256 GB");
    [nonce.as_slice(), &ciphertext].concat()
}

/// None when the key material is another, or the sealed bytes were changed.
pub fn open(key_material: &[&[u8]], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_LENGTH>()?;
    cipher(key_material).decrypt(&Nonce::from(*nonce), ciphertext).ok()
}

/// Each part is hashed with its length in front: ("ab", "c") and ("a", "bc") are different keys.
fn cipher(key_material: &[&[u8]]) -> ChaCha20Poly1305 {
    let mut hash = Sha256::new_with_prefix("smilechat seal");
    for part in key_material {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let key: [u8; 32] = hash.finalize().into();
    ChaCha20Poly1305::new(&Key::from(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_itself_to_nobody_but_expose() {
        let secret: Secret = serde_json::from_str("\"hunter2\"").expect("a string");
        assert_eq!(secret.expose(), "hunter2");
        assert_eq!(format!("{secret:?}"), "***");
        assert_eq!(serde_json::to_string(&secret).expect("a string"), "\"***\"");
    }

    #[test]
    fn hashes_are_the_standard_ones() {
        // FIPS 180-2, "abc".
        assert_eq!(hex(&hash_token("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        // RFC 4231, test case 2.
        let mac = hmac_sha256(b"Jefe", &[b"what do ya want ", b"for nothing?"]);
        assert_eq!(hex(&mac), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn what_was_sealed_opens_with_the_same_key_material_alone() {
        let sealed = seal(&[b"server", b"key"], &Random::System, b"the answer");
        assert_eq!(open(&[b"server", b"key"], &sealed).as_deref(), Some(b"the answer".as_slice()));
        assert_eq!(open(&[b"serverk", b"ey"], &sealed), None);
        assert_eq!(open(&[b"server"], &sealed), None);
        assert_ne!(sealed, seal(&[b"server", b"key"], &Random::System, b"the answer"), "each seal has its own nonce");
    }

    #[test]
    fn a_changed_or_cut_seal_does_not_open() {
        let sealed = seal(&[b"key"], &Random::seeded(1), b"the answer");
        for position in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[position] ^= 1;
            assert_eq!(open(&[b"key"], &changed), None, "byte {position}");
            assert_eq!(open(&[b"key"], &sealed[..position]), None, "cut at {position}");
        }
    }
}
