//! The widget's files of earlier releases, kept in the data folder.
//!
//! They are on pages of others: in tabs that were opened before this release and fetch a part of the widget only now, and in
//! snippets that pin a release by its hash. Names are made of contents, so that releases never meet in one name.

use std::collections::HashSet;
use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rust_embed::RustEmbed;
use tempfile::Builder;
use tokio::sync::OnceCell;

use super::files::{self, Built, File};

const ASSETS: &str = "widget/assets/";

/// Adds the files of this release. Without a data folder there is nowhere to keep them.
pub fn keep_widget(data_dir: &str) -> io::Result<()> {
    if Path::new(data_dir).is_dir() { keep::<Built>(&folder(data_dir)) } else { Ok(()) }
}

/// What there is of earlier releases. It is listed once: only a new release adds to it, and serves its own files from the
/// build. So a name that anybody makes up does not reach the disk.
#[derive(Default)]
pub struct Kept {
    names: OnceCell<HashSet<String>>,
}

impl Kept {
    pub async fn find(&self, data_dir: &str, name: &str) -> Option<File> {
        let folder = folder(data_dir);
        let names = self.names.get_or_init(|| {
            let folder = folder.clone();
            async { tokio::task::spawn_blocking(move || names_in(&folder)).await.unwrap_or_default() }
        });
        let name = names.await.get(name)?.clone();
        let content = tokio::fs::read(folder.join(&name)).await.ok()?;
        Some(File::plain(&name, content))
    }
}

fn names_in(folder: &Path) -> HashSet<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| files::is_plain(name)).collect()
}

fn folder(data_dir: &str) -> PathBuf {
    Path::new(data_dir).join("widget")
}

fn keep<Files: RustEmbed>(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for path in files::names::<Files>() {
        let name = path.strip_prefix(ASSETS).filter(|name| files::is_plain(name) && !name.contains('/'));
        let Some(name) = name.filter(|name| !folder.join(name).exists()) else { continue };
        let Some(content) = files::content::<Files>(&path) else { continue };
        // Renamed when it is whole and on disk: neither a start that is cut short nor a power failure leaves half of a file
        // under a name that is for ever. Each has a draft of its own: several nodes may keep a release in one folder at once.
        let mut draft = Builder::new().permissions(Permissions::from_mode(0o644)).tempfile_in(folder)?;
        draft.write_all(&content)?;
        draft.as_file().sync_all()?;
        draft.persist(folder.join(name))?;
    }
    fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::thread;

    use super::super::tests::Sample;
    use super::*;

    #[tokio::test]
    async fn a_release_stays_when_the_next_one_comes() {
        let data = tempfile::tempdir().expect("a folder");
        let data_dir = data.path().display().to_string();
        fs::create_dir(folder(&data_dir)).expect("created");
        fs::write(folder(&data_dir).join("app-0ld.js"), "old").expect("written");
        for _ in 0..2 {
            keep::<Sample>(&folder(&data_dir)).expect("kept");
        }
        let mut names: Vec<_> =
            fs::read_dir(folder(&data_dir)).expect("listed").map(|e| e.expect("read").file_name()).collect();
        names.sort();
        assert_eq!(names, ["app-0ld.js", "app-1a2b3c.js", "loader-5d6e7f.js"]);
        let kept = Kept::default();
        for name in ["app-0ld.js", "app-1a2b3c.js"] {
            assert!(kept.find(&data_dir, name).await.is_some(), "{name}");
        }
        fs::write(data.path().join("demo-key"), "pk_secret").expect("written");
        fs::write(folder(&data_dir).join(".app-0ld.js"), "half").expect("written");
        fs::write(folder(&data_dir).join("later.js"), "nobody listed it").expect("written");
        for name in ["../demo-key", "..%2fdemo-key", "absent.js", "later.js", "", ".", "..", ".app-0ld.js", "a/b.js"] {
            assert!(kept.find(&data_dir, name).await.is_none(), "{name}");
        }
        assert!(Kept::default().find(&data_dir, ".app-0ld.js").await.is_none());
    }

    #[test]
    fn nodes_that_start_at_once_keep_a_release_in_one_folder() {
        for round in 0..50 {
            let data = tempfile::tempdir().expect("a folder");
            let start = Barrier::new(4);
            thread::scope(|nodes| {
                let keep_all = || {
                    start.wait();
                    keep::<Sample>(data.path())
                };
                let nodes: Vec<_> = (0..4).map(|_| nodes.spawn(keep_all)).collect();
                for node in nodes {
                    node.join().expect("no panic").unwrap_or_else(|error| panic!("round {round}: {error}"));
                }
            });
            for path in files::names::<Sample>() {
                let Some(name) = path.strip_prefix(ASSETS) else { continue };
                let kept = fs::read(data.path().join(name)).expect("kept");
                assert_eq!(kept, *files::content::<Sample>(&path).expect("built"), "{name}");
            }
            let drafts = fs::read_dir(data.path()).expect("listed").flatten();
            assert_eq!(drafts.filter(|entry| entry.file_name().as_encoded_bytes().starts_with(b".")).count(), 0);
        }
    }

    #[test]
    fn nothing_is_made_where_there_is_no_data_folder() {
        let parent = tempfile::tempdir().expect("a folder");
        let data_dir = parent.path().join("data").display().to_string();
        keep_widget(&data_dir).expect("nothing to do");
        assert!(!Path::new(&data_dir).exists());
    }
}
