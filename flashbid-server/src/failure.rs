//! Why a command ended: one line for a person, and an exit code.

use std::fmt;

/// A command that did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    message: String,
    code: u8,
}

impl Failure {
    /// Something the command was given is wrong or cannot be used: exit code 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::with_code(&message.into(), 2)
    }

    /// The command ran, and its answer is no: exit code 1.
    pub fn negative(message: impl Into<String>) -> Self {
        Self::with_code(&message.into(), 1)
    }

    /// The code that the process exits with.
    pub const fn code(&self) -> u8 {
        self.code
    }

    fn with_code(message: &str, code: u8) -> Self {
        // A cause from elsewhere may span lines; an operator's log wants one.
        let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        Self { message, code }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
