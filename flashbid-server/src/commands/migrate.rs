use std::path::Path;

use flashbid_sqlite::{OpenError, SqliteLedger};

use super::say;
use crate::accounts::SqliteAccounts;
use crate::config::{Config, LedgerUrl};
use crate::failure::Failure;
use crate::stores::{self, refused};

/// Brings the tables of the ledger and the accounts up to date, and says what that took.
pub(crate) async fn run(config: &Config) -> Result<(), Failure> {
    let LedgerUrl::Sqlite(path) = &config.ledger else {
        stores::ledger(config).await?;
        say(format_args!("{} is up to date", config.ledger));
        return Ok(());
    };
    let before = look(path).await;
    if let Err(error) = &before
        && !matches!(error, OpenError::NoFile { .. } | OpenError::Older { .. })
    {
        return Err(refused(&config.ledger, error));
    }
    stores::ledger(config).await?;
    let ledger = &config.ledger;
    match before {
        Ok(()) => say(format_args!("{ledger} is up to date; nothing was changed")),
        Err(OpenError::Older {
            set, found, known, ..
        }) => say(format_args!(
            "{ledger} is up to date now; its tables `{set}` went from version {found} to {known}"
        )),
        Err(_) => say(format_args!("{ledger} was made, with all its tables")),
    }
    Ok(())
}

/// Whether the file is up to date, found out without changing it.
async fn look(path: &Path) -> Result<(), OpenError> {
    let ledger = SqliteLedger::open_read_only(path)?;
    SqliteAccounts::open(ledger.database().clone())
        .await
        .map(drop)
}
