use std::collections::HashMap;
use std::str::FromStr;

use async_trait::async_trait;
use flashbid_core::id::BidderId;
use flashbid_core::money::Weight;
use flashbid_core::time::Timestamp;
use flashbid_core::{StoreError, StoreErrorKind};
use flashbid_postgres::sqlx::postgres::PgRow;
use flashbid_postgres::sqlx::{self, Row};
use flashbid_postgres::{Database, DatabaseError, OpenError, Transaction};
use uuid::Uuid;

use super::{Account, Accounts, Email, PasswordHash};

/// The tables, in the order in which they came to be.
const MIGRATIONS: [&str; 1] = [include_str!("postgres/0001_accounts.sql")];

/// Accounts in the ledger's database on PostgreSQL.
#[derive(Clone, Debug)]
pub struct PostgresAccounts(Database);

impl PostgresAccounts {
    /// Brings the tables up to date.
    ///
    /// # Errors
    /// A database that is away, or whose tables are of another version.
    pub async fn open(database: Database) -> Result<Self, OpenError> {
        database.migrate("accounts", &MIGRATIONS).await?;
        Ok(Self(database))
    }
}

#[async_trait]
impl Accounts for PostgresAccounts {
    async fn add(&self, accounts: &[Account]) -> Result<Vec<BidderId>, StoreError> {
        let work = async |tx: &mut Transaction<'_>| add(tx, accounts).await;
        let holders = self.0.write(work).await;
        holders.map_err(|error| error.during("add accounts"))
    }

    async fn by_email(&self, email: &Email) -> Result<Option<Account>, StoreError> {
        let found = self
            .0
            .read(async |tx: &mut Transaction<'_>| {
                let query =
                    "SELECT id, email, username, password_hash, weight, is_admin, created_at
                             FROM users WHERE email = $1";
                let row = tx.fetch_optional(sqlx::query(query).bind(email.as_str()));
                row.await?.as_ref().map(account).transpose()
            })
            .await;
        found.map_err(|error| error.during("find an account"))
    }

    async fn by_id(&self, id: BidderId) -> Result<Option<Account>, StoreError> {
        let found = self
            .0
            .read(async |tx: &mut Transaction<'_>| {
                let query =
                    "SELECT id, email, username, password_hash, weight, is_admin, created_at
                             FROM users WHERE id = $1";
                let row = tx.fetch_optional(sqlx::query(query).bind(id.uuid()));
                row.await?.as_ref().map(account).transpose()
            })
            .await;
        found.map_err(|error| error.during("find an account"))
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        let work = async |tx: &mut Transaction<'_>| setting(tx, name).await;
        let found = self.0.read(work).await;
        found.map_err(|error| error.during("read a setting"))
    }

    async fn keep_setting(&self, name: &str, value: String) -> Result<String, StoreError> {
        let kept = self
            .0
            .write(async |tx: &mut Transaction<'_>| {
                let insert =
                    "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
                tx.execute(sqlx::query(insert).bind(name).bind(&value))
                    .await?;
                setting(tx, name).await
            })
            .await;
        let kept = kept.map_err(|error| error.during("keep a setting"))?;
        Ok(kept.unwrap_or(value))
    }
}

async fn add(
    tx: &mut Transaction<'_>,
    accounts: &[Account],
) -> Result<Vec<BidderId>, DatabaseError> {
    let mut ids: Vec<Uuid> = Vec::with_capacity(accounts.len());
    let (mut emails, mut names, mut hashes): (Vec<_>, Vec<_>, Vec<_>) = Default::default();
    let (mut weights, mut admins, mut times): (Vec<_>, Vec<_>, Vec<_>) = Default::default();
    for account in accounts {
        ids.push(account.id.uuid());
        emails.push(account.email.as_str());
        names.push(account.username.to_string());
        hashes.push(account.password.as_str());
        weights.push(account.weight.ten_thousandths());
        admins.push(account.is_admin);
        times.push(account.created_at.millis());
    }
    // In the order of the emails, so that no two of these wait for each other; of one email the first of the batch.
    let insert = "INSERT INTO users (id, email, username, password_hash, weight, is_admin, created_at)
         SELECT id, email, username, password_hash, weight, is_admin, created_at
         FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::boolean[], $7::bigint[])
              WITH ORDINALITY
              AS new (id, email, username, password_hash, weight, is_admin, created_at, number)
         ORDER BY email, number
         ON CONFLICT (email) DO NOTHING";
    let insert = sqlx::query(insert)
        .bind(ids)
        .bind(&emails)
        .bind(names)
        .bind(hashes)
        .bind(weights)
        .bind(admins)
        .bind(times);
    tx.execute(insert).await?;
    // A statement of its own sees who was faster meanwhile.
    let select = "SELECT email, id FROM users WHERE email = ANY($1)";
    let rows = tx.fetch_all(sqlx::query(select).bind(&emails)).await?;
    let mut holders: HashMap<String, Uuid> = HashMap::with_capacity(rows.len());
    for row in rows {
        holders.insert(row.try_get(0)?, row.try_get(1)?);
    }
    let holder = |email: &&str| {
        let id = holders.get(*email).copied();
        id.map(BidderId::new)
            .ok_or_else(|| corrupt("an account that was just there is gone"))
    };
    emails.iter().map(holder).collect()
}

async fn setting(tx: &mut Transaction<'_>, name: &str) -> Result<Option<String>, DatabaseError> {
    let query = sqlx::query("SELECT value FROM settings WHERE name = $1").bind(name);
    let row = tx.fetch_optional(query).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

fn account(row: &PgRow) -> Result<Account, DatabaseError> {
    Ok(Account {
        id: BidderId::new(row.try_get("id")?),
        email: parsed(row, "email")?,
        username: parsed(row, "username")?,
        password: PasswordHash::from_stored(row.try_get("password_hash")?),
        weight: Weight::from_ten_thousandths(row.try_get("weight")?)
            .map_err(|error| DatabaseError::new(StoreErrorKind::Corrupt, error))?,
        is_admin: row.try_get("is_admin")?,
        created_at: Timestamp::from_millis(row.try_get("created_at")?),
    })
}

fn parsed<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(
    row: &PgRow,
    column: &str,
) -> Result<T, DatabaseError> {
    let text: &str = row.try_get(column)?;
    text.parse()
        .map_err(|error| DatabaseError::new(StoreErrorKind::Corrupt, error))
}

fn corrupt(reason: &'static str) -> DatabaseError {
    DatabaseError::new(StoreErrorKind::Corrupt, reason)
}
