//! What the site maps of a site list.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use anyhow::{Context, anyhow, ensure};
use reqwest::Url;
use tokio::task::spawn_blocking;

use super::asking::{LONGEST_ADDRESS, fetch};
use super::robots::Robots;
use super::sitemap;
use crate::platform::outbound::Outbound;

/// Site maps that a list of them may name.
const MOST_SITEMAPS: usize = 50;
/// Of all of them together, and the bytes of these.
const MOST_ADDRESSES: usize = 200_000;
const MOST_BYTES: usize = 20_000_000;
/// What the protocol allows a site map, which is 50 MB, is more than an import is for.
const LONGEST_SITEMAP: usize = 10_000_000;

/// The pages of one site, each once.
pub struct Listing {
    site: Url,
    pub pages: Vec<Arc<str>>,
    /// Pages and maps.
    known: HashSet<Arc<str>>,
    bytes: usize,
    maps: VecDeque<Url>,
    foreign: usize,
    too_long: usize,
}

/// Reads the map at `given`; of a bare site, those that its robots.txt names, else `/sitemap.xml`.
pub async fn read(outbound: &Outbound, given: &Url, robots: &Robots, robots_at: &Url) -> anyhow::Result<Listing> {
    let mut listing = if given.path() == "/" && given.query().is_none() {
        // It may be served by https alone.
        Listing::of_site(robots_at, robots)?
    } else {
        let mut listing = Listing::of(given);
        listing.add(given.clone(), true)?;
        listing
    };
    let mut read = 0;
    while let Some(next) = listing.maps.pop_front() {
        read += 1;
        ensure!(read <= MOST_SITEMAPS, "{given}: more than {MOST_SITEMAPS} site maps");
        // The rules are for pages: a map is there for machines.
        let found = fetch(outbound, &next, LONGEST_SITEMAP, &Robots::default()).await;
        let found = found.map_err(|missing| anyhow!("{next}: {}", missing.in_words()))?;
        // Away from the threads that serve: it may list much.
        let taken = spawn_blocking(move || {
            if read == 1 {
                listing.site = found.url.clone();
            }
            listing.take(&found.url, &found.body).map(|()| listing)
        });
        let taken = taken.await.map_err(|_| anyhow!("{next}: it cannot be read"))?;
        listing = taken.with_context(|| next.to_string())?;
    }
    let origin = listing.site.origin().ascii_serialization();
    ensure!(!listing.pages.is_empty(), "{given}: the site map lists no page of {origin}");
    Ok(listing)
}

impl Listing {
    fn of(site: &Url) -> Self {
        Self {
            site: site.clone(),
            pages: Vec::new(),
            known: HashSet::new(),
            bytes: 0,
            maps: VecDeque::new(),
            foreign: 0,
            too_long: 0,
        }
    }

    fn of_site(site: &Url, robots: &Robots) -> anyhow::Result<Self> {
        let mut listing = Self::of(site);
        for map in robots.sitemaps.iter().filter_map(|map| site.join(map).ok()) {
            // Another site's is nobody's page that would be missed.
            if listing.is_here(&map) {
                listing.add(map, true)?;
            }
        }
        if listing.maps.is_empty() {
            listing.add(site.join("/sitemap.xml")?, true)?;
        }
        Ok(listing)
    }

    /// What a map lists that was found `at`.
    fn take(&mut self, at: &Url, body: &[u8]) -> anyhow::Result<()> {
        sitemap::read(body, LONGEST_SITEMAP, &mut |address, is_map| {
            if address.len() > LONGEST_ADDRESS {
                self.too_long += 1;
                return Ok(());
            }
            match at.join(address).ok().filter(|url| self.is_here(url)) {
                Some(url) => self.add(url, is_map)?,
                None => self.foreign += 1,
            }
            Ok(())
        })
    }

    fn add(&mut self, mut url: Url, is_map: bool) -> anyhow::Result<()> {
        url.set_fragment(None);
        let address = url.as_str();
        if address.len() > LONGEST_ADDRESS {
            self.too_long += 1;
            return Ok(());
        }
        if self.known.contains(address) {
            return Ok(());
        }
        self.bytes += address.len();
        ensure!(self.known.len() < MOST_ADDRESSES, "more than {MOST_ADDRESSES} addresses");
        ensure!(self.bytes <= MOST_BYTES, "addresses of more than {MOST_BYTES} bytes");
        let address: Arc<str> = address.into();
        self.known.insert(address.clone());
        if is_map {
            self.maps.push_back(url)
        } else {
            self.pages.push(address)
        }
        Ok(())
    }

