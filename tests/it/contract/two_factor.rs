//! Two-factor sign-in.

use serde_json::{Value, json};

use crate::harness::{PASSWORD, Server, on_both_engines};

fn code(server: &Server, secret: &str) -> String {
    let secret = totp_rs::Secret::try_from_base32(secret).expect("base32");
    let totp = totp_rs::Builder::new().with_secret(secret).build().expect("a good secret");
    totp.generate(server.now().seconds() as u64).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_is_asked_for_once_it_is_confirmed() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let ann = acme.customer("ann").await;
        let offer = server.post("/api/users/totp/offer").by(&ann).await.expect(200);
        let secret = offer["secret"].as_str().expect("text").to_owned();
        assert!(offer["otpauth_url"].as_str().is_some_and(|url| url.starts_with("otpauth://totp/")));
        acme.login("ann").await;
        let confirm = |code: &str, password: &str| {
            let body = json!({"secret": secret, "code": code, "current_password": password});
            server.put("/api/users/totp").by(&ann).json(body)
        };
        let now = code(&server, &secret);
        confirm(&now, "a wrong password").await.problem(403, "wrong_password");
        let other = if now == "000000" { "000001" } else { "000000" };
        confirm(other, PASSWORD).await.invalid("code");
        let is_on = async || server.get("/api/users/totp").by(&ann).await.expect(200)["is_active"].clone();
        assert_eq!(is_on().await, false);
        confirm(&now, PASSWORD).await.expect(204);
        assert_eq!(is_on().await, true);
        confirm(&now, PASSWORD).await.problem(409, "totp_active");
        server.post("/api/users/totp/offer").by(&ann).await.problem(409, "totp_active");
        let login = |totp: Value| {
            let body = json!({"username": "ann", "password": PASSWORD, "totp": totp});
            server.post("/api/auth/login").key(&acme.publishable_key).json(body)
        };
        login(Value::Null).await.problem(401, "totp_required");
        login(json!(other)).await.problem(401, "invalid_credentials");
        server.pass(60);
        let fresh = code(&server, &secret);
        login(json!(fresh)).await.expect(200);
        let remove =
            |password: &str| server.delete("/api/users/totp").by(&ann).json(json!({"current_password": password}));
        remove("a wrong password").await.problem(403, "wrong_password");
        remove(PASSWORD).await.expect(204);
        login(Value::Null).await.expect(200);
    })
    .await;
}
