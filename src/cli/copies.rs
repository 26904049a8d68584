//! `smilechat backup` and `smilechat restore`: the database, and the uploaded files beside it where they lie in a folder.
//!
//! Outside the runtime: connections are held on this thread.

use std::path::Path;

use super::moving::{report, teller};
use super::print;
use crate::platform::config::Config;
use crate::platform::db::{self, Aids};
use crate::platform::files::{Carried, Files, beside, is_there};
use crate::tickets::attachments::each_file;
use crate::tickets::reindex::index_by_key;

pub fn back_up(config: &Config, file: &Path, is_without_files: bool) -> anyhow::Result<()> {
    let files = Files::new(&config.files, &config.data_dir)?;
    let mut beside_it = if is_without_files { None } else { files.beside(file) };
    let mut fetch = || beside_it.as_mut().map_or(Ok(()), |folder| folder.fetch());
    let aids = Aids { index: index_by_key, tell: &mut teller(), beside: &mut fetch };
    let copied = db::backup(&config.database, file, aids)?;
    let about_files = match beside_it {
        Some(folder) => {
            let carried = folder.kept();
            let why = match carried.files {
                0 => " (is the data folder, SMILECHAT_DATA_DIR, that of the server?)",
                _ => " (deleted meanwhile, or lost before)",
            };
            told(&beside(file), carried, "") + &missing(file, &beside(file), why)
        }
        None if is_without_files => "uploaded files are left out".into(),
        None => in_a_bucket(config),
    };
    print(&format!("{}{}: {} bytes\n{about_files}", report(&copied.moved), file.display(), copied.bytes))
}

pub fn restore(config: &Config, file: &Path, is_forced: bool) -> anyhow::Result<()> {
    let files = Files::new(&config.files, &config.data_dir)?;
    let mut brought = None;
    let mut bring = || {
        brought = files.bring_back(file)?;
        Ok(())
    };
    let aids = Aids { index: index_by_key, tell: &mut teller(), beside: &mut bring };
    let restored = db::restore(&config.database, file, is_forced, Path::new(&config.data_dir), aids)?;
    let mut text = report(&restored.moved);
    text += &format!("{}: {} bytes from {}", restored.place, restored.bytes, file.display());
    if let Some(kept) = restored.kept {
        text += &format!("\n{kept}: what stood there before");
    }
    if restored.is_older {
        text += "\nthe next start brings its schema forward";
    }
    let about_files = match (files.kind(), brought) {
        (_, Some(carried)) => told(&beside(file), carried, " that were missing"),
        ("bucket", None) => in_a_bucket(config),
        (_, None) => format!("uploaded files stay as they are: there is no {}", beside(file).display()),
    };
    let missing = files.root().map_or(String::new(), |root| missing(file, root, ""));
    print(&format!("{text}\n{about_files}{missing}"))
}

/// A line about the files that the copy names and that are not in the folder; nothing if all are.
fn missing(copy: &Path, folder: &Path, why: &str) -> String {
    let mut count = 0_u64;
    let counted = db::look_into(copy, |tx| each_file(tx, &mut |name| count += u64::from(!is_there(folder, name))));
    match (counted, count) {
        (Err(error), _) => format!("\nit is not known whether all files that the copy names are there: {error:#}"),
        (Ok(()), 0) => String::new(),
        (Ok(()), 1) => format!("\n1 file that the copy names is not in {}{why}", folder.display()),
        (Ok(()), _) => format!("\n{count} files that the copy names are not in {}{why}", folder.display()),
    }
}

fn told(folder: &Path, carried: Carried, which: &str) -> String {
    format!("{}: {} uploaded files{which}, {} bytes", folder.display(), carried.files, carried.bytes)
}

fn in_a_bucket(config: &Config) -> String {
    format!("uploaded files stay in {}: a bucket is copied by its service's own means", config.files.url)
}
