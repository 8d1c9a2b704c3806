use std::fmt::{self, Write};

/// Appends an array as PostgreSQL writes it, behind a comma unless it is the first argument. The text of its values is
/// numbers, ids or hexadecimal digits only, so that nothing in them can become SQL.
pub(super) fn column<T: fmt::Display>(
    sql: &mut String,
    values: impl IntoIterator<Item = T>,
) -> fmt::Result {
    sql.push_str(if sql.ends_with('(') { "'{" } else { ", '{" });
    for (place, value) in values.into_iter().enumerate() {
        if place > 0 {
            sql.push(',');
        }
        write!(sql, "{value}")?;
    }
    sql.push_str("}'");
    Ok(())
}
