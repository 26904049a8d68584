//! The widget's files of earlier releases, kept in the data folder.
//!
//! They are on pages of others: in tabs that were opened before this release and fetch a part of the widget only now, and in
//! snippets that pin a release by its hash. Names are made of contents, so that releases never meet in one name.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rust_embed::RustEmbed;

use super::files::{self, Built, File};

const ASSETS: &str = "widget/assets/";

/// Adds the files of this release. Without a data folder there is nowhere to keep them.
pub fn keep_widget(data_dir: &str) -> io::Result<()> {
    if Path::new(data_dir).is_dir() { keep::<Built>(&folder(data_dir)) } else { Ok(()) }
}

pub fn find_kept(data_dir: &str, name: &str) -> Option<File> {
    let content = files::is_plain(name).then(|| fs::read(folder(data_dir).join(name)).ok())??;
    Some(File::plain(name, content))
}

fn folder(data_dir: &str) -> PathBuf {
    Path::new(data_dir).join("widget")
}

fn keep<Files: RustEmbed>(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for path in Files::iter() {
        let name = path.strip_prefix(ASSETS).filter(|name| files::is_plain(name) && !name.contains('/'));
        let (Some(name), Some(file)) = (name, Files::get(&path)) else { continue };
        let place = folder.join(name);
        if [".br", ".gz"].iter().any(|ending| name.ends_with(ending)) || place.exists() {
            continue;
        }
        // Renamed when it is whole: a start that is cut short leaves no half of a file under a name that is for ever.
        let draft = folder.join(format!(".{name}"));
        fs::write(&draft, &file.data)?;
        fs::rename(draft, place)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::Sample;
    use super::*;

    #[test]
    fn a_release_stays_when_the_next_one_comes() {
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
        assert!(find_kept(&data_dir, "app-0ld.js").is_some() && find_kept(&data_dir, "app-1a2b3c.js").is_some());
        fs::write(data.path().join("demo-key"), "pk_secret").expect("written");
        for name in ["../demo-key", "..%2fdemo-key", "absent.js", "", ".", "..", ".app-0ld.js", "a/b.js"] {
            assert!(find_kept(&data_dir, name).is_none(), "{name}");
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
