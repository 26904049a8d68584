//! What the figures were measured on and with.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::server::Program;

pub fn described(programs: &[Program]) -> Result<String> {
    let processor = fs::read_to_string("/proc/cpuinfo")?;
    let model = processor.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("an unnamed processor", |(_, model)| model);
    let cores = processor.lines().filter(|line| line.starts_with("processor")).count();
    let load = fs::read_to_string("/proc/loadavg")?;
    let load = load.split(' ').next().context("no load")?;
    let mut versions = Vec::new();
    for program in programs {
        let ours = program.name == "SmileChat";
        let binary = &program.command[0];
        let version = said(binary, "--version")?;
        let size = fs::metadata(binary).map(|file| format!(", {:.1} MB", file.len() as f64 / 1e6));
        versions.push(if ours {
            format!("{version}{}", size.unwrap_or_default())
        } else {
            format!("the peer on Node {version}")
        });
    }
    Ok(format!(
        "{model}, {cores} cores, Linux {}; {}; load {load} at the end.",
        said("uname", "-r")?,
        versions.join("; ")
    ))
}

fn said(program: &str, argument: &str) -> Result<String> {
    let output = Command::new(program).arg(argument).output().with_context(|| program.to_owned())?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