    /// One that is served by https alone may still list itself by http, and sends on from there.
    pub fn is_here(&self, url: &Url) -> bool {
        let is_secured = self.site.scheme() == "https" && url.scheme() == "http";
        let is_same_host = url.host_str() == self.site.host_str() && url.port().or(self.site.port()).is_none();
        url.origin() == self.site.origin() || (is_secured && is_same_host)
    }

    pub fn has(&self, address: &str) -> bool {
        self.known.contains(address)
    }

    /// What else the maps list, in words.
    pub fn left_out(&self) -> Vec<String> {
        let counted = [(self.foreign, "addresses of other sites"), (self.too_long, "addresses that are too long")];
        counted.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::robots;
    use super::*;

    fn url(address: &str) -> Url {
        Url::parse(address).expect("a URL")
    }

    fn map(addresses: &[&str]) -> String {
        let entries: String = addresses.iter().map(|address| format!("<url><loc>{address}</loc></url>")).collect();
        format!("<urlset>{entries}</urlset>")
    }

    fn pages(listing: &Listing) -> Vec<&str> {
        listing.pages.iter().map(AsRef::as_ref).collect()
    }

    #[test]
    fn no_address_is_held_that_is_too_long() {
        let mut listing = Listing::of(&url("https://a.example/"));
        let long = "x".repeat(LONGEST_ADDRESS);
        let spelt_longer = "ä".repeat(LONGEST_ADDRESS / 2 - 10);
        let maps = format!("<sitemapindex><sitemap><loc>/{long}</loc></sitemap></sitemapindex>");
        let deep = url(&format!("https://a.example/{}/map.xml", &long[..2000]));
        listing.take(&deep, map(&[&long, &spelt_longer, &"y".repeat(100), "/z", "/z#a"]).as_bytes()).expect("read");
        listing.take(&url("https://a.example/map.xml"), maps.as_bytes()).expect("read");
        assert_eq!(pages(&listing), ["https://a.example/z"]);
        assert_eq!((listing.left_out(), listing.maps.len()), (vec!["4 addresses that are too long".to_owned()], 0));
        assert!(listing.known.iter().all(|address| address.len() <= LONGEST_ADDRESS));
    }

    #[test]
    fn what_they_take_together_is_bounded() {
        let mut listing = Listing::of(&url("https://a.example/"));
        let long = "x".repeat(LONGEST_ADDRESS - 100);
        let mut refused = None;
        for map_number in 0..10 {
            let entries: Vec<String> = (0..4000).map(|number| format!("/{map_number}/{number}/{long}")).collect();
            let entries: Vec<&str> = entries.iter().map(String::as_str).collect();
            refused = listing.take(&url("https://a.example/m"), map(&entries).as_bytes()).err();
            if refused.is_some() {
                break;
            }
        }
        assert_eq!(refused.expect("refused").to_string(), "addresses of more than 20000000 bytes");
        assert!(listing.known.iter().map(|address| address.len()).sum::<usize>() <= MOST_BYTES);
    }

    #[test]
    fn a_site_is_where_its_map_was_found() {
        let mut listing = Listing::of(&url("https://a.example/sitemap.xml"));
        let entries = ["https://a.example/one", "http://a.example/two", "http://a.example:8080/", "https://b.example/"];
        listing.take(&url("https://a.example/sitemap.xml"), map(&entries).as_bytes()).expect("read");
        assert_eq!(pages(&listing), ["https://a.example/one", "http://a.example/two"]);
        assert_eq!(listing.left_out(), ["2 addresses of other sites"]);
        let plain = Listing::of(&url("http://a.example/sitemap.xml"));
        assert!(!plain.is_here(&url("https://a.example/one")));
    }

    #[test]
    fn maps_are_read_in_their_order_and_once() {
        let named = ["/one.xml", "/two.xml", "https://a.example/one.xml", "https://b.example/", "/two.xml#x"];
        let named: String = named.iter().map(|name| format!("Sitemap: {name}\n")).collect();
        let robots = robots::read(named.as_bytes());
        let listing = Listing::of_site(&url("https://a.example/robots.txt"), &robots).expect("few");
        let maps: Vec<&str> = listing.maps.iter().map(Url::as_str).collect();
        assert_eq!(maps, ["https://a.example/one.xml", "https://a.example/two.xml"]);
    }
}
