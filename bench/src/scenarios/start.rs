//! From the start of the process to the first answer, and what an idle process holds.

use std::time::Duration;

use anyhow::Result;

use crate::server::Program;

pub struct Figures {
    /// In milliseconds: on no data at all, and on data that is there.
    pub first: f64,
    pub again: f64,
    pub idle_bytes: f64,
}

const REST: Duration = Duration::from_secs(1);

pub async fn run(program: &Program) -> Result<Figures> {
    let server = program.start().await?;
    let first = millis(server.ready_after);
    let server = program.start_in(server.stop().await?).await?;
    let again = millis(server.ready_after);
    tokio::time::sleep(REST).await;
    let idle_bytes = server.memory()? as f64;
    server.stop().await?;
    Ok(Figures { first, again, idle_bytes })
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
