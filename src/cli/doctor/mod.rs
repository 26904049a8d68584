//! `smilechat doctor URL`: walks the way of a visitor, from the name of the host to a message and back, and names the hop
//! that is broken: the name, TLS, a redirect, the proxy, a node, what a node needs.
//!
//! Called by the command line. It asks only what anybody outside may ask, and changes nothing unless it is given a
//! publishable key: then a guest holds a short conversation, and the report says what of it remains.

mod body;
mod canary;
mod health;
mod pages;
mod patience;
mod polling;
mod reach;
mod report;
mod target;
mod websocket;
mod wire;

use anyhow::bail;

use self::report::Report;
use self::target::Target;
use super::arguments::Doctor;

/// An error if something is broken; the report has been printed by then.
pub async fn run(given: Doctor) -> anyhow::Result<()> {
    let target = Target::new(&given)?;
    let mut report = Report::new(&target.shown(), given.json)?;
    examine(&target, &mut report, given.patience).await?;
    match report.finish()? {
        0 => Ok(()),
        1 => bail!("one thing is broken"),
        count => bail!("{count} things are broken"),
    }
}

async fn examine(target: &Target, report: &mut Report, patience: Option<u64>) -> anyhow::Result<()> {
    let is_reached = report.step("address", reach::address(target)).await?
        && report.step("tls", reach::tls(target)).await?
        && report.step("redirects", reach::redirects(target)).await?
        && report.step("server", health::server(target)).await?;
    if !is_reached {
        return report.leave_out_the_rest("without that, nothing else can be told");
    }
    report.step("dependencies", health::dependencies(target)).await?;
    report.step("clock", health::clock(target)).await?;
    report.step("metrics", health::metrics(target)).await?;
    report.step("pages", pages::cors(target)).await?;
    report.step("body", body::limit(target)).await?;
    report.step("polling", polling::stickiness(target)).await?;
    let has_sockets = report.step("websocket", websocket::handshake(target)).await?;
    report.step_by_socket(has_sockets, "upgrade", websocket::upgrade(target)).await?;
    let visitor = canary::converse(target, report, has_sockets).await?;
    report.step_by_socket(has_sockets, "patience", patience::hold(target, visitor.as_ref(), patience)).await?;
    if let Some(visitor) = visitor {
        report.step("farewell", canary::clean_up(target, visitor)).await?;
    }
    Ok(())
}
