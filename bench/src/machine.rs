//! What the figures were measured on and with.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value as Json;

use crate::server::{LOG_LEVEL, Program, RATE_LIMIT};
use crate::{postgres, redis};

/// Of the peer, those whose version changes what it can do.
const PEERS_LIBRARIES: [&str; 7] =
    ["socket.io", "express", "better-sqlite3", "pg", "jsonwebtoken", "argon2", "bufferutil"];

/// What takes part beside the servers.
#[derive(Clone, Copy, Default)]
pub struct Beside {
    pub postgres: bool,
    pub redis: bool,
    pub limits: bool,
}

/// As a list, to stand above a table.
pub fn described(programs: &[Program], beside: Beside) -> Result<String> {
    let mut lines = vec![machine()?];
    for program in programs {
        lines.push(if program.name == "SmileChat" { ours(program)? } else { peer(program)? });
    }
    let mut others = Vec::new();
    if beside.postgres {
        others.push(postgres::version()?);
    }
    if beside.redis {
        others.push(redis::version()?);
    }
    if !others.is_empty() {
        lines.push(others.join(", "));
    }
    if beside.limits {
        lines.push(format!("What the parts do alone: {}", parts()));
    }
    Ok(lines.iter().map(|line| format!("- {line}.\n")).collect::<String>().trim_end().to_owned())
}

fn machine() -> Result<String> {
    let processor = fs::read_to_string("/proc/cpuinfo")?;
    let of = |field: &str| processor.lines().find_map(|line| Some(line.strip_prefix(field)?.split_once(": ")?.1));
    let model = of("model name").unwrap_or("an unnamed processor");
    // Virtual machines often name no model, and these numbers tell what is behind it.
    let numbers = ["cpu family", "model\t", "stepping"].map(|field| of(field).unwrap_or("?"));
    let cores = processor.lines().filter(|line| line.starts_with("processor")).count();
    let load = fs::read_to_string("/proc/loadavg")?;
    let load = load.split(' ').next().context("no load")?;
    Ok(format!(
        "{model} (family {}, model {}, stepping {}), {cores} cores, Linux {}; load {load} at the end",
        numbers[0],
        numbers[1],
        numbers[2],
        said("uname", &["-r"])?,
    ))
}

fn ours(program: &Program) -> Result<String> {
    let binary = &program.command[0];
    let bytes = fs::metadata(binary).with_context(|| binary.clone())?.len();
    let compiler = compiler(binary).map(|rustc| format!(", compiled by {rustc}")).unwrap_or_default();
    Ok(format!(
        "{}, {:.1} MB{compiler}; {}; rate limits {RATE_LIMIT}, log level `{LOG_LEVEL}`",
        said(binary, &["--version"])?,
        bytes as f64 / 1e6,
        work_tree().unwrap_or_else(|| "no work tree".to_owned())
    ))
}

/// The binary does not know its commit, and scripts/bench has it built from this work tree. That the page of the figures differs is
/// what a table before this one has left.
fn work_tree() -> Option<String> {
    let git = |arguments: &[&str]| said("git", &[&["-C", env!("CARGO_MANIFEST_DIR")], arguments].concat()).ok();
    let commit = git(&["describe", "--always"]).filter(|commit| !commit.is_empty())?;
    let changes = git(&["status", "--porcelain", "--untracked-files=no", "--", ":/", ":(top,exclude)docs"])?;
    Some(format!("the work tree at {commit}{}", if changes.is_empty() { "" } else { ", with changes" }))
}

/// As it signs its work, in the section `.comment`.
fn compiler(binary: &str) -> Option<String> {
    let found = said("grep", &["-aom1", "rustc version [0-9.]*", binary]).ok()?;
    Some(found.lines().next()?.replace(" version", ""))
}

fn peer(program: &Program) -> Result<String> {
    let node = said(&program.command[0], &["--version"])?;
    let lock = Path::new(&program.command[1]).with_file_name("package-lock.json");
    let lock: Json = serde_json::from_slice(&fs::read(&lock).with_context(|| lock.display().to_string())?)?;
    let versions = PEERS_LIBRARIES.map(|name| {
        let version = lock["packages"][format!("node_modules/{name}")]["version"].as_str();
        format!("{name} {}", version.unwrap_or("?"))
    });
    Ok(format!("The peer: Node {node}, {}", versions.join(", ")))
}

/// As the generator was built with them.
fn parts() -> String {
    let lock = include_str!("../Cargo.lock");
    let version = |name: &str| {
        let (_, rest) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
        Some(format!("{name} {}", rest.split('"').next()?))
    };
    let libraries = ["axum", "socketioxide", "tokio-tungstenite"].into_iter().filter_map(version);
    #[cfg(feature = "limits")]
    let sqlite = Some(format!("SQLite {}", rusqlite::version()));
    #[cfg(not(feature = "limits"))]
    let sqlite = None;
    libraries.chain(sqlite).collect::<Vec<_>>().join(", ")
}

fn said(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program).args(arguments).output().with_context(|| program.to_owned())?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
