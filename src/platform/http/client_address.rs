//! Whose request it is, as far as the network tells: the peer's address, or, behind proxies of ours, the address that the
//! outermost of them saw.
//!
//! Invariant: only as many entries of `X-Forwarded-For` are believed as there are proxies (`server.trusted_proxies`),
//! counted from the right, because everything further left was written by the client.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::request::Parts;
use http::{Extensions, HeaderMap};

use crate::error::{Error, Result};

#[derive(Clone, Copy, Debug)]
pub struct ClientAddress(pub IpAddr);

impl<S: Send + Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        parts.extensions.get().copied().ok_or(Error::bug("a route outside of the floor asked for the client's address"))
    }
}

pub(super) async fn layer(State(trusted_proxies): State<u8>, mut request: Request, next: Next) -> Response {
    let address = client_address(request.headers(), request.extensions(), trusted_proxies);
    request.extensions_mut().insert(ClientAddress(address));
    next.run(request).await
}

/// Requests that came over no connection, such as those of tests, share the unspecified address.
pub fn client_address(headers: &HeaderMap, extensions: &Extensions, trusted_proxies: u8) -> IpAddr {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>().map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.0.ip());
    forwarded(headers, trusted_proxies).unwrap_or(peer).to_canonical()
}

fn forwarded(headers: &HeaderMap, trusted_proxies: u8) -> Option<IpAddr> {
    let before_the_rightmost = trusted_proxies.checked_sub(1)?;
    let lines = headers.get_all("x-forwarded-for").into_iter();
    let entries: Vec<&str> = lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(',')).collect();
    let place = entries.len().checked_sub(1)?.saturating_sub(before_the_rightmost.into());
    parse(entries[place].trim())
}

/// Some proxies add the port.
fn parse(entry: &str) -> Option<IpAddr> {
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    bare.parse().ok().or_else(|| entry.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(trusted_proxies: u8, forwarded_for: &[&str]) -> String {
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::from(([10, 0, 0, 1], 4000))));
        let mut headers = HeaderMap::new();
        for line in forwarded_for {
            headers.append("x-forwarded-for", line.parse().expect("a header value"));
        }
        client_address(&headers, &extensions, trusted_proxies).to_string()
    }

    #[test]
    fn without_a_proxy_the_header_is_not_believed() {
        assert_eq!(seen(0, &["1.1.1.1"]), "10.0.0.1");
        assert_eq!(seen(1, &[]), "10.0.0.1");
    }

    #[test]
    fn entries_are_counted_from_the_right() {
        assert_eq!(seen(1, &["6.6.6.6, 1.1.1.1"]), "1.1.1.1");
        assert_eq!(seen(1, &["6.6.6.6", "1.1.1.1"]), "1.1.1.1");
        assert_eq!(seen(2, &["6.6.6.6, 1.1.1.1, 2.2.2.2"]), "1.1.1.1");
        assert_eq!(seen(2, &["1.1.1.1"]), "1.1.1.1");
    }

    #[test]
    fn ports_brackets_and_mapped_addresses_are_read() {
        assert_eq!(seen(1, &["1.1.1.1:55"]), "1.1.1.1");
        assert_eq!(seen(1, &["[2001:db8::1]:55"]), "2001:db8::1");
        assert_eq!(seen(1, &["[2001:db8::1]"]), "2001:db8::1");
        assert_eq!(seen(1, &["::ffff:1.2.3.4"]), "1.2.3.4");
    }

    #[test]
    fn garbage_is_ignored() {
        for garbage in ["<b>x</b>", "", ",", "unknown", "999.1.1.1", "1.1.1.1, "] {
            assert_eq!(seen(1, &[garbage]), "10.0.0.1", "{garbage:?}");
        }
    }
}
