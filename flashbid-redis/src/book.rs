//! The live books on Redis.
//!
//! A book notes the replication id of the server that it was opened on, which a restart changes and so does a failover.
//! Where that has changed, what there is may be an older copy of the book, and the book is not found: the engine opens
//! it again, in an epoch that nobody can write for who saw the newer copy. Then it goes on if it lacks nothing.

pub(crate) mod opening;
mod record;

use async_trait::async_trait;
use flashbid_core::Rejection;
use flashbid_core::bid::{AcceptedBid, NewBid};
use flashbid_core::campaign::FencingToken;
use flashbid_core::id::{BidderId, CampaignId};
use flashbid_core::money::Money;
use flashbid_core::rank::{Rank, Sequence};
use flashbid_core::score::Score;
use flashbid_core::store::{
    BidBook, BookSeed, BookStats, Epoch, EventBatch, Placed, Placement, Ranking, Seal, Standing,
    StoreResult,
};
use flashbid_core::time::Timestamp;

use crate::RedisHot;
use crate::answer::Answer;
use crate::error::corrupt;
use crate::script::script;
use record::Reader;

pub(crate) use record::batch as events_of;

script!(PLACE = "place");
script!(STANDING = "standing");
script!(TOP = "top");
script!(EVENTS = "events");
script!(SEAL = "seal");
script!(FORGET = "forget");
script!(DISCARD = "discard");

/// Events that one call of a script is asked for: a server answers nobody else meanwhile.
const EVENTS_AT_ONCE: usize = 4_096;

/// Where a campaign's book lies.
#[derive(Debug)]
pub(crate) struct BookKeys {
    pub(crate) campaign: String,
    pub(crate) ranking: String,
    pub(crate) details: String,
    pub(crate) bidders: String,
    pub(crate) events: String,
    pub(crate) tickets: String,
}

impl BookKeys {
    pub(crate) fn of(hot: &RedisHot, campaign: CampaignId) -> Self {
        Self {
            campaign: hot.key("campaign", campaign),
            ranking: hot.key("bid", campaign),
            details: hot.key("bid_details", campaign),
            bidders: hot.key("bidders", campaign),
            events: hot.key("events", campaign),
            tickets: hot.key("bid_tickets", campaign),
        }
    }

    fn all(&self) -> [&str; 5] {
        [
            &self.campaign,
            &self.ranking,
            &self.details,
            &self.bidders,
            &self.events,
        ]
    }

    /// What opening a book leaves as it is as well.
    fn and_tickets(&self) -> [&str; 6] {
        let [campaign, ranking, details, bidders, events] = self.all();
        [campaign, ranking, details, bidders, events, &self.tickets]
    }
}

#[async_trait]
impl BidBook for RedisHot {
    async fn open(&self, seed: &BookSeed) -> StoreResult<Epoch> {
        opening::open(self, seed).await
    }

    async fn place(&self, campaign: CampaignId, batch: &[NewBid]) -> StoreResult<Placed> {
        let keys = BookKeys::of(self, campaign);
        // A key that is not there holds up its slot while that moves to another node of a cluster.
        let mut call = if batch.iter().any(|bid| bid.ticket.is_some()) {
            PLACE.call("place", &keys.and_tickets())
        } else {
            PLACE.call("place", &keys.all())
        };
        for bid in batch {
            call.packed(|to| record::write_terms(bid, to));
            call.packed(|to| record::write_request(bid, to));
        }
        let mut answer = call.run(&self.link).await?;
        let epoch = Epoch::new(answer.parse()?);
        let start = Timestamp::from_millis(answer.parse()?);
        let outcomes = answer.bytes()?;
        let mut outcomes = Reader::new(&outcomes);
        let read = batch.iter().map(|bid| outcome(bid, start, &mut outcomes));
        let read: Option<Vec<_>> = read.collect();
        match read {
            Some(read) if outcomes.is_empty() => Ok(Placed {
                epoch,
                outcomes: read,
            }),
            _ => Err(corrupt("place", "the outcomes do not fit the bids")),
        }
    }

    async fn standing(
        &self,
        campaign: CampaignId,
        bidder: BidderId,
    ) -> StoreResult<Option<Standing>> {
        let keys = BookKeys::of(self, campaign);
        let keys = [&*keys.campaign, &keys.ranking, &keys.details, &keys.bidders];
        let call = STANDING.call("standing", &keys);
        let mut answer = call.arg(bidder.as_bytes()).run(&self.link).await?;
        if answer.len() == 0 {
            return Ok(None);
        }
        let rank = Rank::new(answer.parse()?);
        let rank = rank.ok_or_else(|| corrupt("standing", "a rank is zero"))?;
        let bid = bid(&mut answer)?;
        Ok(Some(Standing { rank, bid }))
    }

    async fn top(&self, campaign: CampaignId, n: usize) -> StoreResult<Ranking> {
        let keys = BookKeys::of(self, campaign);
        let keys = [&*keys.campaign, &keys.ranking, &keys.details];
        let most = n.min(u32::MAX as usize);
        let call = TOP.call("top", &keys).arg(most);
        let mut answer = call.run(&self.link).await?;
        let stats = stats(&mut answer)?;
        let mut top = Vec::with_capacity(answer.len());
        for better in 0..answer.len() {
            let bid = bid(&mut answer)?;
            let rank = Rank::behind(better);
            top.push(Standing { rank, bid });
        }
        Ok(Ranking { top, stats })
    }

