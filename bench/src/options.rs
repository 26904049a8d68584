//! What the command line asks for.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::compare::{SCENARIOS, Size};
use crate::nodes::Plan;
use crate::server::Program;

pub struct Options {
    pub programs: Vec<Program>,
    pub databases: Vec<String>,
    pub scenarios: Vec<String>,
    pub size: Size,
    /// Whether to measure what the parts below the product do alone.
    pub with_limits: bool,
    pub core: Option<usize>,
    /// Messages on the desks that the same requests are timed on, instead of a scenario.
    pub growth: Vec<u64>,
    /// Sockets beside which a conversation is timed, instead of a scenario.
    pub crowd: Vec<u64>,
    /// So many nodes on one PostgreSQL, instead of a scenario.
    pub nodes: Option<Plan>,
    /// The page that the table is written into.
    pub write: Option<PathBuf>,
}

pub const USAGE: &str = "\
smilechat-bench --server BINARY [--peer MAIN.mjs] [options] [scenario ...]

  scenarios        start chat rest login connect fanout; all of them without one
  --server BINARY  the SmileChat server to measure
  --peer FILE      the peer to compare it with
  --database NAME  sqlite, postgres or both (sqlite)
  --seconds N      how long each load lasts (5)
  --rounds N       how often both servers take their turn (2)
  --tickets N, --window N, --sockets N, --room N
  --rate N         of the conversations, that many messages a second, and not as many as it can
  --core N         the core that servers run on
  --limits         what the disk and the libraries do alone, too (needs the feature `limits`)
  --under COMMAND  runs the server under a profiler, as in --under \"perf record -g -o out\"
  --growth N,N,... times requests on desks of so many messages, and nothing else; on --database
  --crowd N,N,...  times a conversation beside so many sockets, and nothing else
  --nodes N,N,...  times so many nodes on one PostgreSQL and Redis, and nothing else; needs root
  --share X        of a core, for each of them (0.1); 0: without it, and without root
  --write FILE     puts the table into this page";

impl Options {
    pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Self> {
        let size = Size {
            time: Duration::from_secs(5),
            rounds: 2,
            tickets: 100,
            window: 8,
            rate: None,
            sockets: 2000,
            room: 500,
        };
        let mut options = Self {
            programs: Vec::new(),
            databases: vec!["SQLite".into()],
            scenarios: Vec::new(),
            size,
            with_limits: false,
            core: None,
            growth: Vec::new(),
            crowd: Vec::new(),
            nodes: None,
            write: None,
        };
        let (mut wrapper, mut counts, mut share) = (Vec::new(), Vec::new(), 0.1);
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("{word} wants a value"));
            match word.as_str() {
                "--server" => options.programs.push(Program::smilechat(&file(&value()?)?)),
                "--peer" => options.programs.push(Program::peer(&file(&value()?)?)),
                "--database" => options.databases = databases(&value()?)?,
                "--seconds" => options.size.time = Duration::from_secs_f64(value()?.parse()?),
                "--rounds" => options.size.rounds = value()?.parse()?,
                "--tickets" => options.size.tickets = value()?.parse()?,
                "--window" => options.size.window = value()?.parse()?,
                "--rate" => options.size.rate = Some(value()?.parse()?),
                "--sockets" => options.size.sockets = value()?.parse()?,
                "--room" => options.size.room = value()?.parse()?,
                "--core" => options.core = Some(value()?.parse()?),
                "--limits" => options.with_limits = cfg!(feature = "limits"),
                "--under" => wrapper = value()?.split_whitespace().map(str::to_owned).collect(),
                "--growth" => options.growth = sizes(&value()?)?,
                "--crowd" => options.crowd = sizes(&value()?)?,
                "--nodes" => counts = sizes(&value()?)?.into_iter().map(|count| count as usize).collect(),
                "--share" => share = value()?.parse()?,
                "--write" => options.write = Some(value()?.into()),
                name if SCENARIOS.contains(&name) => options.scenarios.push(word),
                _ => bail!("{word}?\n\n{USAGE}"),
            }
        }
        ensure!(!options.programs.is_empty(), "{USAGE}");
        if options.scenarios.is_empty() {
            options.scenarios = SCENARIOS.map(str::to_owned).to_vec();
        }
        if !counts.is_empty() {
            options.nodes = Some(Plan { counts, share, time: options.size.time });
        }
        for program in &mut options.programs {
            (program.core, program.wrapper) = (options.core, wrapper.clone());
        }
        Ok(options)
    }
}

/// Servers run in folders of their own.
fn file(path: &str) -> Result<PathBuf> {
    std::fs::canonicalize(path).with_context(|| path.to_owned())
}

fn sizes(list: &str) -> Result<Vec<u64>> {
    Ok(list.split(',').map(str::parse).collect::<Result<_, _>>()?)
}

fn databases(name: &str) -> Result<Vec<String>> {
    let names: &[&str] = match name {
        "sqlite" => &["SQLite"],
        "postgres" => &["PostgreSQL"],
        "both" => &["SQLite", "PostgreSQL"],
        _ => bail!("--database: sqlite, postgres or both"),
    };
    Ok(names.iter().map(|name| name.to_string()).collect())
}
