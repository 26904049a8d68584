//! What the server keeps in its data folder because the operator named no other place: its database and its secret.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use anyhow::Context;

use super::Config;
use super::names::habitual_name;
use crate::platform::random::Random;
use crate::platform::secret::Secret;

/// For a server: creates the data folder where it is needed, and the secret that development may do without.
pub fn prepare(config: &mut Config, random: &Random) -> anyhow::Result<()> {
    make_folder(config)?;
    if config.auth.jwt_secret.expose().is_empty() {
        let folder = create(config)?;
        let path = folder.join("jwt-secret");
        let secret =
            kept_secret(&path, random).with_context(|| format!("cannot keep a secret in {}", path.display()))?;
        config.auth.jwt_secret = Secret::new(secret);
    }
    Ok(())
}

/// For whoever makes a database and signs nothing: creates the data folder where the database goes there.
pub fn make_folder(config: &Config) -> anyhow::Result<()> {
    if config.database.url.starts_with(&config.database_folder()) {
        create(config)?;
    }
    Ok(())
}

fn create(config: &Config) -> anyhow::Result<&Path> {
    let folder = Path::new(&config.data_dir);
    let created = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    created.with_context(|| format!("{}: cannot create {}", habitual_name("data_dir"), folder.display()))?;
    Ok(folder)
}

/// The secret in the file, made now if there is none. Of several processes that make one, the first wins for all.
fn kept_secret(path: &Path, random: &Random) -> io::Result<String> {
    if !path.try_exists()? {
        let draft = path.with_file_name(random.token(".jwt-secret-"));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(random.token("").as_bytes())?;
        file.sync_all()?;
        // A link appears whole and never replaces, as a rename would.
        let linked = fs::hard_link(&draft, path);
        fs::remove_file(&draft)?;
        linked.or_else(|error| if error.kind() == ErrorKind::AlreadyExists { Ok(()) } else { Err(error) })?;
    }
    let secret = fs::read_to_string(path)?.trim().to_owned();
    if secret.len() < 32 {
        return Err(io::Error::new(ErrorKind::InvalidData, "it is shorter than 32 bytes; remove it to have a new one"));
    }
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::os::unix::fs::PermissionsExt;
    use std::sync::Barrier;
    use std::thread;

    use super::super::load;
    use super::*;

    fn config(variables: &[(&str, &str)]) -> Config {
        let environment: BTreeMap<_, _> =
            variables.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
        load(&environment, None, Vec::new()).expect("no mistake").config
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("it is there").permissions().mode() & 0o777
    }

    #[test]
    fn development_makes_a_secret_once_for_its_user_alone() {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = parent.path().join("deep/data");
        let data_dir = folder.display().to_string();
        let prepared = || {
            let mut config = config(&[("SMILECHAT_DATA_DIR", &data_dir)]);
            prepare(&mut config, &Random::System).expect("prepared");
            config.auth.jwt_secret.expose().to_owned()
        };
        let secret = prepared();
        assert_eq!(secret.len(), 43, "32 bytes as base64url");
        assert_eq!(secret, prepared(), "the next start has the same");
        assert_eq!((mode(&folder), mode(&folder.join("jwt-secret"))), (0o700, 0o600));
        assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 1, "no draft is left");
    }

    #[test]
    fn all_who_start_at_once_get_the_same_secret() {
        let folder = tempfile::tempdir().expect("a folder");
        for round in 0..20 {
            let path = folder.path().join(round.to_string());
            let start = Barrier::new(8);
            let secrets: BTreeSet<_> = thread::scope(|scope| {
                let begin = || {
                    start.wait();
                    kept_secret(&path, &Random::System).expect("a secret")
                };
                let racers: Vec<_> = (0..8).map(|_| scope.spawn(begin)).collect();
                racers.into_iter().map(|racer| racer.join().expect("no panic")).collect()
            });
            assert_eq!(secrets.len(), 1, "round {round}");
        }
    }

    #[test]
    fn a_short_secret_in_the_file_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("jwt-secret");
        fs::write(&path, "short").expect("written");
        assert_eq!(kept_secret(&path, &Random::System).expect_err("short").kind(), ErrorKind::InvalidData);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_told_by_the_name_to_set() {
        let error = make_folder(&config(&[("SMILECHAT_DATA_DIR", "/proc/nowhere")])).expect_err("no folder there");
        assert_eq!(error.to_string(), "SMILECHAT_DATA_DIR: cannot create /proc/nowhere");
    }

    #[test]
    fn nothing_is_created_for_whoever_named_both() {
        let parent = tempfile::tempdir().expect("a folder");
        let data_dir = parent.path().join("data").display().to_string();
        let given =
            [("JWT_SECRET", "s"), ("DATABASE_URL", "postgres://db/chat"), ("SMILECHAT_DATA_DIR", data_dir.as_str())];
        prepare(&mut config(&given), &Random::System).expect("nothing to do");
        assert!(!Path::new(&data_dir).exists());
        make_folder(&config(&given[1..])).expect("nothing to do");
        assert!(!Path::new(&data_dir).exists());
        make_folder(&config(&given[2..])).expect("made");
        assert_eq!(fs::read_dir(&data_dir).expect("the database goes there").count(), 0, "and no secret");
    }
}
