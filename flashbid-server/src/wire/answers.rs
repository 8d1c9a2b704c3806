#![expect(
    clippy::struct_field_names,
    reason = "the names are those of the wire, which is fixed"
)]

use std::time::Duration;

use flashbid_core::bid::AcceptedBid;
use flashbid_core::campaign::{Campaign as CoreCampaign, Format, Phase};
use flashbid_core::id::{BidderId, CampaignId, ProductId};
use flashbid_core::money::Coefficient;
use flashbid_core::product::Product as CoreProduct;
use flashbid_core::score::Weights;
use flashbid_core::stock::{Level, Units};
use flashbid_core::store::{BookStats, Ranking as CoreRanking, Standing};
use flashbid_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Exact, Time, Whole};
use crate::accounts::Account;

/// An account, as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct User {
    user_id: Uuid,
    email: String,
    username: String,
    /// The member weight, drawn from 0.50 to 5.00 at registration.
    weight: Exact,
    is_admin: bool,
    #[schema(inline)]
    created_at: Time,
}

impl From<&Account> for User {
    fn from(account: &Account) -> Self {
        Self {
            user_id: account.id.uuid(),
            email: account.email.to_string(),
            username: account.username.to_string(),
            weight: Exact::from(account.weight),
            is_admin: account.is_admin,
            created_at: Time(account.created_at),
        }
    }
}

/// A token and how long it is good for.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpenedSession {
    /// Goes into the `Authorization` header, behind `Bearer`.
    pub access_token: String,
    /// Always `bearer`.
    #[schema(example = "bearer")]
    pub token_type: &'static str,
    /// In seconds.
    pub expires_in: u64,
}

/// Whether a product can be sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProductStatus {
    /// Units are available.
    Available,
    /// Every unit is promised or sold.
    SoldOut,
}

/// A product.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Product {
    product_id: Uuid,
    name: String,
    description: Option<String>,
    image_url: Option<String>,
    /// Every unit that was loaded: available, promised or held, and sold.
    stock: u64,
    /// Units that no campaign and no order has.
    available: u32,
    #[schema(inline)]
    min_price: Exact,
    #[schema(inline)]
    status: ProductStatus,
    #[schema(inline)]
    created_at: Time,
}

impl From<&CoreProduct> for Product {
    fn from(product: &CoreProduct) -> Self {
        let available = product.stock.available.get();
        Self {
            product_id: product.id.uuid(),
            name: product.name.clone(),
            description: product.description.clone(),
            image_url: product.image_url.clone(),
            stock: product.stock.loaded(),
            available,
            min_price: Exact::from(product.min_price),
            status: if available == 0 {
                ProductStatus::SoldOut
            } else {
                ProductStatus::Available
            },
            created_at: Time(product.created_at),
        }
    }
}

/// A part of the products.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProductList {
    pub(crate) products: Vec<Product>,
    /// How many there are in all.
    pub(crate) total: u64,
}

/// How far a campaign has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CampaignStatus {
    /// Bids are not taken yet.
    Pending,
    /// Bids are taken.
    Active,
    /// Bids are not taken any more.
    Ended,
}

impl CampaignStatus {
    /// The status of `campaign` at `now`.
    pub fn of(campaign: &CoreCampaign, now: Timestamp) -> Self {
        let window = campaign.terms.window;
        if campaign.phase.is_closed() || now >= window.end() {
            Self::Ended
        } else if now < window.start() {
            Self::Pending
        } else {
            Self::Active
        }
    }
}

/// A campaign with its product.
#[derive(Debug, Serialize, ToSchema)]
pub struct Campaign {
    campaign_id: Uuid,
    product_id: Uuid,
    product: Option<Product>,
    #[schema(inline)]
    start_time: Time,
    #[schema(inline)]
    end_time: Time,
    #[schema(inline)]
    alpha: Exact,
    #[schema(inline)]
    beta: Exact,
    #[schema(inline)]
    gamma: Exact,
    quota: u32,
    #[schema(inline)]
    status: CampaignStatus,
    /// Whether it is over for good: the winners have their orders, and what was not sold went back.
    settled: bool,
    /// How units find their buyers.
    format: CampaignFormat,
    /// What a unit costs; null in a ranked campaign.
    price: Option<Exact>,
    /// The most units that one buyer may have; null for no limit, and in a ranked campaign.
    per_buyer_limit: Option<u32>,
    /// How long a winner or buyer has to pay, in seconds.
    payment_deadline: u32,
    /// To whom a ranked campaign offers a unit that was not paid; null for nobody.
    runners_up: Option<RunnersUp>,
    /// Whether a bid or purchase needs a request token.
    require_token: bool,
    /// Whether a request token is given for a solved captcha only.
    require_captcha: bool,
    #[schema(inline)]
    created_at: Time,
}

