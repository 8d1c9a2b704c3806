use rusqlite::{Connection, OptionalExtension};

use crate::error::{DatabaseError, OpenError};

/// The version of each set of migrations is the number of its scripts that the file has seen.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_versions (
    name    TEXT    NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL CHECK (version >= 0)
) STRICT, WITHOUT ROWID";

/// Runs the scripts that the file has not seen, inside the caller's transaction. The outer error is to be rolled back;
/// the inner one changed nothing.
pub(super) fn apply(
    tx: &Connection,
    set: &str,
    scripts: &[impl AsRef<str>],
) -> Result<Result<(), OpenError>, DatabaseError> {
    tx.execute_batch(TABLE)?;
    let (found, known) = (version(tx, set)?, count(scripts.len())?);
    if found > known {
        return Ok(Err(newer(set, found, known)));
    }
    for script in scripts.iter().skip(found as usize) {
        tx.execute_batch(script.as_ref())?;
    }
    let written = tx.execute(
        "INSERT INTO schema_versions (name, version) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET version = excluded.version",
        (set, known),
    )?;
    if written != 1 {
        return Err(DatabaseError::corrupt("a version was not written"));
    }
    Ok(Ok(()))
}

/// Whether the file has seen exactly as many scripts as are known.
pub(super) fn require(
    tx: &Connection,
    set: &str,
    scripts: usize,
) -> Result<Result<(), OpenError>, DatabaseError> {
    let (found, known) = (version(tx, set)?, count(scripts)?);
    Ok(match found {
        found if found > known => Err(newer(set, found, known)),
        found if found < known => Err(OpenError::Older {
            set: set.to_owned(),
            found,
            known,
        }),
        _ => Ok(()),
    })
}

/// How many scripts of a set the file has seen.
pub(super) fn version(tx: &Connection, set: &str) -> Result<u32, DatabaseError> {
    if !tx.table_exists(None, "schema_versions")? {
        return Ok(0);
    }
    let version = tx
        .query_row(
            "SELECT version FROM schema_versions WHERE name = ?1",
            [set],
            |row| row.get(0),
        )
        .optional()?;
    Ok(version.unwrap_or(0))
}

pub(super) fn newer(set: &str, found: u32, known: u32) -> OpenError {
    OpenError::Newer {
        set: set.to_owned(),
        found,
        known,
    }
}

fn count(scripts: usize) -> Result<u32, DatabaseError> {
    u32::try_from(scripts).map_err(|_| DatabaseError::conflict("too many scripts"))
}
