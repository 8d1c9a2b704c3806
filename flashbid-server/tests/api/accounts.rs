use serde_json::json;

use crate::site::Site;

const REGISTER: &str = "/api/v1/auth/register";
const LOGIN: &str = "/api/v1/auth/login";
const ME: &str = "/api/v1/auth/me";

fn ada() -> String {
    json!({"email": " Ada@Example.com", "password": "open sesame", "username": "Ada"}).to_string()
}

#[tokio::test]
async fn a_user_registers_logs_in_and_is_told_who_it_is() {
    let site = Site::start().await;
    let user = site.post(REGISTER, None, ada()).await.ok(201);
    assert_eq!(user["email"], "ada@example.com");
    assert_eq!(user["username"], "Ada");
    assert_eq!(user["is_admin"], false);
    assert_eq!(user["created_at"], "2026-01-01T00:00:00.000Z");
    let weight = user["weight"].as_f64().unwrap();
    assert!((0.5..=5.0).contains(&weight), "{weight}");

    let login = json!({"email": "ADA@example.com", "password": "open sesame"}).to_string();
    // The second is answered from what is remembered of the first.
    for _ in 0..2 {
        let answer = site.post(LOGIN, None, login.clone()).await;
        assert_eq!(answer.headers["cache-control"], "no-store");
        let session = answer.ok(200);
        assert_eq!(session["token_type"], "bearer");
        assert_eq!(session["expires_in"], 24 * 3_600);
        let token = format!("Bearer {}", session["access_token"].as_str().unwrap());
        let headers = [("authorization", &*token)];
        let me = site
            .send(reqwest::Method::GET, ME, None, &headers, None)
            .await;
        assert_eq!(me.ok(200), user);
    }
}

#[tokio::test]
async fn a_taken_email_is_refused_however_it_is_spelt() {
    let site = Site::start().await;
    site.post(REGISTER, None, ada()).await.ok(201);
    let before = site.dump();
    let again = ada().replace("Ada@Example.com", "ADA@EXAMPLE.COM ");
    site.post(REGISTER, None, again)
        .await
        .problem(400, "EMAIL_TAKEN");
    assert_eq!(site.dump(), before);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_email_are_answered_alike() {
    let site = Site::start().await;
    site.post(REGISTER, None, ada()).await.ok(201);
    let mut answers = Vec::new();
    for (email, password) in [
        ("ada@example.com", "open sesamE"),
        ("bob@example.com", "open sesame"),
        ("ada@example.com", "short"),
        ("no address", "open sesame"),
        ("' OR 1=1 --", "' OR 1=1 --"),
    ] {
        let login = json!({"email": email, "password": password});
        let answer = site.post(LOGIN, None, login.to_string()).await;
        answer.problem(401, "UNAUTHORIZED");
        assert!(answer.headers.contains_key("www-authenticate"));
        answers.push(answer.text);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[tokio::test]
async fn the_first_start_makes_an_administrator_and_the_next_keeps_it() {
    let site = Site::start().await;
    let login = json!({"email": "admin@flashbid.local", "password": "the first admin"});
    let session = site.post(LOGIN, None, login.to_string()).await.ok(200);
    assert!(session["access_token"].is_string());
    let directory = site.stop().await;

    let mut config = crate::site::config(&directory);
    config.admin_password = Some(crate::site::password("another password"));
    let again = flashbid_server::Server::start(&config).await.unwrap();
    let found = matches!(
        again.administrator(),
        flashbid_server::first_start::Administrator::Found { .. }
    );
    assert!(found, "{:?}", again.administrator());
    again.stop().await;
}

#[tokio::test]
async fn an_email_that_a_user_has_is_not_made_an_administrator() {
    let site = Site::start().await;
    site.post(REGISTER, None, ada()).await.ok(201);
    let directory = site.stop().await;
    let before = crate::site::dump(&directory);
    let mut config = crate::site::config(&directory);
    config.admin_email = "ada@example.com".parse().unwrap();
    let failure = flashbid_server::Server::start(&config).await.unwrap_err();
    assert!(failure.to_string().contains("another account"), "{failure}");
    assert_eq!(crate::site::dump(&directory), before);

    config.admin_email = "second@example.com".parse().unwrap();
    let again = flashbid_server::Server::start(&config).await.unwrap();
    let made = matches!(
        again.administrator(),
        flashbid_server::first_start::Administrator::Given { .. }
    );
    assert!(made, "{:?}", again.administrator());
    again.stop().await;
}

#[tokio::test]
async fn tokens_outlive_a_restart_because_the_made_secret_is_kept() {
    let site = Site::start_with(|config| config.jwt_secret = None).await;
    assert!(site.server.made_secret());
    let ada = site.user("ada").await;
    let directory = site.stop().await;

    let mut config = crate::site::config(&directory);
    config.jwt_secret = None;
    let clock = std::sync::Arc::new(flashbid_core::time::ManualClock::new(crate::site::START));
    let again = flashbid_server::Server::start_with(&config, clock)
        .await
        .unwrap();
    assert!(!again.made_secret());
    let url = format!("http://{}{ME}", again.address());
    let request = reqwest::Client::new().get(url).bearer_auth(&ada.token);
    assert_eq!(request.send().await.unwrap().status(), 200);
    again.stop().await;
}
