//! An administrator to whom units are delivered.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::StatusCode;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::buyers::patient_client;
use super::progress::{Shared, Step};

/// A task that adds units to a product until it is over.
pub(crate) struct Restocking(JoinHandle<u32>);

impl Restocking {
    pub(crate) fn start(product: &str, admin: &str, shared: &Shared, seed: u64) -> Self {
        let (product, admin, shared) = (product.to_owned(), admin.to_owned(), shared.clone());
        Self(tokio::spawn(async move {
            let mut random = StdRng::seed_from_u64(seed);
            let http = patient_client();
            let mut added = 0;
            for delivery in 0.. {
                if shared.is_over() {
                    break;
                }
                let units = random.random_range(1..10);
                // Some deliveries are noted twice.
                for _ in 0..random.random_range(1..=2) {
                    shared.note(Step::Restocking);
                    let request = |base: &str| {
                        http.patch(format!("{base}/products/{product}"))
                            .bearer_auth(&admin)
                            .header("idempotency-key", format!("delivery-{delivery}"))
                            .json(&json!({"add_stock": units}))
                    };
                    let (status, answer) = shared.ask(&mut random, request).await;
                    assert_eq!(status, StatusCode::OK, "{answer}");
                    shared.note(Step::Restocked);
                }
                added += units;
                sleep(Duration::from_millis(random.random_range(20..100))).await;
            }
            added
        }))
    }

    /// Waits for the end, and answers how many units were added.
    pub(crate) async fn finished(&mut self) -> u32 {
        (&mut self.0).await.unwrap()
    }
}
