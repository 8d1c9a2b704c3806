use std::str::FromStr;

use flashbid_core::StoreError;
use flashbid_core::store::StoreResult;
use redis::Value;

use crate::error::corrupt;

/// What a script answered: strings and lists of them, read one after the other. Anything else is corrupt.
#[derive(Debug)]
pub(crate) struct Answer {
    operation: &'static str,
    /// Last first.
    rest: Vec<Value>,
}

impl Answer {
    /// Takes a list as its items, and anything else as the one item.
    pub(crate) fn new(operation: &'static str, value: Value) -> Self {
        let mut rest = match value {
            Value::Array(items) => items,
            single => vec![single],
        };
        rest.reverse();
        Self { operation, rest }
    }

    /// How many items are left.
    pub(crate) fn len(&self) -> usize {
        self.rest.len()
    }

    /// The next item as a list, to be read in the same way.
    pub(crate) fn list(&mut self) -> StoreResult<Self> {
        match self.rest.pop() {
            Some(Value::Array(items)) => Ok(Self::new(self.operation, Value::Array(items))),
            _ => Err(self.corrupt("an item of the answer is no list")),
        }
    }

    /// The next item as bytes.
    pub(crate) fn bytes(&mut self) -> StoreResult<Vec<u8>> {
        match self.rest.pop() {
            Some(Value::BulkString(bytes)) => Ok(bytes),
            Some(Value::SimpleString(text)) => Ok(text.into_bytes()),
            _ => Err(self.corrupt("an item of the answer is no string")),
        }
    }

    /// The next item as a number, or whatever else reads from text.
    pub(crate) fn parse<T: FromStr>(&mut self) -> StoreResult<T> {
        if let Some(Value::Int(number)) = self.rest.last() {
            let parsed = number.to_string().parse();
            self.rest.pop();
            return parsed.map_err(|_| self.corrupt("an item of the answer is no such number"));
        }
        let bytes = self.bytes()?;
        std::str::from_utf8(&bytes)
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| self.corrupt("an item of the answer is no such number"))
    }

    /// The next item, `None` when it is empty.
    pub(crate) fn optional<T: FromStr>(&mut self) -> StoreResult<Option<T>> {
        if matches!(self.rest.last(), Some(Value::BulkString(bytes)) if bytes.is_empty()) {
            self.rest.pop();
            return Ok(None);
        }
        self.parse().map(Some)
    }

    /// The next item as a flag, `1` or `0`.
    pub(crate) fn flag(&mut self) -> StoreResult<bool> {
        match self.parse::<u8>()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.corrupt("a flag is neither set nor unset")),
        }
    }

    /// That this answer makes no sense.
    pub(crate) fn corrupt(&self, what: &'static str) -> StoreError {
        corrupt(self.operation, what)
    }
}
