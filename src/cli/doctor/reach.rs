//! The first hops: the name, the port, the certificate, and redirects.

use std::time::Duration;

use http::Method;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::report::{Finding, Outcome};
use super::target::Target;
use crate::cli::top::innermost;

const PATIENCE: Duration = Duration::from_secs(5);

pub async fn address(target: &Target) -> Outcome {
    let (name, port) = (target.name(), target.port());
    let found = lookup_host((name, port)).await.map_err(|error| {
        let advice = "The name has no address. Set its A record (and AAAA, if the server has IPv6); a new record takes as \
                      long as the old one's time to live.";
        Finding::broken(format!("{name}: {error}"), advice)
    })?;
    let (mut taken, mut refused) = (Vec::new(), Vec::new());
    for address in found {
        match timeout(PATIENCE, TcpStream::connect(address)).await {
            Ok(Ok(_)) => taken.push(address.to_string()),
            Ok(Err(error)) => refused.push(format!("{address}: {}", innermost(&error))),
            Err(_) => refused.push(format!("{address}: no answer for {} s", PATIENCE.as_secs())),
        }
    }
    let (taken, refused) = (taken.join(", "), refused.join("; "));
    if taken.is_empty() {
        let advice = "Refused: nothing listens there; start the proxy, or publish its port. No answer: a firewall drops it, \
                      or the name points to another machine.";
        Err(Finding::broken(refused, advice))
    } else if !refused.is_empty() && !target.is_this_machine() {
        let advice = "Clients that try this address first wait or fail: mend it, or take its record away.";
        Ok(Finding::warning(format!("{taken}; but not {refused}"), advice))
    } else {
        Ok(Finding::good(taken))
    }
}

pub async fn tls(target: &Target) -> Outcome {
    if !target.is_tls() {
        let advice = "Passwords and tokens travel in the clear: put a proxy with TLS in front.";
        return Ok(match target.is_this_machine() {
            true => Finding::skipped("http, on this machine"),
            false => Finding::warning("http", advice),
        });
    }
    let asked = target.request(Method::GET, "/healthz").send().await;
    asked.map(|_| Finding::good("the certificate is valid for this name")).map_err(|error| {
        let why = innermost(&error);
        let advice = advice_on_tls(&why);
        Finding::broken(why, advice)
    })
}

/// What the fault means, which TLS tells by names of its own.
fn advice_on_tls(why: &str) -> &'static str {
    match why {
        why if why.contains("Expired") => "The certificate has run out: renew it, and have the proxy load it again.",
        why if why.contains("NotValidForName") => {
            "The certificate is for another name: the proxy has no server block for this one."
        }
        why if why.contains("UnknownIssuer") => {
            "Nobody whom this machine trusts has signed it: the chain lacks its intermediate certificate (give the proxy the \
             full chain), or the authority is your own (SSL_CERT_FILE names it)."
        }
        why if why.contains("CaUsedAsEndEntity") => {
            "The proxy shows the certificate of an authority, which is there to sign others, and browsers refuse it. Have the \
             authority sign one for this name, and give the proxy that. One that signs itself is made without being an authority \
             by: openssl req -x509 … -addext basicConstraints=critical,CA:FALSE"
        }
        why if why.contains("BadSignature") => {
            "The certificate was not signed by the key that stands for its authority. Mostly that was made anew under the same \
             name: put its present certificate into the chain and into SSL_CERT_FILE, or have it sign the server's again. If the \
             proxy has the private key of another certificate, give it the two that were made together."
        }
        why if why.contains("corrupt message") => "The port speaks no TLS: is it the one for http?",
        _ => "The TLS handshake fails: look into the proxy's log.",
    }
}

/// A client that is redirected by 301 or 302 sends its POST again as a GET, without its body.
pub async fn redirects(target: &Target) -> Outcome {
    // No route takes a POST here: harmless wherever it arrives.
    let answer = target.send(target.request(Method::POST, "/healthz").body("")).await?;
    if (300..400).contains(&answer.status) {
        let place = answer.header("location").unwrap_or("nowhere").replace("/healthz", "");
        let loses = matches!(answer.status, 301..=303);
        let advice = match loses {
            true => format!(
                "A redirected POST becomes a GET and loses its body. Give clients {place} as the address, and redirect with 308."
            ),
            false => format!("Not every client follows it, and sockets do not. Give clients {place} as the address."),
        };
        return Err(Finding::broken(format!("{} to {place}{}", answer.status, answer.by()), advice));
    }
    if !target.is_tls() || target.port() != 443 {
        return Ok(Finding::good("none"));
    }
    let plain = target.client().post(format!("http://{}/healthz", target.host())).send().await;
    Ok(match plain.map(|answer| answer.status().as_u16()) {
        Ok(status @ 301..=303) => Finding::warning(
            format!("none here; http:// redirects with {status}"),
            "Who was given the address with http:// loses each POST: redirect with 308.",
        ),
        Ok(status @ 200..=299) => Finding::warning(
            format!("none here; http:// answers {status}"),
            "Passwords can be sent in the clear: let http:// only redirect, with 308.",
        ),
        Ok(status) => Finding::good(format!("none here; http:// answers {status}")),
        Err(_) => Finding::good("none; http:// is closed"),
    })
}
