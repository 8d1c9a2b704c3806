//! What one would write without an engine: each bid is a transaction that locks the one row of its campaign.

use std::sync::Arc;

use flashbid_benches::rush::Rush;
use flashbid_benches::{bidder, price, scramble};
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::query;

use crate::BIDDERS;

const BIDS: u64 = 3_000;

pub(crate) struct SingleRow(PgPool);

impl SingleRow {
    pub(crate) async fn new(url: &str, connections: u32) -> Self {
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .min_connections(connections)
            .connect(url)
            .await
            .expect("the server was started");
        for statement in [
            "CREATE TABLE sale (id int PRIMARY KEY, bids bigint NOT NULL, highest bigint NOT NULL)",
            "CREATE TABLE bid (sequence bigint PRIMARY KEY, bidder uuid NOT NULL, price bigint NOT NULL)",
            "INSERT INTO sale VALUES (1, 0, 0)",
        ] {
            let done = query(statement).execute(&pool).await;
            done.expect("a new database takes a table");
        }
        Self(pool)
    }

    /// Bids a second.
    pub(crate) async fn rush(self, callers: u64) -> f64 {
        let rows = Arc::new(self);
        let place = {
            let rows = rows.clone();
            move |number| {
                let rows = rows.clone();
                async move { rows.bid(number).await.expect("the server works") }
            }
        };
        let rush = Rush::of(callers, BIDS, place).await;
        rows.0.close().await;
        rush.rate()
    }

    async fn bid(&self, number: u64) -> Result<(), sqlx::Error> {
        let draw = scramble(number);
        let price = price(100 + (draw >> 40) % 100_000).ten_thousandths();
        let mut transaction = self.0.begin().await?;
        let (bids, highest): (i64, i64) =
            sqlx::query_as("SELECT bids, highest FROM sale WHERE id = 1 FOR UPDATE")
                .fetch_one(&mut *transaction)
                .await?;
        query("UPDATE sale SET bids = $1, highest = $2 WHERE id = 1")
            .bind(bids + 1)
            .bind(highest.max(price))
            .execute(&mut *transaction)
            .await?;
        query("INSERT INTO bid (sequence, bidder, price) VALUES ($1, $2, $3)")
            .bind(bids + 1)
            .bind(uuid::Uuid::from_bytes(*bidder(draw % BIDDERS).as_bytes()))
            .bind(price)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }
}
