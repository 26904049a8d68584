//! Keeps docs/CONFIG.md equal to what default.toml says: a test writes it anew when it is stale, and fails once.

use std::fmt::Write;
use std::fs;

use super::check::RANGES;
use super::load::DEFAULTS;
use super::names::{HABITUAL, SECRETS, environment_name};

const HEAD: &str = "\
# Configuration

This page is made from `src/platform/config/default.toml`, which is also the file to copy and change.

`smilechat serve` runs without any of this. What is given counts in this order, the later over the earlier:

1. the defaults below;
2. a TOML file, named by `--config FILE` or `SMILECHAT_CONFIG`;
3. the habitual environment names, such as `PORT`;
4. `SMILECHAT_<SECTION>__<KEY>`, for every setting; a list takes commas;
5. the flags `--port`, `--host`, `--database-url`, `--redis-url`, `--services`, `--data-dir`.

An empty variable counts as unset. A secret may come from a file: `JWT_SECRET_FILE` holds a path, and the file's last line
end is dropped. `smilechat config` prints the effective values, each with the name it was given by and secrets masked.

A mistake is told in one line under the name it was made in, all mistakes at once, with exit code 2, before a port opens:

```
smilechat: SMILECHAT_SERVER__PROT: there is no such setting; did you mean SMILECHAT_SERVER__PORT?
```

A variable that begins with `SMILECHAT_` and is no setting is such a mistake if it has two underscores together, is within two letters
of a setting's name, or is `SMILECHAT_` before a habitual name or a setting's last word (`SMILECHAT_JWT_SECRET`, `SMILECHAT_PORT`).
Others are let be, as are those that Kubernetes sets for a service (`SMILECHAT_SERVICE_HOST`, `SMILECHAT_PORT=tcp://…`). Without the
prefix, a name that is one letter from a habitual one of nine letters or more (`DATABSE_URL`, `CORS_ORIGIN`) may be another program's:
it is told in one line where nothing else gives that setting, and hinders nobody. Shorter names, and what is further away
(`LOG_LEVEL`), are not looked at.
";

#[test]
fn the_page_says_what_the_defaults_say() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/CONFIG.md");
    let page = page();
    if fs::read_to_string(path).unwrap_or_default() != page {
        fs::write(path, page).expect("docs/ can be written");
        panic!("docs/CONFIG.md was stale; it has been written anew, commit it");
    }
}

fn page() -> String {
    let mut page = format!("{HEAD}\n## Top of the file\n");
    let (mut section, mut comment) = (String::new(), Vec::new());
    // The comment before the first blank line is about the file.
    for line in DEFAULTS.lines().skip_while(|line| !line.is_empty()) {
        if let Some(text) = line.strip_prefix("# ") {
            comment.push(text);
        } else if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = format!("{name}.");
            write!(page, "\n## [{name}]\n\n{}\n", comment.join("\n")).expect("a string takes all");
            comment.clear();
        } else if let Some((key, default)) = line.split_once(" = ") {
            page.push_str(&entry(&format!("{section}{key}"), default, &comment.join("\n")));
            comment.clear();
        }
    }
    page
}

/// Keys that share one comment stand under each other, the comment with the first.
fn entry(key: &str, default: &str, comment: &str) -> String {
    let habitual = HABITUAL.iter().find(|(_, of)| *of == key).map(|(name, _)| *name);
    let names: Vec<_> = habitual.map(String::from).into_iter().chain([environment_name(key)]).collect();
    let from_file = if SECRETS.contains(&key) { ", each also with `_FILE`" } else { "" };
    let range = RANGES.iter().find(|(of, _)| *of == key).map(|(_, range)| range);
    let range = range.map(|range| format!(", {} to {}", range.start(), range.end())).unwrap_or_default();
    let comment = if comment.is_empty() { String::new() } else { format!("\n{comment}\n\n") };
    format!("{comment}- `{key}` = `{default}`{range} (`{}`{from_file})\n", names.join("`, `"))
}
