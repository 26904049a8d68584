//! A site map: pages, or other site maps.

use std::io::Read;

use anyhow::{anyhow, bail, ensure};
use flate2::read::GzDecoder;
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

const GZIP: [u8; 2] = [0x1f, 0x8b];

/// XML, or XML by gzip. Entities that a document defines for itself are not known here. `take` gets each address, and whether it
/// is a site map's.
pub fn read(
    bytes: &[u8],
    longest: usize,
    take: &mut impl FnMut(&str, bool) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    if !bytes.starts_with(&GZIP) {
        return parse(&String::from_utf8_lossy(bytes), take);
    }
    let mut unpacked = Vec::new();
    GzDecoder::new(bytes).take(longest as u64 + 1).read_to_end(&mut unpacked)?;
    ensure!(unpacked.len() <= longest, "unpacked it is larger than {longest} bytes");
    parse(&String::from_utf8_lossy(&unpacked), take)
}

fn parse(text: &str, take: &mut impl FnMut(&str, bool) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut reader = Reader::from_str(text);
    let (mut is_map, mut is_of_sitemap) = (false, false);
    let mut address: Option<String> = None;
    loop {
        match reader.read_event().map_err(|error| anyhow!("no site map: {error}"))? {
            Event::Start(tag) => match tag.local_name().as_ref() {
                b"urlset" | b"sitemapindex" => is_map = true,
                b"sitemap" => is_of_sitemap = true,
                b"url" => is_of_sitemap = false,
                // Pictures of a page have a `loc` too, in a namespace of their own.
                b"loc" if !tag.name().as_ref().contains(&b':') => address = Some(String::new()),
                _ => {}
            },
            Event::Text(part) => {
                if let Some(address) = &mut address {
                    address.push_str(&part.decode()?);
                }
            }
            Event::CData(part) => {
                if let Some(address) = &mut address {
                    address.push_str(&part.decode()?);
                }
            }
            Event::GeneralRef(name) => {
                if let Some(address) = &mut address {
                    match name.resolve_char_ref()? {
                        Some(character) => address.push(character),
                        None => address.push_str(resolve_predefined_entity(&name.decode()?).unwrap_or_default()),
                    }
                }
            }
            Event::End(tag) if tag.local_name().as_ref() == b"loc" => {
                if let Some(address) = address.take().filter(|address| !address.trim().is_empty()) {
                    take(address.trim(), is_of_sitemap)?;
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if !is_map {
        bail!("no site map: it has neither <urlset> nor <sitemapindex>");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    const PAGES: &str = r#"<?xml version="1.0"?><!DOCTYPE x [<!ENTITY lol "http://lol.example/">]>
        <urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="http://x">
        <url><loc> https://a.example/?a=1&amp;b=&#50; </loc><image:image><image:loc>https://a.example/p.png</image:loc></image:image></url>
        <url><loc><![CDATA[https://a.example/two]]></loc></url><url><loc>&lol;</loc></url><url><loc/></url></urlset>"#;

    fn read(bytes: &[u8], longest: usize) -> anyhow::Result<Vec<(String, bool)>> {
        let mut entries = Vec::new();
        super::read(bytes, longest, &mut |address, is_map| {
            entries.push((address.to_owned(), is_map));
            Ok(())
        })?;
        Ok(entries)
    }

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(text).expect("in memory");
        encoder.finish().expect("in memory")
    }

    #[test]
    fn pages_are_read_plain_and_packed() {
        for bytes in [PAGES.as_bytes().to_vec(), packed(PAGES.as_bytes())] {
            let found = read(&bytes, 10_000).expect("read");
            let addresses: Vec<_> = found.iter().map(|(address, is_map)| (address.as_str(), *is_map)).collect();
            assert_eq!(addresses, [("https://a.example/?a=1&b=2", false), ("https://a.example/two", false)]);
        }
        let index = "<sitemapindex><sitemap><loc>/one.xml</loc></sitemap></sitemapindex>";
        assert_eq!(read(index.as_bytes(), 1000).expect("read"), [("/one.xml".to_owned(), true)]);
    }

    #[test]
    fn what_is_none_is_said_to_be_none() {
        for text in [
            "",
            "<html><body>loc</body></html>",
            "not XML at all",
            "<urlset><url><loc>x</lo></url></urlset>",
            "<urlset><url><loc>x</loc></url>&broken",
        ] {
            let told = read(text.as_bytes(), 1000).expect_err(text).to_string();
            assert!(told.starts_with("no site map: "), "{text}: {told}");
        }
        // One that was cut short has what it has.
        let cut = read(b"<urlset><url><loc>x</loc></url><url><loc>y", 1000).expect("read");
        assert_eq!(cut, [("x".to_owned(), false)]);
        assert!(read(b"<html></html>", 1000).expect_err("none").to_string().contains("no site map"));
        let bomb = packed(&vec![b' '; 1_000_000]);
        assert!(bomb.len() < 2_000 && read(&bomb, 100_000).expect_err("too large").to_string().contains("larger"));
    }
}
