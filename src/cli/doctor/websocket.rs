//! WebSockets: whether the upgrade passes every hop, alone and out of a session that began by polling.

use super::polling;
use super::report::{Finding, Outcome};
use super::target::Target;
use super::wire::Line;

pub async fn handshake(target: &Target) -> Outcome {
    let mut line = Line::open(target, None).await?;
    // A server that speaks Socket.IO answers a token that is none.
    let refusal = line.join("doctor", None).await;
    line.close().await;
    match refusal {
        Err(told) if told.contains("unauthorized") => Ok(Finding::good("101, and the server answers")),
        Err(told) => {
            Err(Finding::broken(told, "The upgrade passes, and then nothing sensible comes: is this SmileChat?"))
        }
        Ok(()) => Err(Finding::broken("a token that is none was taken", "This is not SmileChat.")),
    }
}

pub async fn upgrade(target: &Target) -> Outcome {
    let sid = polling::open(target).await?;
    let mut line = Line::open(target, Some(&sid)).await?;
    let answer = line.probe().await;
    line.close().await;
    match answer.as_deref() {
        Ok("3probe") => Ok(Finding::good("a session moves from polling to a WebSocket")),
        Ok(other) => Err(Finding::broken(format!("the probe is answered {other:?}"), ELSEWHERE)),
        Err(why) => Err(Finding::broken(why.clone(), ELSEWHERE)),
    }
}

const ELSEWHERE: &str = "The WebSocket of a session reached another node than its polls. Hash by what both have alike: the \
                         client's address.";
