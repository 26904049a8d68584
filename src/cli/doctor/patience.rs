//! How long a WebSocket may say nothing before something on the way cuts it.

use std::time::{Duration, Instant};

use super::canary::Visitor;
use super::report::{Finding, Outcome};
use super::target::Target;
use super::wire::Line;

/// `seconds`: none, unless it was asked for.
pub async fn hold(target: &Target, visitor: Option<&Visitor>, seconds: Option<u64>) -> Outcome {
    let Some(seconds) = seconds else {
        return Ok(Finding::skipped("--patience 60 holds a quiet socket past two heartbeats"));
    };
    let Some(visitor) = visitor else {
        return Ok(Finding::skipped("a socket that has not signed in is closed after 10 s: give --api-key"));
    };
    let mut line = Line::open(target, None).await?;
    line.join(visitor.token(), target.api_key.as_deref()).await.map_err(|why| Finding::broken(why, ""))?;
    let begun = Instant::now();
    let held = line.idle(Duration::from_secs(seconds)).await;
    let lasted = begun.elapsed().as_secs();
    held.map_err(|why| {
        Finding::broken(
            format!("cut after {lasted} s: {why}"),
            "Something on the way cuts WebSockets that say nothing for so long, and the server speaks every 25 s. nginx: \
             proxy_read_timeout 90s for /socket.io/; load balancers: the idle timeout, 60 s at least.",
        )
    })?;
    line.close().await;
    Ok(Finding::good(format!("a quiet socket lasted {seconds} s")))
}
