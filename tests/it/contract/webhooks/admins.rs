//! What admins do with webhooks, and what they may not.

use serde_json::{Value, json};
use smilechat::notifications::sweep;

use super::{PATH, create, place, settle, with_receiver};

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_exchanged_a_try_is_sent_and_one_is_sent_again_by_hand() {
    with_receiver(async |server, receiver| {
        let app = server.running.app.clone();
        let acme = server.tenant("acme").await;
        let (ada, ann) = (acme.admin("ada").await, acme.customer("ann").await);
        let webhook = create(&server, &ada, &receiver.url("/hook"), &["ticket.created"]).await;
        let old = webhook["secret"].as_str().expect("a secret").to_owned();
        let call = server.post(&format!("{}/secret", place(&webhook))).by(&ada).json(json!({}));
        let new = call.await.expect(200)["secret"].as_str().expect("a secret").to_owned();
        assert_ne!(old, new);
        let test = async || server.post(&format!("{}/test", place(&webhook))).by(&ada).await.expect(200);
        let tried = test().await;
        assert_eq!((&tried["status"], &tried["error"]), (&json!(204), &Value::Null));
        let got = &receiver.until("/hook", 1).await[0];
        assert_eq!(got.kind(), "webhook.test");
        assert!(got.is_signed_by(&old) && got.is_signed_by(&new));
        server.pass(24 * 3600);
        receiver.say("/hook", 404, &[]);
        let tried = test().await;
        assert_eq!((&tried["status"], &tried["error"]), (&json!(404), &json!("rejected")));
        let got = &receiver.until("/hook", 2).await[1];
        assert!(!got.is_signed_by(&old) && got.is_signed_by(&new));
        receiver.recover("/hook");
        for path in [place(&webhook), PATH.to_owned()] {
            let shown = server.get(&path).by(&ada).await.expect(200).to_string();
            assert!(!shown.contains("whsec_"), "{shown}");
        }

        server.ticket(&ann, "Lamp").await;
        settle(&server).await;
        let first = receiver.until("/hook", 3).await[2].clone();
        let retry = format!("{}/deliveries/{}/retry", place(&webhook), first.id());
        let again = server.post(&retry).by(&ada).json(json!({})).await.expect(200);
        assert_eq!(again["delivery_id"], first.id());
        settle(&server).await;
        let second = receiver.until("/hook", 4).await[3].clone();
        assert_eq!((second.id(), &second.raw), (first.id(), &first.raw));
        server.post(&format!("{}/deliveries/msg_none/retry", place(&webhook))).by(&ada).await.problem(404, "not_found");

        // Kept for thirty days; and gone with its webhook.
        server.pass(30 * 86_400 + 1);
        sweep(&app).await.expect("swept");
        assert_eq!(server.count("select count(*) from webhook_deliveries").await, 0);
        let ada = acme.login("ada").await;
        let ann = acme.login("ann").await;
        server.ticket(&ann, "Lamp").await;
        settle(&server).await;
        server.delete(&place(&webhook)).by(&ada).await.expect(204);
        server.get(&place(&webhook)).by(&ada).await.problem(404, "not_found");
        sweep(&app).await.expect("swept");
        assert_eq!(server.count("select count(*) from webhook_deliveries").await, 0);
        assert_eq!(server.count("select count(*) from webhooks").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_a_webhook_is_refused() {
    with_receiver(async |server, receiver| {
        let (acme, other) = (server.tenant("acme").await, server.tenant("other").await);
        let (ada, sue, zoe) = (acme.admin("ada").await, acme.support("sue").await, other.admin("zoe").await);
        let url = receiver.url("/hook");
        for (field, body) in [
            ("url", json!({"url": "ftp://shop.example/"})),
            ("url", json!({"url": "https://user:password@shop.example/"})),
            ("url", json!({"url": "http://127.0.0.1:9/"})),
            ("url", json!({"url": "http://169.254.169.254/latest"})),
            ("url", json!({"url": "http://[::1]:80/"})),
            ("url", json!({"url": format!("https://shop.example/{}", "x".repeat(2048))})),
            ("url", json!({"types": []})),
            ("description", json!({"url": url, "description": "a\nb"})),
            ("description", json!({"url": url, "description": "x".repeat(201)})),
            ("types[0]", json!({"url": url, "types": ["ticket.eaten"]})),
            ("types[0]", json!({"url": url, "types": ["webhook.test"]})),
            ("types", json!({"url": url, "types": vec!["ticket.created"; 51]})),
            ("secret", json!({"url": url, "secret": "whsec_mine"})),
        ] {
            server.post(PATH).by(&ada).json(body).await.invalid(field);
        }
        server.post(PATH).by(&sue).json(json!({"url": url})).await.problem(403, "forbidden");
        // A name is judged when it is asked.
        let named = create(&server, &ada, "http://localhost:9/", &[]).await;
        let tried = server.post(&format!("{}/test", place(&named))).by(&ada).await.expect(200);
        assert_eq!((&tried["status"], &tried["error"]), (&Value::Null, &json!("refused_address")));
        for path in ["", "/deliveries"] {
            server.get(&format!("{}{path}", place(&named))).by(&zoe).await.problem(404, "not_found");
        }
        server.put(&place(&named)).by(&ada).json(json!({"url": "http://10.0.0.1/"})).await.invalid("url");
        server.put(&place(&named)).by(&ada).json(json!({"is_enabled": null})).await.invalid("is_enabled");
        let twice = json!({"url": url, "types": ["ticket.created", "message.sent", "ticket.created"]});
        let changed = server.put(&place(&named)).by(&ada).json(twice).await.expect(200);
        assert_eq!(changed["types"], json!(["ticket.created", "message.sent"]));
        let elsewhere = json!({"url": receiver.url("/elsewhere")});
        assert_eq!(
            server.put(&place(&named)).by(&ada).json(elsewhere.clone()).await.expect(200)["url"],
            elsewhere["url"]
        );
        let audit = server.get("/api/audit?limit=1").by(&ada).await.expect(200);
        assert_eq!(
            audit["data"][0]["data"]["values"],
            json!({"url": receiver.origin}),
            "no path, which may be a secret"
        );
        for _ in 1..20 {
            create(&server, &ada, &url, &[]).await;
        }
        server.post(PATH).by(&ada).json(json!({"url": url})).await.problem(409, "too_many_webhooks");
        create(&server, &zoe, &url, &[]).await;
        server.delete(&place(&named)).by(&ada).await.expect(204);
        create(&server, &ada, &url, &[]).await;
    })
    .await;
}
