use std::borrow::Cow;
use std::sync::Arc;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row, SqlSafeStr};
use tokio::time::timeout;

use super::{Database, Transaction};
use crate::error::{DatabaseError, OpenError};

/// One lock for every set: sets are few, and migrations rare. The number is "flashbid" in ASCII.
const LOCK: i64 = 0x666c_6173_6862_6964;

impl Database {
    /// Brings a named set of tables to the newest version: runs those of `scripts` that the database has not seen, in
    /// order and in one transaction. A script is plain SQL without `BEGIN` and `COMMIT`; once released it never
    /// changes, and later changes follow as further scripts. The name is of the letters `a` to `z` and `_`.
    ///
    /// Any number of processes may do this at once. When there is nothing to do, nothing but the pool is used; else
    /// the scripts run on a connection to [`Config::migrate_url`](crate::Config::migrate_url).
    ///
    /// # Errors
    /// [`OpenError::Newer`] when the database has seen more scripts than are given here, [`OpenError::Changed`] when
    /// it has seen other ones, [`OpenError::Migration`] when a script fails: then nothing has changed.
    pub async fn migrate(&self, set: &str, scripts: &[&str]) -> Result<(), OpenError> {
        let failed = |cause: Arc<_>| OpenError::Migration {
            set: set.to_owned(),
            cause,
        };
        if set.is_empty()
            || !set
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        {
            let cause = DatabaseError::conflict("a name is of the letters a to z and _");
            return Err(failed(Arc::new(cause)));
        }
        let table = format!("{set}_migrations");
        let migrations = migrations(scripts);
        let seen = match self.seen(&table).await {
            Ok(seen) => seen,
            Err(error) if error.kind() == flashbid_core::StoreErrorKind::Unavailable => {
                return Err(OpenError::of_use(&error));
            }
            Err(error) => return Err(failed(Arc::new(error))),
        };
        if check(set, &seen, &migrations)? {
            return Ok(());
        }
        match self.apply(&table, migrations.clone()).await? {
            Ok(()) => Ok(()),
            // Somebody was faster, with other scripts.
            Err(MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_)) => {
                let seen = self
                    .seen(&table)
                    .await
                    .map_err(|error| failed(Arc::new(error)))?;
                check(set, &seen, &migrations).map(drop)
            }
            Err(error) => Err(failed(Arc::new(error))),
        }
    }

    /// The versions and checksums of the scripts that the database has seen.
    async fn seen(&self, table: &str) -> Result<Vec<(i64, Vec<u8>)>, DatabaseError> {
        self.read(async |tx: &mut Transaction<'_>| {
            let exists = sqlx::query("SELECT to_regclass($1) IS NOT NULL").bind(table);
            if !tx.fetch_one(exists).await?.try_get(0)? {
                return Ok(Vec::new());
            }
            let sql = format!("SELECT version, checksum FROM {table} ORDER BY version");
            let rows = tx.fetch_all(sqlx::query(AssertSqlSafe(sql))).await?;
            rows.iter()
                .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
                .collect()
        })
        .await
    }

    /// Runs what is missing, all of it or nothing. The lock goes with the transaction, so that it cannot stay behind.
    async fn apply(
        &self,
        table: &str,
        migrations: Vec<Migration>,
    ) -> Result<Result<(), MigrateError>, OpenError> {
        let connecting = timeout(self.inner.acquire_timeout, self.inner.direct.connect());
        let mut connection = match connecting.await {
            Ok(connected) => connected.map_err(OpenError::of_connect)?,
            Err(_) => return Err(OpenError::of_connect(sqlx::Error::PoolTimedOut)),
        };
        let mut migrator = Migrator::with_migrations(migrations);
        migrator
            .set_locking(false)
            .dangerous_set_table_name(table.to_owned());
        let applied = async {
            let mut transaction = connection.begin().await?;
            sqlx::query("SELECT pg_advisory_xact_lock($1)")
                .bind(LOCK)
                .persistent(false)
                .execute(&mut *transaction)
                .await?;
            migrator.run_direct(None, &mut *transaction, false).await?;
            transaction.commit().await?;
            Ok(())
        }
        .await;
        // What counts is done; the server notices a connection that is gone.
        let _ = connection.close().await;
        Ok(applied)
    }
}

fn migrations(scripts: &[&str]) -> Vec<Migration> {
    (1..)
        .zip(scripts)
        .map(|(version, script)| {
            Migration::new(
                version,
                Cow::Borrowed(""),
                MigrationType::Simple,
                AssertSqlSafe((*script).to_owned()).into_sql_str(),
                false,
            )
        })
        .collect()
}

/// Whether the database has seen all of the scripts.
fn check(set: &str, seen: &[(i64, Vec<u8>)], migrations: &[Migration]) -> Result<bool, OpenError> {
    for ((version, checksum), migration) in seen.iter().zip(migrations) {
        if *version != migration.version || **checksum != *migration.checksum {
            return Err(OpenError::Changed {
                set: set.to_owned(),
                version: *version,
            });
        }
    }
    match seen.last() {
        Some((found, _)) if seen.len() > migrations.len() => Err(OpenError::Newer {
            set: set.to_owned(),
            found: *found,
            known: migrations.last().map_or(0, |migration| migration.version),
        }),
        _ => Ok(seen.len() == migrations.len()),
    }
}
