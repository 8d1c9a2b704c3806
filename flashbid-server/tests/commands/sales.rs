//! What the commands say of first-come sales on a ledger beside a server whose hot store is in its memory.

use flashbid_sqlite::rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::program::{Running, program, refused, run, stdout};

const PASSWORD: &str = "open sesame";

/// A running server with a first-come campaign, of which one order was made.
async fn sold(directory: &TempDir) -> (Running, String) {
    let mut command = program(directory, &[]);
    command.env("FLASHBID_ADMIN_PASSWORD", PASSWORD);
    let server = Running::start(command);
    let http = reqwest::Client::new();
    let post = async |path: &str, token: &str, body: Value| {
        let url = format!("http://{}/api/v1{path}", server.address);
        let request = http.post(url).bearer_auth(token).json(&body);
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {answer:?}");
        answer.json::<Value>().await.unwrap()
    };
    let login = json!({"email": "admin@flashbid.local", "password": PASSWORD});
    let session = post("/auth/login", "", login).await;
    let token = session["access_token"].as_str().unwrap();
    let product = json!({"name": "Lamp", "stock": 3, "min_price": 1});
    let product = post("/products", token, product).await;
    let now = jiff::Timestamp::now();
    let campaign = json!({
        "product_id": product["product_id"], "format": "first_come", "price": 5,
        "start_time": now.to_string(),
        "end_time": (now + std::time::Duration::from_hours(1)).to_string(),
    });
    let campaign = post("/campaigns", token, campaign).await;
    let purchase = json!({"campaign_id": campaign["campaign_id"], "quantity": 2});
    post("/purchases", token, purchase).await;
    (server, campaign["campaign_id"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_first_come_sale_is_verified_and_reconciled_beside_its_server() {
    let directory = tempfile::tempdir().unwrap();
    let (server, campaign) = sold(&directory).await;
    let verified = run(&directory, &["verify", &campaign]);
    assert!(verified.status.success(), "{verified:?}");
    let said = stdout(&verified);
    assert!(
        said.contains("1 purchases of 1 buyers; 1 orders, quota 3, stock 3"),
        "{said}"
    );
    for arguments in [&["reconcile"][..], &["reconcile", &campaign]] {
        let reconciled = run(&directory, arguments);
        assert!(reconciled.status.success(), "{reconciled:?}");
        let said = stdout(&reconciled);
        assert!(said.contains("only the ledger was compared"), "{said}");
        assert!(
            said.contains("1 campaigns, 0 discrepancies found, 0 left"),
            "{said}"
        );
    }
    server.stop("-TERM");

    let file = Connection::open(directory.path().join("flashbid.db")).unwrap();
    let tampered = file.execute("UPDATE orders SET units = 1, price = 2 * price", []);
    assert_eq!(tampered.unwrap(), 1);
    let reconciled = run(&directory, &["reconcile"]);
    assert_eq!(reconciled.status.code(), Some(1), "{reconciled:?}");
    let said = stdout(&reconciled);
    assert!(
        said.contains(&format!("campaign {campaign}: campaign ")),
        "{said}"
    );
    let reason = String::from_utf8(reconciled.stderr).unwrap();
    assert_eq!(reason.trim_end().lines().count(), 1, "{reason}");
    assert!(reason.contains("discrepancies are left"), "{reason}");
    let verified = run(&directory, &["verify", &campaign]);
    assert_eq!(verified.status.code(), Some(1), "{verified:?}");
}

#[test]
fn what_belongs_to_the_memory_of_a_server_is_not_touched_from_outside() {
    let directory = tempfile::tempdir().unwrap();
    assert!(run(&directory, &["migrate"]).status.success());
    let unknown = "01900000-0000-7000-8000-000000000000";
    refused(
        &run(&directory, &["reconcile", "--fix"]),
        "POST /api/v1/campaigns",
    );
    refused(&run(&directory, &["reconcile", unknown]), "no campaign");
    refused(&run(&directory, &["reconcile", "nonsense"]), "nonsense");
    refused(&run(&directory, &["sync"]), "POST /api/v1/products/sync");
    refused(&run(&directory, &["sync", "nonsense"]), "nonsense");
    let absent = ["reconcile", "--ledger", "sqlite:absent.db"];
    refused(&run(&directory, &absent), "absent.db");
    assert!(!directory.path().join("absent.db").exists());
    let none = run(&directory, &["reconcile"]);
    assert!(none.status.success(), "{none:?}");
    assert!(stdout(&none).contains("0 campaigns, 0 discrepancies found, 0 left"));
}
