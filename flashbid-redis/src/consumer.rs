//! A campaign's events for programs beside the engine, shared by the consumers of a group.

use std::time::Duration;

use flashbid_core::StoreError;
use flashbid_core::bid::AcceptedBid;
use flashbid_core::id::CampaignId;
use flashbid_core::rank::Sequence;
use flashbid_core::store::StoreResult;
use redis::streams::{StreamAutoClaimReply, StreamId, StreamReadReply};
use redis::{Cmd, FromRedisValue, Value, cmd, from_redis_value};
use tokio::time::Instant;

use crate::RedisHot;
use crate::book::{BookKeys, events_of};
use crate::connection::Link;
use crate::error::{Sent, corrupt, failed};

/// The longest one read waits at the server; a longer wait is several reads.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// One of the consumers who share a campaign's events.
///
/// The consumers of a group get each event **at least once** between them: an event is delivered to one of them, and
/// again, to any of them, until it is acknowledged. It comes again when its consumer has not acknowledged it for a
/// while, and all of them come again when the campaign's book was lost and opened from the ledger. Consumers tell what
/// they have seen by the bids' sequences or ids.
///
/// A group begins with the events that the book has when the group is first asked for. Nothing that it has not
/// acknowledged is forgotten; so a group that nobody needs any more must be [disbanded](RedisHot::disband).
///
/// Waiting holds up nobody else: each consumer has a connection of its own.
#[derive(Debug)]
pub struct EventConsumer {
    link: Link,
    events: String,
    group: String,
    name: String,
    claim_after: Duration,
    response_timeout: Duration,
    next_claim: Instant,
}

/// Events that were accepted in one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The sequence of the last of them, by which they are acknowledged.
    pub last: Sequence,
    /// The accepted bids, by ascending sequence; at least one.
    pub bids: Vec<AcceptedBid>,
}

impl RedisHot {
    /// Joins a group as the consumer `name`, over a new connection. What another consumer of the group got and did not
    /// acknowledge for `claim_after` is taken over: it must be longer than a consumer needs for what it takes at once.
    ///
    /// # Errors
    /// [`Unavailable`](flashbid_core::StoreErrorKind::Unavailable).
    pub async fn consumer(
        &self,
        campaign: CampaignId,
        group: impl Into<String>,
        name: impl Into<String>,
        claim_after: Duration,
    ) -> StoreResult<EventConsumer> {
        let mut config = (*self.config).clone();
        config.connections = 1;
        config.response_timeout += LONGEST_WAIT;
        let link = Link::open(&config)
            .await
            .map_err(|error| failed("consumer", error, Sent::No))?;
        Ok(EventConsumer {
            link,
            events: BookKeys::of(self, campaign).events,
            group: group.into(),
            name: name.into(),
            claim_after,
            response_timeout: self.config.response_timeout,
            next_claim: Instant::now(),
        })
    }

    /// Ends a group: what it has not acknowledged no longer keeps events from being forgotten.
    ///
    /// # Errors
    /// [`Unavailable`](flashbid_core::StoreErrorKind::Unavailable) or
    /// [`Indeterminate`](flashbid_core::StoreErrorKind::Indeterminate).
    pub async fn disband(&self, campaign: CampaignId, group: &str) -> StoreResult<()> {
        let events = BookKeys::of(self, campaign).events;
        let mut command = cmd("XGROUP");
        command.arg("DESTROY").arg(events).arg(group);
        match send(&self.link, &command, None, "disband").await {
            Ok(_) => Ok(()),
            // There are no events, and so no group of them.
            Err((_, Some(code))) if code == "ERR" => Ok(()),
            Err((error, _)) => Err(error),
        }
    }
}

