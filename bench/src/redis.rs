//! A private Redis, ended with its owner.

use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

pub struct Redis {
    child: Child,
    pub url: String,
}

impl Redis {
    pub fn start() -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let child = program()
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port", &port.to_string()])
            .stdout(Stdio::null())
            .spawn()
            .context("redis-server")?;
        let redis = Self { child, url: format!("redis://127.0.0.1:{port}") };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            ensure!(began.elapsed() < Duration::from_secs(10), "Redis does not listen");
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(redis)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

/// As the server says it.
pub fn version() -> Result<String> {
    let output = program().arg("--version").output().context("redis-server")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = said.split_once("v=").and_then(|(_, rest)| rest.split(' ').next());
    Ok(format!("Redis {}", version.context("Redis does not say its version")?))
}

fn program() -> Command {
    // Debian's package of tools holds the server under another name.
    let of_tools = Path::new("/usr/bin/redis-check-rdb");
    let mut command = Command::new(if of_tools.exists() { of_tools } else { Path::new("redis-server") });
    command.arg0("redis-server");
    command
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
