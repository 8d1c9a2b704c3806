//! People who bid: seldom at first, ever more often toward the end, and no more than the thing is worth to them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rust_decimal::Decimal;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};
use uuid::Uuid;

use super::client::{Answer, Client};
use super::follow::Live;
use super::programme::GAMMA;
use crate::failure::Failure;

/// The password of every simulated bidder, as of those that `seed` makes.
const PASSWORD: &str = "password123";

/// How often it is decided who bids.
const BEAT: Duration = Duration::from_millis(20);

/// Bids that are under way at once.
const UNDER_WAY: usize = 200;

/// How many are asked, one after the other, until one wants to bid.
const ASKED: usize = 12;

const FIRST_NAMES: [&str; 25] = [
    "Ada", "Aisha", "Boris", "Chen", "Clara", "Diego", "Emeka", "Farah", "Goro", "Hanna", "Ines",
    "Jun", "Kofi", "Lena", "Mateo", "Nadia", "Omar", "Priya", "Quinn", "Rosa", "Sven", "Tala",
    "Umar", "Vera", "Yuki",
];

const LAST_NAMES: [&str; 24] = [
    "Abebe", "Bauer", "Costa", "Dahl", "Eriksen", "Fonseca", "Gupta", "Haddad", "Ito", "Jansen",
    "Kaya", "Larsson", "Mbeki", "Novak", "Okafor", "Petrov", "Quispe", "Rossi", "Silva", "Tanaka",
    "Ueda", "Varga", "Wolff", "Zhang",
];

/// Somebody with an account.
#[derive(Clone, Debug)]
pub(super) struct Bidder {
    pub(super) id: Uuid,
    pub(super) email: String,
    pub(super) name: String,
    pub(super) token: String,
    weight: Decimal,
}

/// Makes the account of bidder `number`, unless an earlier demo did, and logs in.
pub(super) async fn register(client: &Client, number: u32) -> Result<Bidder, Failure> {
    let email = format!("bidder{:05}@demo.flashbid.local", number + 1);
    let name = name(number);
    client.register(&email, PASSWORD, &name).await?;
    let token = client.login(&email, PASSWORD).await?.ok_or_else(|| {
        Failure::negative(format!(
            "{email} belongs to somebody else; use another --ledger"
        ))
    })?;
    let user = client.me(&token).await?;
    Ok(Bidder {
        id: user.user_id,
        email,
        name,
        token,
        weight: user.weight,
    })
}

/// 600 names that look alike to nobody, then the same with a numeral.
fn name(number: u32) -> String {
    let number = number as usize;
    let (first, last) = (number % FIRST_NAMES.len(), number % LAST_NAMES.len());
    let name = format!("{} {}", FIRST_NAMES[first], LAST_NAMES[last]);
    match number / (FIRST_NAMES.len() * LAST_NAMES.len()) {
        0 => name,
        again => format!("{name} {}", again + 1),
    }
}

/// How the bids fare.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    refused: AtomicU64,
    failed: AtomicU64,
}

impl Tally {
    /// Bids that the business refused.
    pub(super) fn refused(&self) -> u64 {
        self.0.refused.load(Ordering::Relaxed)
    }

    /// Bids without an answer.
    pub(super) fn failed(&self) -> u64 {
        self.0.failed.load(Ordering::Relaxed)
    }
}

/// Everybody who may bid.
#[derive(Debug)]
pub(super) struct Crowd {
    client: Client,
    campaign: Uuid,
    people: Vec<Person>,
    reserve: Decimal,
    random: StdRng,
    tally: Tally,
}

/// A bidder and what it has in mind.
#[derive(Debug)]
struct Person {
    bidder: Bidder,
    /// What the thing is worth to it in the end.
    worth: Decimal,
    /// What it has bid, and scored.
    stands: Option<(Decimal, Decimal)>,
    bids: u32,
    is_waiting: bool,
}

