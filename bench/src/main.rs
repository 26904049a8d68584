//! What SmileChat costs, from outside: real processes, real sockets, the disk. `scripts/bench` builds what is needed
//! and calls this.

mod compare;
mod cpu;
mod crowd;
mod growth;
mod http;
mod latency;
#[cfg(feature = "limits")]
mod limits;
mod machine;
mod nodes;
mod options;
mod postgres;
mod redis;
mod report;
mod scenarios;
mod server;
mod share;
mod socket;
mod stage;

use anyhow::Result;
use tokio::runtime::Builder;
use tokio::task::LocalSet;

use machine::Beside;
use options::Options;
use postgres::Postgres;
use report::Report;

fn main() -> Result<()> {
    // One thread: the generator has one core, the server another.
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let words: Vec<String> = std::env::args().skip(1).collect();
    #[cfg(feature = "limits")]
    if let Some(kind) = words.first().and_then(|word| word.strip_prefix("serve-")) {
        let port = std::env::var("PORT")?.parse()?;
        let serving = async {
            match kind {
                "web" => limits::web::serve(port).await,
                "library" => limits::library::serve(port).await,
                _ => limits::relay::serve(port).await,
            }
        };
        return LocalSet::new().block_on(&runtime, serving);
    }
    LocalSet::new().block_on(&runtime, carry_out(Options::parse(words.into_iter())?))
}

async fn carry_out(options: Options) -> Result<()> {
    let ours = &options.programs[..1];
    if !options.growth.is_empty() {
        for database in &options.databases {
            let on_postgres = database == "PostgreSQL";
            let table = growth::run(&ours[0], on_postgres, &options.growth).await?;
            let machine = machine::described(ours, Beside { postgres: on_postgres, ..Beside::default() })?;
            let place = if on_postgres { "growth-postgres" } else { "growth" };
            publish(&options, place, &format!("{machine}\n\n{table}"))?;
        }
        return Ok(());
    }
    if !options.crowd.is_empty() {
        let tables = crowd::run(&ours[0], &options.crowd).await?;
        let machine = machine::described(ours, Beside::default())?;
        return publish(&options, "crowd", &format!("{machine}\n\n{tables}"));
    }
    if let Some(plan) = &options.nodes {
        let tables = nodes::run(&ours[0], plan).await?;
        let machine = machine::described(ours, Beside { postgres: true, redis: true, limits: false })?;
        return publish(&options, "nodes", &format!("{machine}\n\n{tables}"));
    }
    let mut report = Report::default();
    for database in &options.databases {
        let postgres = if database == "PostgreSQL" { Some(Postgres::start()?) } else { None };
        let mut programs = options.programs.clone();
        for (number, program) in programs.iter_mut().enumerate() {
            program.database_url = match &postgres {
                Some(postgres) => Some(postgres.database(&format!("bench{number}"))?),
                None => None,
            };
        }
        compare::run(&programs, postgres.as_ref(), &options.scenarios, &options.size, database, &mut report).await?;
    }
    #[cfg(feature = "limits")]
    if options.with_limits {
        limits::run(&options.programs[0], &options.size, &mut report).await?;
    }
    let limits = options.with_limits;
    let postgres = limits || options.databases.iter().any(|database| database == "PostgreSQL");
    let machine = machine::described(&options.programs, Beside { postgres, redis: false, limits })?;
    publish(&options, "bench", &format!("{machine}\n\n{}", report.markdown()))
}

/// Prints it, and writes it into the page.
fn publish(options: &Options, place: &str, text: &str) -> Result<()> {
    println!("{text}");
    match &options.write {
        Some(file) => report::write_between(file, place, text),
        None => Ok(()),
    }
}
