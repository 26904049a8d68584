//! A server under test, as a process: SmileChat or the peer. It gets a folder, a port and a core of its own, and is ended by
//! its process id.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use crate::cpu;
use crate::http::Http;

const READY_WITHIN: Duration = Duration::from_secs(30);
/// Longer than what it does now and then pauses; then it has used less than this share of a core.
const RESTING: Duration = Duration::from_secs(5);
const AT_REST: f64 = 0.02;
const RESTS_WITHIN: Duration = Duration::from_secs(3600);
/// What SmileChat is not to spend its time on, since the peer does not either: refusing, and a line for each request.
pub const RATE_LIMIT: &str = "off";
pub const LOG_LEVEL: &str = "warn";
const SECRET: &str = "a secret of the benchmark alone, long enough";

/// How to start it.
#[derive(Clone)]
pub struct Program {
    pub name: &'static str,
    /// The program and its first arguments.
    pub command: Vec<String>,
    /// Set before the command: a profiler, say.
    pub wrapper: Vec<String>,
    /// The core that it runs on; None: where it likes.
    pub core: Option<usize>,
    /// None: SQLite in the folder.
    pub database_url: Option<String>,
    /// None: the server does without.
    pub redis_url: Option<String>,
}

pub struct Server {
    pub name: &'static str,
    pub port: u16,
    /// From the start of the process to the first good answer of /readyz.
    pub ready_after: Duration,
    program: Program,
    child: Child,
    folder: TempDir,
}

impl Program {
    pub fn smilechat(binary: &Path) -> Self {
        let command = vec![binary.display().to_string()];
        Self { name: "SmileChat", command, wrapper: Vec::new(), core: None, database_url: None, redis_url: None }
    }

    /// This program itself, as a server that stores nothing.
    #[cfg(feature = "limits")]
    pub fn bare(kind: &str) -> Result<Self> {
        let command = vec![std::env::current_exe()?.display().to_string(), format!("serve-{kind}")];
        Ok(Self { name: "bare", command, wrapper: Vec::new(), core: None, database_url: None, redis_url: None })
    }

    pub fn peer(main: &Path) -> Self {
        let command = vec!["node".into(), main.display().to_string()];
        Self { name: "peer", command, wrapper: Vec::new(), core: None, database_url: None, redis_url: None }
    }

    pub async fn start(&self) -> Result<Server> {
        let folder = tempfile::Builder::new().prefix("smilechat-bench-").tempdir_in(scratch())?;
        self.start_in(folder).await
    }

    /// Makes a desk of so many messages in the folder, for `start_in`.
    pub fn fill(&self, folder: &Path, messages: u64) -> Result<()> {
        let bare = Program { wrapper: Vec::new(), core: None, ..self.clone() };
        let mut command = bare.run(folder, 0);
        let status = command.args(["demo", "--messages", &messages.to_string()]).stdout(Stdio::null()).status()?;
        ensure!(status.success(), "{} demo: {status}", self.name);
        Ok(())
    }

    /// On the data that a server before it has left.
    pub async fn start_in(&self, folder: TempDir) -> Result<Server> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let log = fs::File::create(folder.path().join("log"))?;
        let began = Instant::now();
        let mut child = self.run(folder.path(), port).stdout(log.try_clone()?).stderr(log).spawn()?;
        loop {
            if let Some(status) = child.try_wait()? {
                bail!("{} ended at its start, {status}: {}", self.name, read_log(folder.path()));
            }
            if is_ready(port).await {
                break;
            }
            ensure!(began.elapsed() < READY_WITHIN, "{} does not get ready: {}", self.name, read_log(folder.path()));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let ready_after = began.elapsed();
        Ok(Server { name: self.name, port, ready_after, program: self.clone(), child, folder })
    }

    fn run(&self, folder: &Path, port: u16) -> Command {
        let pin =
            self.core.map(|core| vec!["taskset".to_owned(), "-c".to_owned(), core.to_string()]).unwrap_or_default();
        let words = [pin, self.wrapper.clone(), self.command.clone()].concat();
        let mut command = Command::new(&words[0]);
        let database = || format!("sqlite://{}", folder.join("bench.db").display());
        command.args(&words[1..]).current_dir(folder).stdin(Stdio::null()).env_clear().envs([
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("HOME", folder.display().to_string()),
            ("HOST", "127.0.0.1".into()),
            ("PORT", port.to_string()),
            ("DATABASE_URL", self.database_url.clone().unwrap_or_else(database)),
            ("REDIS_URL", self.redis_url.clone().unwrap_or_default()),
            ("JWT_SECRET", SECRET.into()),
            ("RATE_LIMIT", RATE_LIMIT.into()),
            ("NODE_ENV", "production".into()),
            ("SMILECHAT_LOG__LEVEL", LOG_LEVEL.into()),
            ("SMILECHAT_AUTH__ACCESS_TOKEN_SECONDS", "86400".into()),
        ]);
        command
    }
}

impl Server {
    /// Creates a member of staff, beside the running server.
    pub fn create_support(&self, username: &str, password: &str) -> Result<()> {
        let bare = Program { wrapper: Vec::new(), core: None, ..self.program.clone() };
        let mut command = bare.run(self.folder.path(), 0);
        command.args(["user", "create", "--username", username, "--role", "support", "--password-stdin"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
        writeln!(child.stdin.take().context("a pipe was asked for")?, "{password}")?;
        let status = child.wait()?;
        ensure!(status.success(), "{} user create: {status}", self.name);
        Ok(())
    }

    /// Resident memory in bytes.
    pub fn memory(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()?))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").trim().parse::<u64>()? * 1024)
    }

    /// Processor time spent so far.
    pub fn cpu(&self) -> Result<Duration> {
        cpu::of(self.pid()?)
    }

    /// Waits until it has nothing left to do by itself.
    pub async fn rest(&self) -> Result<()> {
        let began = Instant::now();
        loop {
            let before = self.cpu()?;
            tokio::time::sleep(RESTING).await;
            if self.cpu()? - before < RESTING.mul_f64(AT_REST) {
                return Ok(());
            }
            ensure!(began.elapsed() < RESTS_WITHIN, "{} is still busy by itself", self.name);
        }
    }

    /// Ends it, and gives the folder back for another start.
    pub async fn stop(mut self) -> Result<TempDir> {
        let _ = Command::new("kill").args(["-TERM", &self.pid()?.to_string()]).status()?;
        let began = Instant::now();
        while self.child.try_wait()?.is_none() {
            if began.elapsed() > Duration::from_secs(15) {
                self.child.kill()?;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let log = read_log(self.folder.path());
        ensure!(!log.contains("panicked at"), "{} panicked: {log}", self.name);
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir()?);
        Ok(folder)
    }

    /// Of the server itself: a profiler in front of it is its parent.
    pub fn pid(&self) -> Result<u32> {
        let mut pid = self.child.id();
        if !self.program.wrapper.is_empty() {
            let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
            pid = children.split_whitespace().next().context("the wrapper has no child")?.parse()?;
        }
        Ok(pid)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// On the disk that the project is on: what lies in memory alone would flatter everybody.
pub fn scratch() -> PathBuf {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/scratch");
    let _ = fs::create_dir_all(&target);
    target
}

async fn is_ready(port: u16) -> bool {
    let Ok(mut http) = Http::connect(port).await else { return false };
    let answer = http.send(&crate::http::request(port, "GET", "/readyz", None, None)).await;
    matches!(answer, Ok((200, _)))
}

fn read_log(folder: &Path) -> String {
    fs::read_to_string(folder.join("log")).unwrap_or_default()
}
