//! People who buy at a fixed price: now and then, one unit or two. Most pay, some think better of it, some forget.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::task::JoinSet;
use tokio::time::sleep;
use uuid::Uuid;

use super::client::Client;
use super::crowd::Bidder;
use super::programme::{NewSale, Terms};

/// How many come while the sale lasts, unless it is very short or very long: the batch lasts to its end, almost.
const VISITS: u32 = 80;

/// How often somebody comes, in the mean.
const PACES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(20));

/// Everybody who may buy.
#[derive(Debug)]
pub(super) struct Shoppers {
    client: Client,
    campaign: Uuid,
    people: Vec<Bidder>,
    pace: Duration,
    pay_within: Duration,
    random: StdRng,
}

/// What somebody does, having bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Pays,
    Cancels,
    Forgets,
}

impl Shoppers {
    pub(super) fn new(
        client: Client,
        campaign: Uuid,
        people: Vec<Bidder>,
        sale: &NewSale,
        length: Duration,
        seed: u64,
    ) -> Self {
        let pay_within = match sale.terms {
            Terms::FirstCome { pay_within, .. } => pay_within,
            Terms::Ranked { .. } => Duration::ZERO,
        };
        Self {
            client,
            campaign,
            people,
            pace: (length / VISITS).clamp(PACES.0, PACES.1),
            pay_within,
            random: StdRng::seed_from_u64(seed),
        }
    }

    /// Buys until nobody asks for it any more.
    pub(super) async fn buy(mut self) {
        let mut visits = JoinSet::new();
        for number in 0_u64.. {
            sleep(self.pace * self.random.random_range(300..1_700) / 1_000).await;
            while visits.try_join_next().is_some() {}
            visits.spawn(self.visit(number));
        }
    }

    /// Somebody buys, thinks, and comes back to the order or does not. A purchase that is refused, since nothing is left
    /// or the buyer has its two, is an ordinary end.
    fn visit(&mut self, number: u64) -> impl Future<Output = ()> + Send + use<> {
        let buyer = self.random.random_range(0..self.people.len());
        let token = self.people[buyer].token.clone();
        let quantity = if self.random.random_ratio(1, 3) { 2 } else { 1 };
        let then = then(&mut self.random);
        let thinks = self.pay_within * self.random.random_range(10..300) / 1_000;
        let (client, campaign) = (self.client.clone(), self.campaign);
        // Of this sale alone: a later demo on the same ledger has the same people.
        let key = format!("{campaign}-{number}");
        async move {
            let Some(hold) = client.buy(&token, campaign, quantity, &key).await else {
                return;
            };
            sleep(thinks).await;
            let end = match then {
                Then::Pays => "pay",
                Then::Cancels => "cancel",
                Then::Forgets => return,
            };
            if let Some(order) = client.order_of(&token, hold).await {
                client.end(&token, order, end).await;
            }
        }
    }
}

fn then(random: &mut StdRng) -> Then {
    match random.random_range(0..10) {
        0 => Then::Cancels,
        1..3 => Then::Forgets,
        _ => Then::Pays,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_pay_and_some_do_not() {
        let mut random = StdRng::seed_from_u64(7);
        let all: Vec<Then> = (0..1_000).map(|_| then(&mut random)).collect();
        let count = |which| all.iter().filter(|then| **then == which).count();
        assert!((600..800).contains(&count(Then::Pays)));
        assert!((50..150).contains(&count(Then::Cancels)));
        assert!((150..250).contains(&count(Then::Forgets)));
    }
}
