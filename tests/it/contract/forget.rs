//! What was deleted is gone: from the disk too, not from the lists alone.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::harness::Server;

const WORDS: [&str; 4] = ["canarysubject", "canarymessage", "canarynote", "canaryfile"];

#[tokio::test]
async fn a_deleted_tickets_words_are_on_no_page_of_the_database() {
    let server = Server::sqlite().await;
    let acme = server.tenant("acme").await;
    let (ann, sue) = (acme.customer("ann").await, acme.support("sue").await);
    let kept = server.ticket(&ann, "A lamp that stays").await;
    let ticket = server.ticket(&ann, "The canarysubject lamp").await;
    let file = server.upload(&ann, &ticket, &[("canaryfile.txt", b"canaryfile")]).await[0]["attachment_id"].clone();
    let body = json!({"message_content": "canarymessage", "attachment_ids": [file]});
    server.post(&format!("/api/messages/{ticket}")).by(&ann).json(body).await.expect(201);
    // Short ones on a page with others, long ones over many pages.
    for length in [1, 10, 700] {
        for _ in 0..30 {
            server.say(&ann, &ticket, &"canarymessage ".repeat(length)).await;
            server.say(&ann, &kept, "stays").await;
        }
        let note = json!({"body": "canarynote ".repeat(length)});
        server.post(&format!("/api/tickets/{ticket}/notes")).by(&sue).json(note).await.expect(201);
    }
    let data_dir = server.running.app.config.data_dir.clone();
    assert_eq!(words_in(Path::new(&data_dir)), WORDS, "before");
    server.delete(&format!("/api/tickets/{ticket}")).by(&sue).await.expect(204);
    assert_eq!(server.get("/api/tickets?q=stays").by(&ann).await.expect(200)["data"][0]["ticket_id"], *kept);
    server.pass(24 * 60 * 60);
    let app = &server.running.app;
    smilechat::tickets::attachments::sweep::sweep(app, app.clock.now()).await.expect("swept");
    // The last connection moves the log into the file.
    app.db.clone().close().await;
    assert_eq!(words_in(Path::new(&data_dir)), [""; 0]);
}

/// Those that stand in any file below the folder, in whatever case.
fn words_in(folder: &Path) -> Vec<&'static str> {
    let mut found: Vec<&str> = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(words_in(&path));
            continue;
        }
        let bytes = fs::read(&path).expect("a file").to_ascii_lowercase();
        let holds = |word: &str| bytes.windows(word.len()).any(|window| window == word.as_bytes());
        found.extend(WORDS.iter().filter(|word| holds(word)));
    }
    WORDS.into_iter().filter(|word| found.contains(word)).collect()
}
