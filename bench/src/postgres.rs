//! A private PostgreSQL server, ended and removed with its owner.

use std::cell::Cell;
use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

/// Whom the servers connect as: nobody special, since a superuser passes through row-level security.
const OWNER: &str = "smilechat";

pub struct Postgres {
    tools: PathBuf,
    folder: TempDir,
    port: u16,
    /// Databases without a name of their own.
    unnamed: Cell<usize>,
}

impl Postgres {
    /// As Debian installs it. Durable as it is by default: fsync and synchronous_commit are on.
    pub fn start() -> Result<Self> {
        let tools = tools()?;
        let folder = tempfile::Builder::new().prefix("smilechat-bench-").tempdir_in("/var/tmp")?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let server = Self { tools, folder, port, unnamed: Cell::new(0) };
        // PostgreSQL refuses to run as root.
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(server.folder.path()))?;
        }
        let data = server.data();
        run(server.tool("initdb").args(["-D", &data, "-U", "bench", "--auth=trust", "--no-sync"]))?;
        let settings = format!(
            "-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={}",
            server.folder.path().display()
        );
        let log = server.folder.path().join("log").display().to_string();
        run(server.tool("pg_ctl").args(["start", "-w", "-D", &data, "-l", &log, "-o", &settings]))?;
        let port = port.to_string();
        run(server.tool("createuser").args(["-h", "127.0.0.1", "-p", &port, "-U", "bench", "--no-superuser", OWNER]))?;
        Ok(server)
    }

    /// A new database: its address.
    pub fn database(&self, name: &str) -> Result<String> {
        let port = self.port.to_string();
        run(self.tool("createdb").args(["-h", "127.0.0.1", "-p", &port, "-U", "bench", "-O", OWNER, name]))?;
        Ok(format!("postgres://{OWNER}@127.0.0.1:{port}/{name}"))
    }

    /// One with nothing in it.
    pub fn new_database(&self) -> Result<String> {
        self.unnamed.set(self.unnamed.get() + 1);
        self.database(&format!("unnamed{}", self.unnamed.get()))
    }

    /// Has it do at once what it does by itself within a minute or so: gather the statistics that plans go by, and clear away
    /// old versions of rows. What one load left to do is not paid for by the next.
    pub fn settle(&self) -> Result<()> {
        let port = self.port.to_string();
        run(self.tool("vacuumdb").args([
            "-h",
            "127.0.0.1",
            "-p",
            &port,
            "-U",
            "bench",
            "--all",
            "--analyze",
            "--quiet",
        ]))
    }

    /// Of the process whose children are all the others.
    pub fn pid(&self) -> Result<u32> {
        let file = fs::read_to_string(self.folder.path().join("data/postmaster.pid"))?;
        Ok(file.lines().next().context("an empty postmaster.pid")?.trim().parse()?)
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    pub fn tool(&self, name: &str) -> Command {
        let tool = self.tools.join(name);
        if !is_root() {
            return Command::new(tool);
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(tool);
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = run(self.tool("pg_ctl").args(["stop", "-m", "immediate", "-D", &self.data()]));
    }
}

/// As its server says it.
pub fn version() -> Result<String> {
    let output = Command::new(tools()?.join("postgres")).arg("--version").output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let version = said.split_whitespace().nth(2).context("PostgreSQL does not say its version")?;
    Ok(format!("PostgreSQL {version}"))
}

/// Of the newest there is.
fn tools() -> Result<PathBuf> {
    let mut versions: Vec<PathBuf> =
        fs::read_dir("/usr/lib/postgresql")?.filter_map(|entry| Some(entry.ok()?.path().join("bin"))).collect();
    versions.sort();
    versions.pop().context("no PostgreSQL in /usr/lib/postgresql")
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/").status()?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.starts_with(b"0\n"))
}
