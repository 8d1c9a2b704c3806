use flashbid_core::{StoreError, StoreErrorKind};
use redis::{ErrorKind, RedisError, ServerErrorKind};

/// The name of this store in a [`StoreError`].
pub(crate) const BACKEND: &str = "redis";

/// What became of a call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// The call never left: there was no connection.
    No,
    /// A call that only reads left.
    Read,
    /// A call that writes left.
    Write,
}

/// A failed call of `operation`, by what is known to have become of it.
pub(crate) fn failed(operation: &'static str, error: RedisError, sent: Sent) -> StoreError {
    StoreError::new(BACKEND, operation, kind_of(&error, sent)).because(error)
}

/// An answer of `operation` that no script gives.
pub(crate) fn corrupt(operation: &'static str, what: &'static str) -> StoreError {
    StoreError::new(BACKEND, operation, StoreErrorKind::Corrupt).because(what)
}

/// Nothing that a script has begun is ever refused half-way, because a script reads before it writes and no write of
/// it can fail. So whatever the server says in words, it says instead of doing the work.
fn kind_of(error: &RedisError, sent: Sent) -> StoreErrorKind {
    use StoreErrorKind::{Conflict, Corrupt, Fenced, Indeterminate, NotFound, Unavailable};
    if sent == Sent::No {
        return Unavailable;
    }
    let lost = match sent {
        Sent::Write => Indeterminate,
        Sent::Read | Sent::No => Unavailable,
    };
    match error.kind() {
        ErrorKind::Server(kind) => match kind {
            ServerErrorKind::ResponseError if was_killed(error) => Unavailable,
            ServerErrorKind::ResponseError
            | ServerErrorKind::CrossSlot
            | ServerErrorKind::NotBusy
            | ServerErrorKind::NoSub => Corrupt,
            _ => Unavailable,
        },
        ErrorKind::Extension => match error.code() {
            // What the scripts answer themselves.
            Some("NOTFOUND") => NotFound,
            Some("FENCED") => Fenced,
            Some("CONFLICT") => Conflict,
            // What `open` answers, and what the server says before it runs anything.
            Some(
                "AGAIN" | "OOM" | "BUSY" | "MISCONF" | "NOREPLICAS" | "NOAUTH" | "WRONGPASS"
                | "DENIED" | "UNBLOCKED" | "STALE" | "NOGOODSLAVE" | "INPROG" | "FAILOVER"
                | "REDIRECT",
            ) => Unavailable,
            _ => Corrupt,
        },
        ErrorKind::Io if error.is_connection_refusal() => Unavailable,
        ErrorKind::Io => lost,
        ErrorKind::Parse | ErrorKind::UnexpectedReturnType | ErrorKind::RESP3NotSupported => {
            Corrupt
        }
        // The client has refused or found no server: nothing was sent.
        _ => Unavailable,
    }
}

/// A script can only be killed as long as it has not written.
fn was_killed(error: &RedisError) -> bool {
    error
        .detail()
        .is_some_and(|detail| detail.contains("Script killed"))
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn said(line: &str) -> RedisError {
        let value = redis::parse_redis_value(format!("-{line}\r\n").as_bytes()).unwrap();
        value.extract_error().unwrap_err()
    }

    #[test]
    fn refusals_applied_nothing() {
        for line in [
            "LOADING Redis is loading the dataset in memory",
            "CLUSTERDOWN The cluster is down",
            "READONLY You can't write against a read only replica.",
            "OOM command not allowed when used memory > 'maxmemory'.",
            "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
            "BUSY Redis is busy running a script.",
            "MISCONF Redis is configured to save RDB snapshots",
            "NOREPLICAS Not enough good replicas to write.",
            "NOAUTH Authentication required.",
            "NOPERM this user has no permissions",
            "MOVED 3999 127.0.0.1:6381",
            "TRYAGAIN Multiple keys request during rehashing of slot",
            "ERR Error running script: Script killed by user with SCRIPT KILL.",
        ] {
            assert_eq!(
                kind_of(&said(line), Sent::Write),
                StoreErrorKind::Unavailable,
                "{line}"
            );
        }
    }

    #[test]
    fn a_lost_answer_leaves_a_write_unknown() {
        for kind in [
            io::ErrorKind::TimedOut,
            io::ErrorKind::BrokenPipe,
            io::ErrorKind::ConnectionReset,
            io::ErrorKind::UnexpectedEof,
        ] {
            let error = RedisError::from(io::Error::from(kind));
            assert_eq!(
                kind_of(&error, Sent::Write),
                StoreErrorKind::Indeterminate,
                "{kind}"
            );
            assert_eq!(kind_of(&error, Sent::Read), StoreErrorKind::Unavailable);
            assert_eq!(kind_of(&error, Sent::No), StoreErrorKind::Unavailable);
        }
        let refused = RedisError::from(io::Error::from(io::ErrorKind::ConnectionRefused));
        assert_eq!(kind_of(&refused, Sent::Write), StoreErrorKind::Unavailable);
    }

    #[test]
    fn nonsense_is_corrupt() {
        for line in [
            "WRONGTYPE Operation against a key holding the wrong kind of value",
            "ERR user_script:7: attempt to index a nil value",
            "CROSSSLOT Keys in request don't hash to the same slot",
        ] {
            assert_eq!(
                kind_of(&said(line), Sent::Write),
                StoreErrorKind::Corrupt,
                "{line}"
            );
        }
    }

    #[test]
    fn scripts_name_their_refusals() {
        for (line, kind) in [
            ("NOTFOUND no book", StoreErrorKind::NotFound),
            ("FENCED token", StoreErrorKind::Fenced),
            ("CONFLICT seed", StoreErrorKind::Conflict),
            ("AGAIN look again", StoreErrorKind::Unavailable),
        ] {
            assert_eq!(kind_of(&said(line), Sent::Write), kind, "{line}");
        }
    }
}
