use std::io::{Read, Write};
use std::net::TcpStream;

use crate::program::{Running, program, refused, run};

#[test]
fn the_first_start_says_how_to_log_in_and_the_next_does_not() {
    let directory = tempfile::tempdir().unwrap();
    let first = Running::start(program(&directory, &["--log", "trace"]));
    assert!(
        first.said.contains("admin@flashbid.local"),
        "{}",
        first.said
    );
    assert!(first.said.contains("new secret"), "{}", first.said);
    let (_, rest) = first.said.split_once("with the password ").unwrap();
    let password = rest.split(',').next().unwrap().to_owned();
    assert_eq!(password.len(), 20);
    let (code, log) = first.stop("-TERM");
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains(&password), "{log}");

    let second = Running::start(program(&directory, &[]));
    assert!(!second.said.contains(&password));
    assert!(!second.said.contains("new secret"));
    assert_eq!(second.stop("-INT").0, Some(0));
}

#[tokio::test]
async fn secrets_are_not_logged_even_when_everything_is() {
    let directory = tempfile::tempdir().unwrap();
    let secret = "sesame-sesame-sesame-sesame-sesame";
    let mut command = program(&directory, &["--log", "trace"]);
    command
        .env("FLASHBID_JWT_SECRET", secret)
        .env("FLASHBID_ADMIN_PASSWORD", "sesame-admin");
    let server = Running::start(command);
    assert!(!server.said.contains("sesame"), "{}", server.said);
    let http = reqwest::Client::new();
    let url = |path: &str| format!("http://{}/api/v1{path}", server.address);
    let login = serde_json::json!({"email": "admin@flashbid.local", "password": "sesame-admin"});
    let session = http.post(url("/auth/login")).json(&login).send().await;
    let session: serde_json::Value = session.unwrap().json().await.unwrap();
    let token = session["access_token"].as_str().unwrap().to_owned();
    let me = http.get(url("/auth/me")).bearer_auth(&token).send().await;
    assert_eq!(me.unwrap().status(), 200);
    let query = http.get(url(&format!("/products?token={token}"))).send();
    assert_eq!(query.await.unwrap().status(), 200);
    let (code, log) = server.stop("-TERM");
    assert_eq!(code, Some(0));
    assert!(
        log.contains("/api/v1/products"),
        "requests are logged: {log}"
    );
    let (_, signature) = token.rsplit_once('.').unwrap();
    for hidden in ["sesame", signature, "$argon2id"] {
        assert!(!log.contains(hidden), "{hidden} in {log}");
    }
}

#[test]
fn a_second_signal_ends_a_server_that_waits_for_a_request() {
    let directory = tempfile::tempdir().unwrap();
    let server = Running::start(program(&directory, &[]));
    let mut unfinished = TcpStream::connect(server.address).unwrap();
    let half = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\
                 Content-Type: application/json\r\n\r\n{";
    unfinished.write_all(half).unwrap();
    // Another request is answered, so the first has been read.
    let mut other = TcpStream::connect(server.address).unwrap();
    other
        .write_all(b"GET /health HTTP/1.1\r\nHost: test\r\n\r\n")
        .unwrap();
    other.read_exact(&mut [0; 12]).unwrap();

    server.signal("-TERM");
    // It takes nothing more, and still waits for the first.
    let closed = (0..1_000_000).any(|_| TcpStream::connect(server.address).is_err());
    assert!(closed);
    let (code, log) = server.stop("-TERM");
    assert_eq!(code, Some(143), "{log}");
}

#[test]
fn a_ledger_that_a_server_has_is_refused_to_others() {
    let directory = tempfile::tempdir().unwrap();
    let server = Running::start(program(&directory, &[]));
    for command in ["serve", "seed", "migrate"] {
        refused(&run(&directory, &[command]), "in use");
    }
    assert_eq!(server.stop("-TERM").0, Some(0));
}
