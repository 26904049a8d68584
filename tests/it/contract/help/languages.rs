//! In which language an article and its page are.

use serde_json::json;

use super::{page, stocked, write};
use crate::harness::{Server, on_both_engines};

#[tokio::test(flavor = "multi_thread")]
async fn slugs_that_differ_by_their_language_are_one_article() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let ada = acme.admin("ada").await;
        for (slug, language) in
            [("delivery-de", "de"), ("delivery", "en"), ("delivery-pt-br", "pt-BR"), ("made-in-de", "en")]
        {
            let new =
                json!({"slug": slug, "title": slug, "body": "Text.", "language": language, "status": "published"});
            write(&server, &ada, new).await;
        }
        for (language, slug) in [
            ("de", "delivery-de"),
            ("de-AT", "delivery-de"),
            ("pt", "delivery-pt-br"),
            ("pt-br", "delivery-pt-br"),
            // The first one, where there is none in a language.
            ("fr", "delivery"),
        ] {
            let home = page(server.get(&format!("/help/acme?lang={language}")).await);
            let links = home.split("<li><a href=\"/help/acme/").skip(1).filter_map(|rest| rest.split('"').next());
            assert_eq!(links.collect::<Vec<_>>(), [slug, "made-in-de"], "{language}");
        }
        // As most is written in, where neither browser nor widget say a language that is there.
        assert!(page(server.get("/help/acme").header("accept-language", "fr").await).contains("<html lang=\"en\""));
        let german = page(server.get("/help/acme/delivery-de").await);
        for tag in ["en", "de", "pt-BR", "x-default"] {
            assert!(german.contains(&format!("hreflang=\"{tag}\"")), "{tag}");
        }
        // Its language is changed, and it is another article's no longer.
        server.put("/api/kb/articles/delivery-de").by(&ada).json(json!({"language": "fr"})).await.expect(200);
        let french = page(server.get("/help/acme?lang=fr").await);
        assert!(french.contains("/help/acme/delivery\"") && french.contains("/help/acme/delivery-de\""));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_comes_in_the_language_of_its_reader_or_of_its_article() {
    let server = Server::sqlite().await;
    let acme = server.tenant("acme").await;
    stocked(&server, &acme).await;
    let html = |code: &str, direction: &str| format!("<html lang=\"{code}\" dir=\"{direction}\">");
    for (path, accepts, code, direction, word) in [
        ("/help/acme", "de-AT, en;q=0.5", "de", "ltr", "/help/acme/costs-de"),
        ("/help/acme", "fr", "en", "ltr", "Search for answers"),
        ("/help/acme?lang=fr", "de", "fr", "ltr", "Rechercher une réponse"),
        ("/help/acme?lang=ar", "de", "ar", "rtl", "ابحث عن إجابة"),
        ("/help/acme?lang=%22%3E%3Cb%3E", "en", "en", "ltr", "Search for answers"),
        ("/help/acme/costs", "de", "en", "ltr", "Was this helpful?"),
        ("/help/acme/costs-de", "en", "de", "ltr", "War das hilfreich?"),
        ("/help/acme/search?q=lieferung", "de", "de", "ltr", "Ergebnisse für „lieferung“"),
    ] {
        let reply = server.get(path).header("accept-language", accepts).await;
        assert_eq!(reply.header("vary").map(|vary| vary.contains("accept-language")), Some(true));
        let text = page(reply);
        assert!(text.contains(&html(code, direction)) && text.contains(word), "{path} {accepts}: {text}");
    }
    let german = page(server.get("/help/acme/costs-de").header("accept-language", "en").await);
    assert!(german.contains("href=\"/help/acme?lang=de\""), "the language is kept on the way: {german}");
}