fn seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX)
}

/// How units find their buyers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CampaignFormat {
    /// Bids are ranked; when the campaign ends, the best get the units.
    #[default]
    Ranked,
    /// Units are sold at once, to whoever comes first.
    FirstCome,
}

/// To whom a unit is offered that was not paid.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub struct RunnersUp {
    /// How many places below the last winning one an offer may go.
    #[schema(value_type = u32, minimum = 1, maximum = 10_000)]
    pub places: Whole,
    /// How long somebody has to pay who was offered a unit, in seconds.
    #[schema(value_type = u32, minimum = 1, maximum = 31_536_000)]
    pub payment_deadline: Whole,
}

impl Campaign {
    /// `campaign` and what it sells, as they are at `now`.
    pub fn new(campaign: &CoreCampaign, product: Option<Product>, now: Timestamp) -> Self {
        let terms = &campaign.terms;
        let (weights, price, per_buyer) = match terms.format {
            Format::Ranked { weights, .. } => (Some(weights), None, None),
            Format::FirstCome { price, per_buyer } => (None, Some(price), per_buyer),
            _ => (None, None, None),
        };
        let factor = |of: fn(&Weights) -> Coefficient| {
            Exact::from(weights.as_ref().map_or(Coefficient::ZERO, of))
        };
        Self {
            campaign_id: campaign.id.uuid(),
            product_id: campaign.product.uuid(),
            product,
            start_time: Time(terms.window.start()),
            end_time: Time(terms.window.end()),
            alpha: factor(Weights::alpha),
            beta: factor(Weights::beta),
            gamma: factor(Weights::gamma),
            quota: terms.quota.get(),
            status: CampaignStatus::of(campaign, now),
            settled: campaign.phase == Phase::Settled,
            format: if terms.format.is_first_come() {
                CampaignFormat::FirstCome
            } else {
                CampaignFormat::Ranked
            },
            price: price.map(Exact::from),
            per_buyer_limit: per_buyer.map(Units::get),
            payment_deadline: seconds(terms.payment_deadline),
            runners_up: terms.runners_up.map(|terms| RunnersUp {
                places: Whole(terms.places),
                payment_deadline: Whole(seconds(terms.payment_deadline)),
            }),
            require_token: campaign.guards.need_ticket(),
            require_captcha: campaign.guards.captcha,
            created_at: Time(campaign.created_at),
        }
    }
}

/// A part of the campaigns.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignList {
    pub(crate) campaigns: Vec<Campaign>,
    /// How many there are in all.
    pub(crate) total: u64,
}

/// The figures of a campaign.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignStats {
    total_participants: u32,
    max_price: Option<Exact>,
    /// The score of the last bidder who would win now; null while fewer bid than there are units.
    min_winning_score: Option<Exact>,
    /// Where the units of a first-come campaign are; null in a ranked one.
    units: Option<UnitsLeft>,
}

/// Where the units of a campaign are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct UnitsLeft {
    /// To be bought now.
    available: u32,
    /// Bought, and not paid yet.
    held: u32,
    /// Paid.
    sold: u32,
}

impl From<Level> for UnitsLeft {
    fn from(level: Level) -> Self {
        Self {
            available: level.available.get(),
            held: level.held.get(),
            sold: level.sold.get(),
        }
    }
}

impl From<&BookStats> for CampaignStats {
    fn from(stats: &BookStats) -> Self {
        Self {
            total_participants: stats.participants,
            max_price: stats.max_price.map(Exact::from),
            min_winning_score: stats.min_winning_score.map(Exact::from),
            units: None,
        }
    }
}

impl From<Level> for CampaignStats {
    fn from(level: Level) -> Self {
        Self {
            total_participants: 0,
            max_price: None,
            min_winning_score: None,
            units: Some(level.into()),
        }
    }
}

/// A campaign with its product and its figures.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignDetails {
    #[serde(flatten)]
    pub(crate) campaign: Campaign,
    /// Null while the store that has them is away.
    pub(crate) stats: Option<CampaignStats>,
}