impl EventConsumer {
    /// The next deliveries, at most `limit` (at least one): what others left behind, or what is new. Waits for `wait`
    /// when there is nothing, and then answers nothing.
    ///
    /// # Errors
    /// [`Unavailable`](flashbid_core::StoreErrorKind::Unavailable): nothing is lost, and what was delivered without
    /// arriving comes again after a while.
    pub async fn next(&mut self, limit: usize, wait: Duration) -> StoreResult<Vec<Delivery>> {
        let limit = limit.max(1);
        let deadline = Instant::now() + wait;
        loop {
            if Instant::now() >= self.next_claim {
                let left_behind = self.claim(limit).await?;
                if !left_behind.is_empty() {
                    return Ok(left_behind);
                }
                self.next_claim = Instant::now() + self.claim_after / 2;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let until_claim = self.next_claim.saturating_duration_since(Instant::now());
            let patience = left.min(until_claim).min(LONGEST_WAIT);
            let news = self.read(limit, patience).await?;
            if !news.is_empty() || Instant::now() >= deadline {
                return Ok(news);
            }
        }
    }

    /// Acknowledges deliveries, which do not come again. Idempotent.
    ///
    /// # Errors
    /// [`Unavailable`](flashbid_core::StoreErrorKind::Unavailable) or
    /// [`Indeterminate`](flashbid_core::StoreErrorKind::Indeterminate).
    pub async fn acknowledge(&mut self, deliveries: &[Delivery]) -> StoreResult<()> {
        if deliveries.is_empty() {
            return Ok(());
        }
        let mut command = cmd("XACK");
        command.arg(&self.events).arg(&self.group);
        for delivery in deliveries {
            command.arg(format!("{}-0", delivery.last));
        }
        let answer = send(
            &self.link,
            &command,
            Some(self.response_timeout),
            "acknowledge",
        )
        .await;
        answer.map(drop).map_err(|(error, _)| error)
    }

    async fn claim(&self, limit: usize) -> StoreResult<Vec<Delivery>> {
        let mut command = cmd("XAUTOCLAIM");
        command
            .arg(&self.events)
            .arg(&self.group)
            .arg(&self.name)
            .arg(millis(self.claim_after))
            .arg("0-0")
            .arg("COUNT")
            .arg(limit);
        let Some(answer) = self.asked(&command, Duration::ZERO).await? else {
            return Ok(Vec::new());
        };
        deliveries(read_as::<StreamAutoClaimReply>(answer)?.claimed)
    }

    async fn read(&self, limit: usize, wait: Duration) -> StoreResult<Vec<Delivery>> {
        let mut command = cmd("XREADGROUP");
        command
            .arg("GROUP")
            .arg(&self.group)
            .arg(&self.name)
            .arg("COUNT")
            .arg(limit);
        if !wait.is_zero() {
            command.arg("BLOCK").arg(millis(wait).max(1));
        }
        command.arg("STREAMS").arg(&self.events).arg(">");
        let Some(answer) = self.asked(&command, wait).await? else {
            return Ok(Vec::new());
        };
        let streams = read_as::<Option<StreamReadReply>>(answer)?;
        let entries = streams.into_iter().flat_map(|reply| reply.keys);
        deliveries(entries.flat_map(|stream| stream.ids))
    }

    /// What the server says, after making the group when there is none; nothing when the events went away meanwhile.
    async fn asked(&self, command: &Cmd, wait: Duration) -> StoreResult<Option<Value>> {
        let patience = Some(self.response_timeout + wait);
        match send(&self.link, command, patience, "next").await {
            Err((_, Some(code))) if code == "NOGROUP" => {}
            Err((_, Some(code))) if code == "UNBLOCKED" => return Ok(None),
            answer => return answer.map(Some).map_err(|(error, _)| error),
        }
        let mut make = cmd("XGROUP");
        make.arg("CREATE").arg(&self.events).arg(&self.group);
        make.arg("0").arg("MKSTREAM");
        match send(&self.link, &make, patience, "next").await {
            Ok(_) => {}
            Err((_, Some(code))) if code == "BUSYGROUP" => {}
            Err((error, _)) => return Err(error),
        }
        let answer = send(&self.link, command, patience, "next").await;
        answer.map(Some).map_err(|(error, _)| error)
    }
}

/// Sends a command that may be sent again; an error comes with the server's code for it.
async fn send(
    link: &Link,
    command: &Cmd,
    patience: Option<Duration>,
    operation: &'static str,
) -> Result<Value, (StoreError, Option<String>)> {
    let sent = match operation {
        "next" => Sent::Read,
        _ => Sent::Write,
    };
    let answer = link.send_within(command, patience).await;
    let (error, sent) = match answer {
        Ok(value) => match value.extract_error() {
            Ok(value) => return Ok(value),
            Err(error) => (error, sent),
        },
        Err(refused) if refused.sent => (refused.error, sent),
        Err(refused) => (refused.error, Sent::No),
    };
    let code = error.code().map(str::to_owned);
    Err((failed(operation, error, sent), code))
}

fn read_as<T: FromRedisValue>(answer: Value) -> StoreResult<T> {
    from_redis_value(answer).map_err(|_| corrupt("next", "the events have another form"))
}

fn deliveries(entries: impl IntoIterator<Item = StreamId>) -> StoreResult<Vec<Delivery>> {
    let delivery = |entry: StreamId| {
        let Some(Value::BulkString(batch)) = entry.map.get("b") else {
            return None;
        };
        let bids = events_of(batch)?;
        let last = bids.last()?.sequence;
        Some(Delivery { last, bids })
    };
    let deliveries: Option<Vec<_>> = entries.into_iter().map(delivery).collect();
    deliveries.ok_or_else(|| corrupt("next", "an event cannot be read"))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
