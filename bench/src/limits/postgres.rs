//! PostgreSQL alone, on the product's own tables: the statements of a message by `pgbench`, without a server in between.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::postgres::Postgres;
use crate::server::Program;
use crate::stage::Stage;

const TICKETS: usize = 100;
/// As many as the product has by default.
const CONNECTIONS: &str = "10";

const INSERT: &str = "insert into messages (ticket_key, seq, tenant_key, sender_key, kind, message_content, client_id, timestamp)
    select ticket_key, :number, tenant_key, customer_key, 'text',
        'Good morning! I ordered the large bottle on Monday, and the lid that came with it does not fit.', :number::text, 1
    from tickets where ticket_key = :ticket";

/// Messages a second: each by one insert that is its own transaction, and each in the round trips that the product takes.
pub async fn run(program: &Program, time: Duration) -> Result<(f64, f64)> {
    let postgres = Postgres::start()?;
    let address = postgres.database("limits")?;
    let program = Program { database_url: Some(address.clone()), ..program.clone() };
    let server = program.start().await?;
    Stage::set(&server).await?.tickets(TICKETS).await?;
    let folder = server.stop().await?;
    let bare =
        format!("{INSERT} on conflict (ticket_key, sender_key, client_id) where client_id is not null do nothing;");
    let bare = messages(&postgres, &address, folder.path(), &bare, time / 2)?;
    let whole = format!(
        "\\startpipeline
        begin isolation level read committed;
        set local smilechat.tenant = 1;
        select t.customer_key, t.support_key, t.status, t.last_seq, u.user_id, u.name
            from tickets t join users u on u.tenant_key = t.tenant_key and u.user_key = t.customer_key
            where t.tenant_key = 1 and t.ticket_key = :ticket for no key update of t;
        \\endpipeline
        \\startpipeline
        {INSERT};
        update tickets set last_seq = last_seq + 1, staff_unread = staff_unread + 1, updated_at = updated_at + 1
            where tenant_key = 1 and ticket_key = :ticket;
        commit;
        \\endpipeline"
    );
    Ok((bare, messages(&postgres, &address, folder.path(), &whole, time / 2)?))
}

fn messages(postgres: &Postgres, address: &str, folder: &Path, statements: &str, time: Duration) -> Result<f64> {
    let script = folder.join("message.pgbench");
    let values = format!("\\set ticket random(1, {TICKETS})\n\\set number random(100, 1000000000000000)\n");
    fs::write(&script, format!("{values}{statements}\n"))?;
    let seconds = time.as_secs_f64().ceil().to_string();
    let output = postgres
        .tool("pgbench")
        .args(["--no-vacuum", "--protocol=prepared", "--client", CONNECTIONS, "--time", &seconds, "--file"])
        .args([&script.display().to_string(), address])
        .current_dir("/")
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "pgbench: {}", String::from_utf8_lossy(&output.stderr));
    let rate = text.lines().find_map(|line| line.strip_prefix("tps = "));
    Ok(rate.and_then(|rate| rate.split(' ').next()).context("pgbench said no rate")?.parse()?)
}
