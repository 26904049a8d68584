//! What a business pastes into its pages.

use anyhow::{Context, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha384};

use super::files::{self, Built};
use crate::platform::http::text;

const LOADER: &str = "widget/assets/loader-";

/// For whoever has no key at hand.
const ANY_KEY: &str = "pk_…";

/// The script that keeps itself up to date, and beside it the line that pins this release: the same loader under the name
/// of its content, with the hash that a browser checks. What it loads is named by content too and stays reachable (`keep`),
/// so that a pinned page goes on as it is when the server is updated.
pub fn snippet(url: &str, key: Option<&str>) -> anyhow::Result<String> {
    snippet_of::<Built>(url, key)
}

fn snippet_of<Files: RustEmbed>(url: &str, key: Option<&str>) -> anyhow::Result<String> {
    let url = url.trim_end_matches('/');
    ensure!(text::origin(&url, &()).is_ok(), "--url takes the origin of this server, as in https://chat.example.com");
    ensure!(key.is_none_or(is_publishable), "--key takes a whole publishable key: pk_, letters and digits");
    let key = key.unwrap_or(ANY_KEY);
    let path = files::names::<Files>().into_iter().find(|name| name.starts_with(LOADER) && name.ends_with(".js"));
    let loader = path.as_deref().and_then(|path| Some((path.rsplit('/').next()?, files::content::<Files>(path)?)));
    let (name, content) =
        loader.context("the pages are not built; run `make web`, and build a release again after it")?;
    let integrity = STANDARD.encode(Sha384::digest(&content));
    Ok(format!(
        r#"<script>
  window.SmileChatConfig = {{ apiUrl: "{url}", apiKey: "{key}" }};
</script>
<script src="{url}/widget.js" async></script>
<!-- It works on pages whose origin the key lists: see API keys, in the settings of the console.
     To keep to this release, put the next line in place of the one above. It stays good when the server is updated, and
     brings what is new only when you paste a new one.
<script src="{url}/widget/{name}" integrity="sha384-{integrity}" crossorigin="anonymous" async></script>
-->"#
    ))
}

/// A secret key on a page would be everybody's.
fn is_publishable(key: &str) -> bool {
    key.starts_with("pk_") && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Nothing, Sample};
    use super::*;

    #[test]
    fn the_pinned_line_names_the_loader_and_its_hash() {
        let html = snippet_of::<Sample>("https://chat.example/", Some("pk_1")).expect("printed");
        let loader = Sample::get("widget/assets/loader-5d6e7f.js").expect("a sample");
        let integrity = format!("sha384-{}", STANDARD.encode(Sha384::digest(&loader.data)));
        for part in [
            r#"apiUrl: "https://chat.example", apiKey: "pk_1""#,
            r#"<script src="https://chat.example/widget.js" async></script>"#,
            &format!(r#"src="https://chat.example/widget/loader-5d6e7f.js" integrity="{integrity}" crossorigin"#),
        ] {
            assert!(html.contains(part), "{part} is not in {html}");
        }
        assert!(snippet_of::<Sample>("http://localhost:3100", None).expect("printed").contains("apiKey: \"pk_…\""));
    }

    #[test]
    fn nothing_that_could_break_out_of_the_html_is_taken() {
        for url in
            ["chat.example", "https://chat.example/path", "https://a\"><script>", "javascript:alert(1)", "https://u@a"]
        {
            assert!(snippet_of::<Sample>(url, None).expect_err(url).to_string().starts_with("--url"));
        }
        for key in ["sk_1", "", "pk_\"", "pk_</script>"] {
            assert!(
                snippet_of::<Sample>("https://a.example", Some(key)).expect_err(key).to_string().starts_with("--key")
            );
        }
    }

    #[test]
    fn without_a_build_there_is_nothing_to_paste() {
        let refused = snippet_of::<Nothing>("https://chat.example", None).expect_err("refused");
        assert!(refused.to_string().contains("make web"));
    }
}
