use flashbid_core::bid::AcceptedBid;
use flashbid_core::id::CampaignId;
use flashbid_core::money::Money;
use flashbid_core::order::{Order as CoreOrder, Origin};
use flashbid_core::rank::Sequence;
use flashbid_core::stock::Level;
use flashbid_core::store::{Ranking as CoreRanking, Standing};
use flashbid_core::time::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::{Exact, Order, RankingEntry, Time, UnitsLeft};

/// What the feed tells a client.
#[derive(Debug, Serialize)]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
pub enum Event {
    /// The top of the ranking.
    RankingUpdate(RankingUpdate),
    /// A bid of the client itself was accepted.
    BidAccepted(BidAccepted),
    /// What is left of a first-come campaign.
    StockUpdate(StockUpdate),
    /// An order of the client itself was made or has changed.
    OrderUpdate(OrderUpdate),
    /// The winners have their orders, or a first-come campaign is over.
    CampaignEnded(CampaignEnded),
}

impl Event {
    /// The text of a message: the event, and the position in the campaign's log that it reflects.
    pub fn into_text(self, sequence: Sequence) -> String {
        let message = Message {
            event: self,
            sequence: sequence.get(),
        };
        serde_json::to_string(&message).expect("an event has only texts, numbers and lists of them")
    }
}

#[derive(Serialize)]
struct Message {
    #[serde(flatten)]
    event: Event,
    sequence: u64,
}

/// The top of a campaign's ranking.
#[derive(Debug, Serialize)]
pub struct RankingUpdate {
    campaign_id: Uuid,
    top_k: Vec<RankingEntry>,
    total_participants: u32,
    min_winning_score: Option<Exact>,
    max_score: Option<Exact>,
    timestamp: Time,
}

impl RankingUpdate {
    /// `ranking` of `campaign`, read at `now`.
    pub fn new(campaign: CampaignId, ranking: &CoreRanking, now: Timestamp) -> Self {
        let stats = &ranking.stats;
        Self {
            campaign_id: campaign.uuid(),
            top_k: ranking.top.iter().map(RankingEntry::from).collect(),
            total_participants: stats.participants,
            min_winning_score: stats.min_winning_score.map(Exact::from),
            max_score: stats.max_score.map(Exact::from),
            timestamp: Time(now),
        }
    }
}

/// An accepted bid, told to its bidder.
#[derive(Debug, Serialize)]
pub struct BidAccepted {
    bid_id: Uuid,
    campaign_id: Uuid,
    price: Exact,
    score: Exact,
    /// The bidder's rank right after this bid.
    rank: u32,
    time_elapsed_ms: u64,
    timestamp: Time,
}

impl BidAccepted {
    /// `bid`, which was placed in `campaign`.
    pub fn new(bid: &AcceptedBid, campaign: CampaignId) -> Self {
        Self {
            bid_id: bid.id.uuid(),
            campaign_id: campaign.uuid(),
            price: bid.price.into(),
            score: bid.score.into(),
            rank: bid.rank.get(),
            time_elapsed_ms: bid.elapsed_ms,
            timestamp: Time(bid.at),
        }
    }
}

/// Where the units of a first-come campaign are.
#[derive(Debug, Serialize)]
pub struct StockUpdate {
    campaign_id: Uuid,
    #[serde(flatten)]
    units: UnitsLeft,
    timestamp: Time,
}

impl StockUpdate {
    /// The `level` of `campaign`, read at `now`.
    pub fn new(campaign: CampaignId, level: Level, now: Timestamp) -> Self {
        Self {
            campaign_id: campaign.uuid(),
            units: level.into(),
            timestamp: Time(now),
        }
    }
}

/// An order as it is now, told to its buyer.
#[derive(Debug, Serialize)]
pub struct OrderUpdate {
    /// The purchase that it was made of; what was won has none.
    hold_id: Option<Uuid>,
    #[serde(flatten)]
    order: Order,
}

impl From<&CoreOrder> for OrderUpdate {
    fn from(order: &CoreOrder) -> Self {
        let is_bought = matches!(order.origin, Origin::Bought { .. });
        Self {
            hold_id: is_bought.then(|| order.id.uuid()),
            order: order.into(),
        }
    }
}

/// How a campaign ended for one client.
#[derive(Debug, Serialize)]
pub struct CampaignEnded {
    campaign_id: Uuid,
    is_winner: bool,
    /// Null, like the score, when the client did not bid, or bought.
    final_rank: Option<u32>,
    final_score: Option<Exact>,
    /// Null when the client neither bid nor bought; of all that it bought.
    final_price: Option<Exact>,
}

impl CampaignEnded {
    /// The end of `campaign` for the client whose last standing is `standing`.
    pub fn new(campaign: CampaignId, standing: Option<&Standing>, is_winner: bool) -> Self {
        Self {
            campaign_id: campaign.uuid(),
            is_winner,
            final_rank: standing.map(|standing| standing.rank.get()),
            final_score: standing.map(|standing| standing.bid.score.into()),
            final_price: standing.map(|standing| standing.bid.price.into()),
        }
    }

    /// The end of a first-come `campaign` for a client that has units at `price` together, or none.
    pub fn bought(campaign: CampaignId, price: Option<Money>) -> Self {
        Self {
            campaign_id: campaign.uuid(),
            is_winner: price.is_some(),
            final_rank: None,
            final_score: None,
            final_price: price.map(Exact::from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flashbid_core::id::{BidId, BidderId};
    use flashbid_core::money::Weight;
    use flashbid_core::rank::Rank;

    #[test]
    fn a_message_is_an_event_its_data_and_its_position_with_exact_decimals() {
        let bid = AcceptedBid {
            id: BidId::new(Uuid::from_u128(1)),
            bidder: BidderId::new(Uuid::from_u128(2)),
            name: None,
            price: "9999999999.9999".parse().unwrap(),
            weight: Weight::ZERO,
            score: flashbid_core::score::Score::from_ten_thousandths(12_345).unwrap(),
            rank: Rank::FIRST,
            sequence: Sequence::new(7),
            at: Timestamp::from_millis(1_500),
            elapsed_ms: 500,
            bid_number: 1,
        };
        let campaign = CampaignId::new(Uuid::from_u128(3));
        let event = Event::BidAccepted(BidAccepted::new(&bid, campaign));
        assert_eq!(
            event.into_text(bid.sequence),
            "{\"event\":\"bid_accepted\",\"data\":{\
             \"bid_id\":\"00000000-0000-0000-0000-000000000001\",\
             \"campaign_id\":\"00000000-0000-0000-0000-000000000003\",\
             \"price\":9999999999.9999,\"score\":1.2345,\"rank\":1,\"time_elapsed_ms\":500,\
             \"timestamp\":\"1970-01-01T00:00:01.500Z\"},\"sequence\":7}"
        );
    }

    #[test]
    fn the_end_of_who_did_not_bid_has_no_figures() {
        let campaign = CampaignId::new(Uuid::from_u128(3));
        let event = Event::CampaignEnded(CampaignEnded::new(campaign, None, false));
        let text = event.into_text(Sequence::new(1));
        assert!(
            text.contains("\"final_rank\":null,\"final_score\":null,\"final_price\":null"),
            "{text}"
        );
    }
}
