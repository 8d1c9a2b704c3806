//! What the ledger says, and whether the bidders' memory and the server's answers agree with it.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;

use flashbid_core::bid::AcceptedBid;
use flashbid_core::campaign::{Campaign, Phase};
use flashbid_core::engine::audit::standings;
use flashbid_core::id::{BidId, BidderId, CampaignId};
use flashbid_core::order::Order;
use flashbid_core::rank::{Rank, Sequence};
use flashbid_core::store::{Ledger, Page};
use serde_json::Value;

use super::bidders::{Acknowledged, Bidders};
use super::people::client;

const PAGE: u32 = 10_000;

/// A campaign as its ledger has it.
pub(crate) struct Evidence {
    campaign: Campaign,
    bids: Vec<AcceptedBid>,
    orders: Vec<Order>,
}

impl Evidence {
    pub(crate) async fn gather(ledger: &dyn Ledger, campaign: CampaignId) -> Self {
        let mut bids: Vec<AcceptedBid> = Vec::new();
        loop {
            let after = bids.last().map_or(Sequence::ZERO, |bid| bid.sequence);
            let page = ledger.bids(campaign, after, PAGE).await.unwrap();
            if page.is_empty() {
                break;
            }
            bids.extend(page);
        }
        let everything = Page {
            skip: 0,
            limit: PAGE,
        };
        Self {
            orders: ledger.orders_in(campaign, everything).await.unwrap().items,
            campaign: ledger.campaign(campaign).await.unwrap().unwrap(),
            bids,
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        self.campaign.phase
    }

    pub(crate) fn orders(&self) -> &[Order] {
        &self.orders
    }

    /// Checks all that was told against the ledger, the history and the ranking. Nobody may be bidding meanwhile.
    pub(crate) async fn check(&self, bidders: &Bidders, tokens: &[String], server: SocketAddr) {
        for pair in self.bids.windows(2) {
            assert!(pair[0].sequence < pair[1].sequence, "{pair:?}");
        }
        let mut ids = HashSet::new();
        for bid in &self.bids {
            assert!(ids.insert(bid.id), "{bid:?} is in the ledger twice");
        }
        let http = client();
        let base = format!("http://{server}/api/v1");
        let mut users = Vec::new();
        for token in tokens {
            let user = get(&http, &format!("{base}/auth/me"), token).await;
            users.push(user["user_id"].as_str().unwrap().parse().unwrap());
        }
        self.check_keys(bidders, &users, ids);
        let standings = standings(self.campaign.terms.format, &self.bids);
        let mut acknowledged: HashMap<usize, Vec<Acknowledged>> = HashMap::new();
        for bid in bidders.acknowledged() {
            acknowledged.entry(bid.bidder).or_default().push(bid);
        }
        for (number, (token, user)) in tokens.iter().zip(&users).enumerate() {
            let history = self.history(&http, &base, token).await;
            for bid in acknowledged.remove(&number).unwrap_or_default() {
                let id = BidId::derive(self.campaign.id, *user, &bid.key).to_string();
                let found = history.get(&id);
                assert_eq!(
                    found,
                    Some(&bid.answer),
                    "an acknowledged bid is not in the history"
                );
            }
            let own: HashSet<String> = self.of(*user).map(|bid| bid.id.to_string()).collect();
            assert_eq!(
                own,
                history.into_keys().collect(),
                "ledger and history differ"
            );

            let place = format!("{base}/rankings/{}/me", self.campaign.id);
            let place = get(&http, &place, token).await;
            let better = standings
                .iter()
                .position(|standing| standing.bidder == *user);
            match better {
                None => assert_eq!(place["rank"], Value::Null, "{place}"),
                Some(better) => {
                    assert_eq!(place["rank"], better + 1, "{place}");
                    assert_eq!(
                        place["score"],
                        number_of(&standings[better].score),
                        "{place}"
                    );
                }
            }
        }
        self.check_ranking(
            &get(&http, &format!("{base}/rankings/{}", self.campaign.id), "").await,
            &standings,
        );
    }

    /// Checks that each key had one effect at most, that of a refused one none, and that nothing came from nowhere.
    fn check_keys(&self, bidders: &Bidders, users: &[BidderId], mut ids: HashSet<BidId>) {
        let id =
            |(bidder, key): &(usize, String)| BidId::derive(self.campaign.id, users[*bidder], key);
        for refused in bidders.refused() {
            assert!(
                !ids.contains(&id(&refused)),
                "{refused:?} stands though it was refused"
            );
        }
        for sent in bidders.sent() {
            ids.remove(&id(&sent));
        }
        assert!(ids.is_empty(), "nobody sent {ids:?}");
    }

    fn of(&self, user: BidderId) -> impl Iterator<Item = &AcceptedBid> {
        self.bids.iter().filter(move |bid| bid.bidder == user)
    }

    /// A bidder's whole history, by bid id.
    async fn history(
        &self,
        http: &reqwest::Client,
        base: &str,
        token: &str,
    ) -> HashMap<String, Value> {
        let mut history = HashMap::new();
        loop {
            let page = format!(
                "{base}/bids/{}/history?skip={}",
                self.campaign.id,
                history.len()
            );
            let page = get(http, &page, token).await;
            let bids = page["bids"].as_array().unwrap();
            for bid in bids {
                history.insert(bid["bid_id"].as_str().unwrap().to_owned(), bid.clone());
            }
            if bids.is_empty() {
                assert_eq!(page["total"], history.len());
                return history;
            }
        }
    }

    fn check_ranking(&self, ranking: &Value, standings: &[&AcceptedBid]) {
        let lines = ranking["rankings"].as_array().unwrap();
        let units = self.campaign.terms.quota.get() as usize;
        assert_eq!(lines.len(), units.min(standings.len()));
        assert_eq!(ranking["total_participants"], standings.len());
        for (line, standing) in lines.iter().zip(standings) {
            assert_eq!(line["user_id"], standing.bidder.to_string());
            assert_eq!(line["score"], number_of(&standing.score));
            assert_eq!(line["price"], number_of(&standing.price));
        }
    }

    /// Checks that the bidder with `token` was told of each own bid, in order, and of none that does not stand.
    pub(crate) async fn check_told(&self, token: &str, told: &[(String, u64)], base: &str) {
        let user = get(&client(), &format!("{base}/auth/me"), token).await;
        let user = user["user_id"].as_str().unwrap().parse().unwrap();
        let own = self.of(user);
        let own: Vec<_> = own
            .map(|bid| (bid.id.to_string(), bid.sequence.get()))
            .collect();
        assert_eq!(told, own);
    }

    /// Checks that the orders are those of the best `units`, each once.
    pub(crate) fn check_orders(&self, units: usize) {
        let standings = standings(self.campaign.terms.format, &self.bids);
        assert_eq!(self.orders.len(), units);
        for (better, (order, standing)) in self.orders.iter().zip(standings).enumerate() {
            assert_eq!(order.rank(), Some(Rank::behind(better)));
            assert_eq!(order.bid(), Some(standing.id));
            assert_eq!(order.bidder, standing.bidder);
            assert_eq!(order.price, standing.price);
            assert_eq!(order.score(), Some(standing.score));
        }
    }
}

async fn get(http: &reqwest::Client, url: &str, token: &str) -> Value {
    let mut request = http.get(url);
    if !token.is_empty() {
        request = request.bearer_auth(token);
    }
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200, "{url}");
    answer.json().await.unwrap()
}

/// How an amount reads back from an answer.
fn number_of(amount: &impl ToString) -> Value {
    serde_json::from_str(&amount.to_string()).unwrap()
}
