//! Passwords: argon2id, off the async threads, a few at a time.
//!
//! A check costs tens of milliseconds and megabytes on purpose; the semaphore keeps a flood of sign-ins from taking all
//! cores and all memory. An unknown user is checked against a hash of nobody, so that it costs the same.

use std::sync::Arc;

use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use tokio::sync::Semaphore;

use crate::error::{Error, Result};
use crate::platform::config::AuthConfig;

pub const MIN_BYTES: usize = 8;
pub const MAX_BYTES: usize = 1024;

/// glibc maps a piece of memory of this size or more on its own, whatever it has learnt from earlier ones, and gives it back
/// to the system when it is freed. Smaller ones come to lie in the arenas of the threads, which keep them.
const ALWAYS_GIVEN_BACK: usize = 33 * 1024 * 1024;

#[derive(Clone)]
pub struct Passwords {
    argon2: Argon2<'static>,
    of_nobody: Arc<str>,
    turns: Arc<Semaphore>,
}

impl Passwords {
    pub fn new(config: &AuthConfig) -> anyhow::Result<Self> {
        let params = Params::new(config.password_memory_kib, config.password_iterations, 1, None)
            .map_err(|error| anyhow::anyhow!("auth.password_memory_kib or auth.password_iterations: {error}"))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        // Nobody's password has this hash, and nobody needs one: what comes out of a check is compared and thrown away.
        let of_nobody =
            phc(&argon2, Salt::generate(), Output::new(&[0; Params::DEFAULT_OUTPUT_LEN]).map_err(described)?)?;
        let turns = std::thread::available_parallelism().map_or(2, usize::from);
        Ok(Self { argon2, of_nobody: of_nobody.into(), turns: Arc::new(Semaphore::new(turns)) })
    }

    pub async fn hash(&self, password: String) -> Result<String> {
        let argon2 = self.argon2.clone();
        self.in_turn(move || hash_now(&argon2, &password)).await?.map_err(Error::internal)
    }

    /// `stored` is None for a user who does not exist or has no password: false, at the same cost.
    pub async fn verify(&self, password: String, stored: Option<String>) -> Result<bool> {
        let exists = stored.is_some();
        let hash = stored.unwrap_or_else(|| self.of_nobody.to_string());
        let matches = self
            .in_turn(move || {
                let hash = PasswordHash::new(&hash).map_err(|error| anyhow::anyhow!("stored hash: {error}"))?;
                matches_now(&password, &hash)
            })
            .await?
            .map_err(Error::internal)?;
        Ok(matches && exists)
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let turn = self.turns.clone().acquire_owned().await.map_err(Error::internal)?;
        tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        })
        .await
        .map_err(Error::internal)
    }
}

/// 8 to 1,024 bytes; nothing else is asked of a password (NIST SP 800-63B: length, not composition).
pub fn check(field: &str, password: &str) -> Result<()> {
    match password.len() {
        0..MIN_BYTES => Err(Error::invalid(field, "too_short", "has to have at least 8 bytes")),
        MIN_BYTES..=MAX_BYTES => Ok(()),
        _ => Err(Error::invalid(field, "too_long", "has to have at most 1024 bytes")),
    }
}

fn hash_now(argon2: &Argon2<'static>, password: &str) -> anyhow::Result<String> {
    let salt = Salt::generate();
    let hash = output(argon2, password, &salt, Params::DEFAULT_OUTPUT_LEN)?;
    phc(argon2, salt, hash)
}

/// As it is stored: the algorithm, its parameters, salt and output in one string.
fn phc(argon2: &Argon2<'_>, salt: Salt, hash: Output) -> anyhow::Result<String> {
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: argon2.params().try_into().map_err(described)?,
        salt: Some(salt),
        hash: Some(hash),
    };
    Ok(hash.to_string())
}

/// With the parameters that the hash was made with, which may be older than the configuration.
fn matches_now(password: &str, hash: &PasswordHash) -> anyhow::Result<bool> {
    let (Some(salt), Some(expected)) = (&hash.salt, &hash.hash) else { anyhow::bail!("a stored hash is not whole") };
    let algorithm = Algorithm::try_from(hash.algorithm.as_str()).map_err(described)?;
    let version = hash.version.map_or(Ok(Version::default()), Version::try_from).map_err(described)?;
    let argon2 = Argon2::new(algorithm, version, Params::try_from(hash).map_err(described)?);
    // Two outputs are compared in a time that does not tell where they differ.
    Ok(output(&argon2, password, salt, expected.len())? == *expected)
}

fn output(argon2: &Argon2<'_>, password: &str, salt: &Salt, length: usize) -> anyhow::Result<Output> {
    let blocks = argon2.params().block_count();
    let mut memory = Vec::with_capacity(blocks.max(ALWAYS_GIVEN_BACK / Block::SIZE));
    memory.resize(blocks, Block::new());
    let mut bytes = vec![0; length];
    argon2.hash_password_into_with_memory(password.as_bytes(), salt, &mut bytes, &mut memory).map_err(described)?;
    Output::new(&bytes).map_err(described)
}

fn described(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow::anyhow!("hash a password: {error}")
}
