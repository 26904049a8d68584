//! Private servers for tests, on free loopback ports, in folders of their own.
//!
//! A small shell stands between the test process and each server: it waits for its standard input to end, which the
//! death of the test process brings about however it dies, and then stops the server and removes the folder.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

const SUPERVISOR: &str = r#"
set -e
folder=$(mktemp -d)
if [ -n "$3" ]; then
    "$1/pg_basebackup" -h 127.0.0.1 -p "$3" -U app -D "$folder/data" -R -c fast --no-sync >"$folder/initdb.log" 2>&1
else
    "$1/initdb" -D "$folder/data" -U app --auth=trust --no-sync >"$folder/initdb.log" 2>&1
fi
cat >>"$folder/data/postgresql.conf" <<SETTINGS
listen_addresses = '127.0.0.1'
port = $2
unix_socket_directories = '$folder'
fsync = off
SETTINGS
"$1/pg_ctl" -w start -D "$folder/data" -l "$folder/server.log" </dev/null >"$folder/start.log" 2>&1
[ -n "$3" ] || "$1/createuser" -h 127.0.0.1 -p "$2" -U app --no-superuser "$4"
echo "$folder/data"
read -r _ || true
"$1/pg_ctl" -m immediate stop -D "$folder/data" >/dev/null 2>&1 || true
rm -rf "$folder"
"#;

/// Whom the server connects as: nobody special, since a superuser passes through the wall between tenants.
pub const OWNER: &str = "smilechat";

pub struct Postgres {
    port: u16,
    programs: PathBuf,
    data: PathBuf,
    databases: AtomicU32,
    /// Creating a database from a template wants the template for itself.
    creating: Mutex<()>,
    supervisor: Child,
    lifeline: Option<ChildStdin>,
}

impl Postgres {
    /// The server that the tests of this process share.
    pub fn shared() -> &'static Postgres {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(Postgres::start)
    }

    /// A server of one's own, to be treated badly.
    pub fn start() -> Postgres {
        Self::start_of("")
    }

    /// A standby of this one.
    pub fn standby(&self) -> Postgres {
        Self::start_of(&self.port.to_string())
    }

    fn start_of(primary: &str) -> Postgres {
        let programs = installed_programs();
        let port = free_port();
        let mut command = as_an_ordinary_user();
        command.args(["sh", "-c", SUPERVISOR, "sh"]).arg(&programs).arg(port.to_string()).args([primary, OWNER]);
        let mut supervisor = command
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the supervisor of PostgreSQL starts");
        let lifeline = supervisor.stdin.take();
        let mut data = String::new();
        let output = supervisor.stdout.take().expect("it is piped");
        BufReader::new(output).read_line(&mut data).expect("the supervisor's output is readable");
        assert!(!data.is_empty(), "a private PostgreSQL server did not start");
        let (databases, creating) = (AtomicU32::new(0), Mutex::new(()));
        Postgres { port, programs, data: data.trim().into(), databases, creating, supervisor, lifeline }
    }

    /// The URL of a new, empty database.
    pub fn fresh_database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let _turn = self.creating.lock().unwrap_or_else(PoisonError::into_inner);
        self.sql(&format!("create database {name} owner {OWNER}"));
        format!("postgres://{OWNER}@127.0.0.1:{}/{name}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn data(&self) -> &Path {
        &self.data
    }

    /// A command that runs as whom the server runs as.
    pub fn as_its_user(&self, command: &[&str]) -> Command {
        let mut prepared = as_an_ordinary_user();
        prepared.args(command).current_dir("/");
        prepared
    }

    /// One of PostgreSQL's own, of the server's version.
    pub fn program(&self, name: &str) -> Command {
        Command::new(self.programs.join(name))
    }

    /// Runs a statement as the server's owner.
    pub fn sql(&self, statement: &str) {
        let port = self.port.to_string();
        let mut command = self.program("psql");
        command.args(["-X", "-q", "-h", "127.0.0.1", "-p", &port, "-U", "app", "-d", "postgres", "-c", statement]);
        assert!(command.stdout(Stdio::null()).status().expect("psql runs").success(), "psql refused: {statement}");
    }

    pub fn stop_at_once(&self) {
        self.control(&["-m", "immediate", "stop"]);
    }

    pub fn start_again(&self) {
        self.control(&["-w", "-l", "/dev/null", "start"]);
    }

    /// Stops (`STOP`) or wakes (`CONT`) every process of the server.
    pub fn signal(&self, signal: &str) {
        let file = std::fs::read_to_string(self.data.join("postmaster.pid")).expect("the server runs");
        let postmaster = file.lines().next().expect("its first line is the process id").to_owned();
        let children = Command::new("pgrep").args(["-P", &postmaster]).output().expect("pgrep runs");
        let children = String::from_utf8(children.stdout).expect("process ids are numbers");
        let mut command = Command::new("kill");
        command.args(["-s", signal, &postmaster]).args(children.lines());
        assert!(command.status().expect("kill runs").success());
    }

    fn control(&self, args: &[&str]) {
        let mut command = as_an_ordinary_user();
        command.arg(self.programs.join("pg_ctl")).arg("-D").arg(&self.data).args(args).current_dir("/");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(command.status().expect("pg_ctl runs").success(), "pg_ctl {args:?} failed");
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.lifeline.take();
        let _ = self.supervisor.wait();
    }
}

fn installed_programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.pop().expect("PostgreSQL is not installed; `make test` installs it")
}

/// PostgreSQL refuses to run as root.
fn as_an_ordinary_user() -> Command {
    if Path::new("/root").read_dir().is_err() {
        return Command::new("env");
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    command
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
    listener.local_addr().expect("it is bound").port()
}