/// An accepted bid.
#[derive(Debug, Serialize, ToSchema)]
pub struct Bid {
    bid_id: Uuid,
    campaign_id: Uuid,
    user_id: Uuid,
    product_id: Uuid,
    #[schema(inline)]
    price: Exact,
    #[schema(inline)]
    score: Exact,
    /// The bidder's rank right after this bid.
    rank: u32,
    /// Milliseconds from the campaign's start to the bid.
    time_elapsed_ms: u64,
    /// How many bids of this bidder the campaign had taken, this one included.
    bid_number: u32,
    /// The bid's position among all bids of the campaign.
    sequence: u64,
    #[schema(inline)]
    created_at: Time,
}

impl Bid {
    /// `bid`, which was placed in `campaign` for `product`.
    pub fn new(bid: &AcceptedBid, campaign: CampaignId, product: ProductId) -> Self {
        Self {
            bid_id: bid.id.uuid(),
            campaign_id: campaign.uuid(),
            user_id: bid.bidder.uuid(),
            product_id: product.uuid(),
            price: Exact::from(bid.price),
            score: Exact::from(bid.score),
            rank: bid.rank.get(),
            time_elapsed_ms: bid.elapsed_ms,
            bid_number: bid.bid_number,
            sequence: bid.sequence.get(),
            created_at: Time(bid.at),
        }
    }
}

/// A part of a bidder's bids in a campaign, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct BidHistory {
    pub(crate) bids: Vec<Bid>,
    /// How many there are in all.
    pub(crate) total: u64,
}

/// One line of a ranking.
#[derive(Debug, Serialize, ToSchema)]
pub struct RankingEntry {
    rank: u32,
    user_id: Uuid,
    username: Option<String>,
    #[schema(inline)]
    score: Exact,
    #[schema(inline)]
    price: Exact,
}

impl From<&Standing> for RankingEntry {
    fn from(standing: &Standing) -> Self {
        Self {
            rank: standing.rank.get(),
            user_id: standing.bid.bidder.uuid(),
            username: standing.bid.name.as_deref().map(str::to_owned),
            score: Exact::from(standing.bid.score),
            price: Exact::from(standing.bid.price),
        }
    }
}

/// The top of a campaign's ranking.
#[derive(Debug, Serialize, ToSchema)]
pub struct Ranking {
    campaign_id: Uuid,
    total_participants: u32,
    rankings: Vec<RankingEntry>,
    /// The score of the last bidder who would win now; null while fewer bid than there are units.
    min_winning_score: Option<Exact>,
    max_score: Option<Exact>,
    /// The position of the last bid that is counted in.
    sequence: u64,
    #[schema(inline)]
    updated_at: Time,
}

impl Ranking {
    /// `ranking` of `campaign`, read at `now`.
    pub fn new(campaign: CampaignId, ranking: &CoreRanking, now: Timestamp) -> Self {
        let stats = &ranking.stats;
        Self {
            campaign_id: campaign.uuid(),
            total_participants: stats.participants,
            rankings: ranking.top.iter().map(RankingEntry::from).collect(),
            min_winning_score: stats.min_winning_score.map(Exact::from),
            max_score: stats.max_score.map(Exact::from),
            sequence: stats.last_sequence.get(),
            updated_at: Time(now),
        }
    }
}

/// A user's own place in a ranking.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnRanking {
    campaign_id: Uuid,
    user_id: Uuid,
    /// Null without a bid.
    rank: Option<u32>,
    /// Null without a bid.
    score: Option<Exact>,
    /// Whether the user would get a unit if the campaign ended now.
    is_winning: bool,
    total_participants: u32,
}

impl OwnRanking {
    /// The place of `user`, whose standing is `standing`, among `participants` for `quota` units.
    pub fn new(
        campaign: &CoreCampaign,
        user: BidderId,
        standing: Option<&Standing>,
        participants: u32,
    ) -> Self {
        let rank = standing.map(|standing| standing.rank.get());
        Self {
            campaign_id: campaign.id.uuid(),
            user_id: user.uuid(),
            rank,
            score: standing.map(|standing| Exact::from(standing.bid.score)),
            is_winning: rank.is_some_and(|rank| rank <= campaign.terms.quota.get()),
            total_participants: participants,
        }
    }
}