impl Crowd {
    pub(super) fn new(
        client: Client,
        campaign: Uuid,
        bidders: Vec<Bidder>,
        reserve: u32,
        seed: u64,
    ) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let reserve = Decimal::from(reserve);
        let people = bidders.into_iter().map(|bidder| {
            // Many want it a little, few want it much.
            let eagerness: u32 = random.random_range(0..1_000);
            let percent = 120 + 500 * eagerness * eagerness / 1_000_000;
            Person {
                bidder,
                worth: reserve * Decimal::new(percent.into(), 2),
                stands: None,
                bids: 0,
                is_waiting: false,
            }
        });
        let people = people.collect();
        Self {
            client,
            campaign,
            people,
            reserve,
            random,
            tally: Tally::default(),
        }
    }

    pub(super) fn tally(&self) -> Tally {
        self.tally.clone()
    }

    /// Bids for `length`, with an eye on the feed.
    pub(super) async fn bid(mut self, length: Duration, live: watch::Receiver<Live>) {
        let begin = Instant::now();
        let mut beats = interval(BEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut before = begin;
        // Millionths of a bid that are due.
        let mut due = 0;
        let mut under_way = JoinSet::new();
        loop {
            tokio::select! {
                Some(answered) = under_way.join_next() => {
                    if let Ok((person, price, answer)) = answered
                        && self.hear(person, price, answer).is_break()
                    {
                        return;
                    }
                }
                now = beats.tick() => {
                    let progress = per_mille(now - begin, length);
                    let elapsed = u64::try_from((now - before).as_millis()).unwrap_or(0);
                    before = now;
                    due += pace(self.people.len(), progress, length) * elapsed;
                    while due >= 1_000_000 {
                        due -= 1_000_000;
                        if under_way.len() < UNDER_WAY
                            && let Some((person, price)) = self.who(progress, live.borrow().line)
                        {
                            under_way.spawn(self.place(person, price));
                        }
                    }
                }
            }
        }
    }

    /// Who bids next, and how much.
    fn who(&mut self, progress: u64, line: Option<Decimal>) -> Option<(usize, Decimal)> {
        for _ in 0..ASKED {
            let index = self.random.random_range(0..self.people.len());
            let person = &self.people[index];
            if person.is_waiting {
                continue;
            }
            if let Some(price) = decide(person, self.reserve, progress, line, &mut self.random) {
                return Some((index, price));
            }
        }
        None
    }

    fn place(
        &mut self,
        index: usize,
        price: Decimal,
    ) -> impl Future<Output = (usize, Decimal, Answer)> + Send + use<> {
        let person = &mut self.people[index];
        person.is_waiting = true;
        person.bids += 1;
        let key = format!("demo-{}", person.bids);
        let (client, campaign) = (self.client.clone(), self.campaign);
        let token = person.bidder.token.clone();
        async move {
            let answer = client.bid(&token, campaign, price, &key).await;
            (index, price, answer)
        }
    }

    /// Takes note of an answer; breaks when there is nothing left to bid for.
    fn hear(&mut self, person: usize, price: Decimal, answer: Answer) -> std::ops::ControlFlow<()> {
        let person = &mut self.people[person];
        person.is_waiting = false;
        let counts = &self.tally.0;
        match answer {
            Answer::Accepted { score } => person.stands = Some((price, score)),
            Answer::Refused => {
                counts.refused.fetch_add(1, Ordering::Relaxed);
            }
            Answer::Failed => {
                counts.failed.fetch_add(1, Ordering::Relaxed);
            }
            Answer::Ended => return std::ops::ControlFlow::Break(()),
        }
        std::ops::ControlFlow::Continue(())
    }
}

/// What a person bids when `progress` per mille of the sale are over and the last winner has the score `line`;
/// `None` for nothing.
fn decide(
    person: &Person,
    reserve: Decimal,
    progress: u64,
    line: Option<Decimal>,
    random: &mut StdRng,
) -> Option<Decimal> {
    let wins = person
        .stands
        .zip(line)
        .is_some_and(|((_, score), line)| score > line);
    if wins && random.random_ratio(5, 6) {
        return None;
    }
    let own = person.stands.map_or(reserve, |(price, _)| price);
    let bonus = person.bidder.weight * Decimal::from(GAMMA);
    // Some want to win right now, some only to climb.
    let aim = match line {
        Some(line) if random.random_bool(0.5) => own.max(line - bonus),
        _ => own,
    };
    let raise = Decimal::new(1_000 + random.random_range(4..30), 3);
    let price = (aim * raise).round_dp(1);
    // Nobody shows early how far it would go.
    let limit =
        person.worth * Decimal::new((400 + 600 * progress.min(1_000) / 1_000).cast_signed(), 3);
    (price <= limit.max(reserve * Decimal::new(115, 2)).min(person.worth)).then_some(price)
}

/// How much of the sale is over, in thousandths.
fn per_mille(elapsed: Duration, length: Duration) -> u64 {
    let share = elapsed.as_millis() * 1_000 / length.as_millis().max(1);
    u64::try_from(share).unwrap_or(u64::MAX).min(1_000)
}

/// Thousandths of a bid a second by so many `people`: of each of them two a minute at first and one a second at the end,
/// and up to four times as many when the sale is shorter than a minute.
fn pace(people: usize, progress: u64, length: Duration) -> u64 {
    let haste = 60_000 / length.as_millis().clamp(15_000, 60_000);
    let each = 33 + progress.pow(4) / 1_000_000_000;
    people as u64 * each * u64::try_from(haste).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(worth: u32) -> Person {
        Person {
            bidder: Bidder {
                id: Uuid::nil(),
                email: String::new(),
                name: String::new(),
                token: String::new(),
                weight: Decimal::ONE,
            },
            worth: worth.into(),
            stands: None,
            bids: 0,
            is_waiting: false,
        }
    }

    #[test]
    fn nobody_bids_below_the_reserve_or_beyond_its_worth() {
        let mut random = StdRng::seed_from_u64(7);
        let reserve = Decimal::ONE_HUNDRED;
        for worth in [120, 200, 620] {
            let mut person = person(worth);
            for step in 0..2_000_u64 {
                let line = (step > 100).then(|| Decimal::from(150 + step / 4));
                if let Some(price) = decide(&person, reserve, step / 2, line, &mut random) {
                    assert!(price >= reserve && price <= person.worth, "{price}");
                    assert!(person.stands.is_none_or(|(own, _)| price >= own), "{price}");
                    person.stands = Some((price, price + Decimal::from(GAMMA)));
                }
            }
            assert!(person.stands.is_some());
        }
    }

    #[test]
    fn the_pace_grows_toward_the_end_and_with_haste() {
        let length = Duration::from_mins(3);
        let paces: Vec<u64> = (0..=1_000)
            .step_by(100)
            .map(|at| pace(300, at, length))
            .collect();
        assert!(paces.is_sorted());
        assert_eq!((paces[0], paces[10]), (9_900, 309_900));
        let haste = pace(300, 1_000, Duration::from_secs(5));
        assert_eq!(haste, 4 * paces[10]);
    }

    #[test]
    fn names_are_told_apart() {
        let names: std::collections::HashSet<String> = (0..2_000).map(name).collect();
        assert_eq!(names.len(), 2_000);
    }
}
