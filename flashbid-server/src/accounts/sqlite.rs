use std::error::Error as StdError;
use std::str::FromStr;

use async_trait::async_trait;
use flashbid_core::StoreError;
use flashbid_core::id::BidderId;
use flashbid_core::money::Weight;
use flashbid_core::time::Timestamp;
use flashbid_sqlite::rusqlite::types::Type;
use flashbid_sqlite::rusqlite::{self, Connection, OptionalExtension, Params, Row, params};
use flashbid_sqlite::{Database, DatabaseError, OpenError};
use uuid::Uuid;

use super::{Account, Accounts, Email, PasswordHash};

/// The tables, in the order in which they came to be.
const MIGRATIONS: [&str; 1] = [include_str!("sqlite/0001_accounts.sql")];

/// An account's columns, in the order in which [`account`] reads them.
const SELECT: &str =
    "SELECT id, email, username, password_hash, weight, is_admin, created_at FROM accounts";

/// Accounts in the ledger's SQLite file.
#[derive(Clone, Debug)]
pub struct SqliteAccounts(Database);

impl SqliteAccounts {
    /// Brings the tables up to date, or checks them when the file is open for reading only.
    ///
    /// # Errors
    /// A file whose tables are of another version, or that cannot be written.
    pub async fn open(database: Database) -> Result<Self, OpenError> {
        database.migrate("accounts", &MIGRATIONS).await?;
        Ok(Self(database))
    }
}

#[async_trait]
impl Accounts for SqliteAccounts {
    async fn add(&self, accounts: &[Account]) -> Result<Vec<BidderId>, StoreError> {
        let accounts = accounts.to_vec();
        let work = move |tx: &Connection| accounts.iter().map(|new| insert(tx, new)).collect();
        let holders = self.0.write(work).await;
        holders.map_err(|error| error.during("add accounts"))
    }

    async fn by_email(&self, email: &Email) -> Result<Option<Account>, StoreError> {
        let email = email.to_string();
        let work = move |tx: &Connection| find(tx, "email", params![email]);
        let found = self.0.read(work).await;
        found.map_err(|error| error.during("find an account"))
    }

    async fn by_id(&self, id: BidderId) -> Result<Option<Account>, StoreError> {
        let work = move |tx: &Connection| find(tx, "id", params![id.as_bytes()]);
        let found = self.0.read(work).await;
        found.map_err(|error| error.during("find an account"))
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        let name = name.to_owned();
        let found = self.0.read(move |tx| setting(tx, &name)).await;
        found.map_err(|error| error.during("read a setting"))
    }

    async fn keep_setting(&self, name: &str, value: String) -> Result<String, StoreError> {
        let name = name.to_owned();
        let work = move |tx: &Connection| {
            let insert =
                "INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
            tx.execute(insert, params![name, value])?;
            Ok(setting(tx, &name)?.unwrap_or(value))
        };
        let kept = self.0.write(work).await;
        kept.map_err(|error| error.during("keep a setting"))
    }
}

/// Adds an account unless its email is taken, and answers who has the email then.
fn insert(tx: &Connection, new: &Account) -> Result<BidderId, DatabaseError> {
    let added = tx
        .prepare_cached(
            "INSERT INTO accounts (id, email, username, password_hash, weight, is_admin, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (email) DO NOTHING",
        )?
        .execute(params![
            new.id.as_bytes(),
            new.email.as_str(),
            new.username.to_string(),
            new.password.as_str(),
            new.weight.ten_thousandths(),
            new.is_admin,
            new.created_at.millis(),
        ])?;
    if added == 1 {
        return Ok(new.id);
    }
    let holder: Uuid = tx
        .prepare_cached("SELECT id FROM accounts WHERE email = ?1")?
        .query_row([new.email.as_str()], |row| row.get(0).map(Uuid::from_bytes))?;
    Ok(holder.into())
}

fn find(
    tx: &Connection,
    column: &str,
    value: impl Params,
) -> Result<Option<Account>, DatabaseError> {
    let mut query = tx.prepare_cached(&format!("{SELECT} WHERE {column} = ?1"))?;
    Ok(query.query_row(value, account).optional()?)
}

fn setting(tx: &Connection, name: &str) -> Result<Option<String>, DatabaseError> {
    let mut query = tx.prepare_cached("SELECT value FROM settings WHERE name = ?1")?;
    Ok(query.query_row([name], |row| row.get(0)).optional()?)
}

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        id: Uuid::from_bytes(row.get(0)?).into(),
        email: parsed(row, 1)?,
        username: parsed(row, 2)?,
        password: PasswordHash::from_stored(&row.get::<_, String>(3)?),
        weight: Weight::from_ten_thousandths(row.get(4)?)
            .map_err(|error| unreadable(4, Type::Integer, error))?,
        is_admin: row.get(5)?,
        created_at: Timestamp::from_millis(row.get(6)?),
    })
}

fn parsed<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T: FromStr<Err: StdError + Send + Sync + 'static>,
{
    let text: String = row.get(column)?;
    text.parse()
        .map_err(|error| unreadable(column, Type::Text, error))
}

fn unreadable(
    column: usize,
    kind: Type,
    error: impl StdError + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, kind, Box::new(error))
}
