use std::collections::HashMap;
use std::io::Read;
use std::str::FromStr;

use csv::StringRecord;
use flashbid_core::money::{Money, Weight};
use rust_decimal::Decimal;

use super::Arguments;
use crate::failure::Failure;

/// The longest sale, a hundred years in milliseconds.
const LONGEST_MS: i64 = 100 * 365 * 24 * 3_600_000;

/// The bids of one sale, in the order of their times; those of one moment in the order of the file.
pub(super) struct Auction {
    pub(super) name: String,
    pub(super) rows: Vec<Row>,
}

/// One bid.
pub(super) struct Row {
    pub(super) bidder: String,
    pub(super) price: Money,
    pub(super) weight: Weight,
    pub(super) at_ms: i64,
}

impl Auction {
    pub(super) fn last_ms(&self) -> i64 {
        self.rows.last().map_or(0, |row| row.at_ms)
    }
}

/// Reads the sales of a file, in the order in which it first names them.
pub(super) fn read(csv: impl Read, arguments: &Arguments) -> Result<Vec<Auction>, Failure> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(csv);
    let header = reader.headers().map_err(|error| unreadable(&error))?;
    let columns = Columns::find(header, arguments)?;
    let mut auctions: Vec<Auction> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(&error))?;
        let name = columns.campaign.map_or("", |column| &record[column]);
        let index = *known.entry(name.to_owned()).or_insert_with(|| {
            auctions.push(Auction {
                name: name.to_owned(),
                rows: Vec::new(),
            });
            auctions.len() - 1
        });
        let auction = &mut auctions[index];
        auction.rows.push(columns.row(&record, auction.rows.len())?);
    }
    for auction in &mut auctions {
        auction.rows.sort_by_key(|row| row.at_ms);
    }
    Ok(auctions)
}

/// Where in a record each value is.
struct Columns {
    bidder: usize,
    price: usize,
    time: Option<(usize, i64)>,
    weight: Option<usize>,
    campaign: Option<usize>,
}

impl Columns {
    fn find(header: &StringRecord, arguments: &Arguments) -> Result<Self, Failure> {
        let time = optional(
            header,
            arguments.time_column.as_ref(),
            &["time_ms", "time_s", "bid_time_days"],
        )?;
        Ok(Self {
            bidder: required(
                header,
                arguments.bidder_column.as_ref(),
                &["bidder", "user_id"],
            )?,
            price: required(header, arguments.price_column.as_ref(), &["price", "bid"])?,
            time: time.map(|column| (column, unit(&header[column]))),
            weight: optional(header, arguments.weight_column.as_ref(), &["weight"])?,
            campaign: optional(
                header,
                arguments.campaign_column.as_ref(),
                &["campaign_id", "campaign", "auction_id"],
            )?,
        })
    }

    /// The bid of a record; without a time column, it comes `before` milliseconds after the start.
    fn row(&self, record: &StringRecord, before: usize) -> Result<Row, Failure> {
        let at_ms = match self.time {
            Some((column, unit)) => millis(record, column, unit)?,
            None => i64::try_from(before).map_err(|_| wrong(record, "too many rows"))?,
        };
        let bidder = &record[self.bidder];
        if bidder.is_empty() {
            return Err(wrong(record, "no bidder"));
        }
        Ok(Row {
            bidder: bidder.to_owned(),
            price: value(record, self.price)?,
            weight: match self.weight {
                Some(column) => value(record, column)?,
                None => "1".parse().expect("1 is a weight"),
            },
            at_ms,
        })
    }
}

fn optional(
    header: &StringRecord,
    given: Option<&String>,
    usual: &[&str],
) -> Result<Option<usize>, Failure> {
    let position = |name: &str| header.iter().position(|column| column == name);
    match given {
        Some(name) => position(name)
            .map(Some)
            .ok_or_else(|| Failure::usage(format!("there is no column {name}"))),
        None => Ok(usual.iter().find_map(|name| position(name))),
    }
}

fn required(
    header: &StringRecord,
    given: Option<&String>,
    usual: &[&str],
) -> Result<usize, Failure> {
    optional(header, given, usual)?
        .ok_or_else(|| Failure::usage(format!("there is no column {}", usual.join(" or "))))
}

/// Milliseconds in one of what a column's name ends in.
fn unit(column: &str) -> i64 {
    if column.ends_with("_days") {
        24 * 3_600_000
    } else if column.ends_with("_s") {
        1_000
    } else {
        1
    }
}

fn millis(record: &StringRecord, column: usize, unit: i64) -> Result<i64, Failure> {
    let text = &record[column];
    let time = Decimal::from_str_exact(text)
        .ok()
        .and_then(|time| time.checked_mul(unit.into()))
        .filter(|time| (Decimal::ZERO..=LONGEST_MS.into()).contains(time))
        .and_then(|time| i64::try_from(time.trunc()).ok());
    time.ok_or_else(|| wrong(record, &format!("{text} is not a time after the start")))
}

fn value<T>(record: &StringRecord, column: usize) -> Result<T, Failure>
where
    T: FromStr<Err: std::fmt::Display>,
{
    let text = &record[column];
    text.parse()
        .map_err(|error| wrong(record, &format!("{text}: {error}")))
}

fn wrong(record: &StringRecord, reason: &str) -> Failure {
    let line = record.position().map_or(0, csv::Position::line);
    Failure::usage(format!("line {line}: {reason}"))
}

fn unreadable(error: &csv::Error) -> Failure {
    let line = error.position().map_or(0, csv::Position::line);
    Failure::usage(format!("line {line}: {error}"))
}