    async fn events_after(
        &self,
        campaign: CampaignId,
        after: Sequence,
        limit: usize,
    ) -> StoreResult<EventBatch> {
        let limit = limit.max(1);
        let (mut events, mut complete) = self.stretch(campaign, after, limit).await?;
        while !complete && events.bids.len() < limit {
            let rest = limit - events.bids.len();
            let (more, ends) = self.stretch(campaign, events.through, rest).await?;
            if more.epoch != events.epoch || more.after != events.through {
                // Another life, or forgotten since: what there is, is a whole stretch.
                break;
            }
            complete = ends;
            events.through = more.through;
            events.bids.extend(more.bids);
        }
        Ok(events)
    }

    async fn forget_events(&self, campaign: CampaignId, through: Sequence) -> StoreResult<()> {
        let keys = BookKeys::of(self, campaign);
        let call = FORGET.call("forget_events", &[&keys.campaign, &keys.events]);
        call.arg(through.get()).run(&self.link).await?;
        Ok(())
    }

    async fn seal(&self, campaign: CampaignId, token: FencingToken) -> StoreResult<Seal> {
        let keys = BookKeys::of(self, campaign);
        let call = SEAL.call("seal", &[&keys.campaign]).arg(token.get());
        let last = call.run(&self.link).await?.optional()?;
        Ok(last.map_or(Seal::NotEnded, |last| Seal::Sealed {
            last: Sequence::new(last),
        }))
    }

    async fn discard(&self, campaign: CampaignId) -> StoreResult<()> {
        let keys = BookKeys::of(self, campaign);
        let call = DISCARD.call("discard", &keys.and_tickets());
        call.run(&self.link).await?;
        Ok(())
    }
}

impl RedisHot {
    /// Some events of one moment, and whether nothing follows them. Fewer than `limit` although more follow, when they
    /// are many.
    async fn stretch(
        &self,
        campaign: CampaignId,
        after: Sequence,
        limit: usize,
    ) -> StoreResult<(EventBatch, bool)> {
        let keys = BookKeys::of(self, campaign);
        let call = EVENTS.call("events_after", &[&keys.campaign, &keys.events]);
        // One more than may be answered tells whether there are more. The first batch may begin before `after`.
        let enough = limit.min(EVENTS_AT_ONCE) + 1;
        let mut answer = call.arg(after.get()).arg(enough).run(&self.link).await?;
        let epoch = Epoch::new(answer.parse()?);
        let last = Sequence::new(answer.parse()?);
        let floor = Sequence::new(answer.parse()?);
        let mut complete = answer.flag()?;
        let mut bids = Vec::new();
        while answer.len() > 0 {
            let batch = events_of(&answer.bytes()?);
            bids.extend(batch.ok_or_else(|| answer.corrupt("an event cannot be read"))?);
        }
        let after = after.max(floor);
        bids.retain(|bid: &AcceptedBid| bid.sequence > after);
        if bids.len() > limit {
            bids.truncate(limit);
            complete = false;
        }
        let through = match bids.last() {
            Some(last) if !complete => last.sequence,
            _ => last.max(after),
        };
        let events = EventBatch {
            epoch,
            after,
            through,
            bids,
        };
        Ok((events, complete))
    }
}

/// What became of one bid of a batch.
fn outcome(
    asked: &NewBid,
    start: Timestamp,
    outcomes: &mut Reader<'_>,
) -> Option<Result<Placement, Rejection>> {
    Some(match outcomes.byte()? {
        b'A' => Ok(Placement::Accepted(outcomes.became()?.of(asked))),
        b'R' => {
            let known = outcomes.bid()?;
            if known.answers(asked) {
                Ok(Placement::Replayed(known))
            } else {
                Err(Rejection::KeyReused)
            }
        }
        b'N' => Err(Rejection::NotStarted { start }),
        b'E' => Err(Rejection::Ended),
        b'T' => Err(Rejection::TicketSpent),
        _ => return None,
    })
}

fn bid(answer: &mut Answer) -> StoreResult<AcceptedBid> {
    let record = answer.bytes()?;
    let mut reader = Reader::new(&record);
    let bid = reader.bid().filter(|_| reader.is_empty());
    bid.ok_or_else(|| answer.corrupt("a bid cannot be read"))
}

fn stats(answer: &mut Answer) -> StoreResult<BookStats> {
    let epoch = Epoch::new(answer.parse()?);
    let participants = answer.parse()?;
    let bids = answer.parse()?;
    let last_sequence = Sequence::new(answer.parse()?);
    let max_price = Money::from_ten_thousandths(answer.parse()?);
    let max_price = max_price.map_err(|_| answer.corrupt("a price is out of range"))?;
    let mut score = || -> StoreResult<Option<Score>> {
        let Some(units) = answer.optional()? else {
            return Ok(None);
        };
        let score = Score::from_ten_thousandths(units);
        score
            .map(Some)
            .ok_or_else(|| answer.corrupt("a score is out of range"))
    };
    let (max_score, min_winning_score) = (score()?, score()?);
    Ok(BookStats {
        epoch,
        participants,
        bids,
        last_sequence,
        max_price: (bids > 0).then_some(max_price),
        max_score,
        min_winning_score,
        sealed: answer.flag()?,
    })
}
