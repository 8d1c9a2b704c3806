use std::fmt::Write;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use flashbid_core::id::BidderId;
use flashbid_core::store::Limit;

use super::Limiter;
use crate::config::{RateLimit, RateLimits};

/// The scope of every limit. Those of a user hold wherever the user comes from, those of an address for every user: to
/// look at both in one step they are kept in one place.
const SCOPE: &str = "requests";

/// How often each user and each address may ask.
#[derive(Debug)]
pub struct Limits {
    limiter: Limiter,
    rates: RateLimits,
}

impl Limits {
    /// Counts with `limiter` what `rates` limit.
    pub const fn new(limiter: Limiter, rates: RateLimits) -> Self {
        Self { limiter, rates }
    }

    /// Whether some request may be limited.
    pub const fn are_on(&self) -> bool {
        let RateLimits {
            user,
            address,
            purchase_user,
            purchase_address,
        } = self.rates;
        !(user.is_off() && address.is_off() && purchase_user.is_off() && purchase_address.is_off())
    }

    /// Counts a request, by one question to the store.
    ///
    /// # Errors
    /// How long to wait until one more is admitted.
    pub async fn request(
        &self,
        user: Option<BidderId>,
        address: Option<IpAddr>,
    ) -> Result<(), Duration> {
        let limits = self.limits(user, address, false);
        self.limiter.count(SCOPE, &limits).await
    }

    /// Counts a request that buys: by the limits of all requests and those of purchases, in one question to the store.
    ///
    /// # Errors
    /// How long to wait until one more is admitted.
    pub async fn purchase(
        &self,
        user: Option<BidderId>,
        address: Option<IpAddr>,
    ) -> Result<(), Duration> {
        let limits = self.limits(user, address, true);
        self.limiter.count(SCOPE, &limits).await
    }

    fn limits(
        &self,
        user: Option<BidderId>,
        address: Option<IpAddr>,
        is_purchase: bool,
    ) -> Vec<Limit> {
        let rates = &self.rates;
        let mut limits = Vec::with_capacity(4);
        let mut add = |rate: RateLimit, kind: &str, who: &dyn std::fmt::Display| {
            if !rate.is_off() {
                let mut key = String::with_capacity(64);
                write!(key, "{kind}/{who}").expect("a String takes every text");
                limits.extend(rate.of(key));
            }
        };
        if let Some(user) = user {
            add(rates.user, "user", &user);
            if is_purchase {
                add(rates.purchase_user, "purchase/user", &user);
            }
        }
        if let Some(address) = address.map(network) {
            add(rates.address, "ip", &address);
            if is_purchase {
                add(rates.purchase_address, "purchase/ip", &address);
            }
        }
        limits
    }
}

/// Whom an address stands for: behind IPv4 it is one client, of IPv6 every client has a /64 to choose from.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(network))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use flashbid_core::memory::MemoryAdmission;
    use flashbid_core::time::{ManualClock, Timestamp};
    use uuid::Uuid;

    use super::*;
    use crate::metrics::Metrics;

    const ADA: Option<BidderId> = Some(BidderId::new(Uuid::from_u128(1)));
    const BOB: Option<BidderId> = Some(BidderId::new(Uuid::from_u128(2)));

    fn limits(user: &str, address: &str, purchase: [&str; 2]) -> (Arc<ManualClock>, Limits) {
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_000_000)));
        let store = Arc::new(MemoryAdmission::new(clock.clone()));
        let rates = RateLimits {
            user: user.parse().unwrap(),
            address: address.parse().unwrap(),
            purchase_user: purchase[0].parse().unwrap(),
            purchase_address: purchase[1].parse().unwrap(),
        };
        let limiter = Limiter::new(store, Metrics::default());
        (clock, Limits::new(limiter, rates))
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn a_user_is_limited_from_wherever_it_asks() {
        let (clock, limits) = limits("2/1", "off", ["off", "off"]);
        assert_eq!(limits.request(ADA, Some(address("10.0.0.1"))).await, Ok(()));
        assert_eq!(limits.request(ADA, Some(address("10.0.0.2"))).await, Ok(()));
        let wait = limits.request(ADA, Some(address("10.0.0.3"))).await;
        assert_eq!(wait, Err(Duration::from_secs(1)));
        assert_eq!(limits.request(BOB, Some(address("10.0.0.1"))).await, Ok(()));
        assert_eq!(
            limits.request(None, Some(address("10.0.0.1"))).await,
            Ok(())
        );
        clock.advance(Duration::from_secs(1));
        assert_eq!(limits.request(ADA, Some(address("10.0.0.1"))).await, Ok(()));
    }

    #[tokio::test]
    async fn an_address_is_limited_whoever_asks() {
        let (_, limits) = limits("off", "2/60", ["off", "off"]);
        assert_eq!(limits.request(ADA, Some(address("10.0.0.1"))).await, Ok(()));
        assert_eq!(
            limits.request(None, Some(address("::ffff:10.0.0.1"))).await,
            Ok(())
        );
        let wait = limits.request(BOB, Some(address("10.0.0.1"))).await;
        assert_eq!(wait, Err(Duration::from_mins(1)));
        assert_eq!(limits.request(BOB, Some(address("10.0.0.2"))).await, Ok(()));
        assert_eq!(limits.request(BOB, None).await, Ok(()));
    }

    #[tokio::test]
    async fn of_ipv6_a_network_is_one_client() {
        let (_, limits) = limits("off", "1/60", ["off", "off"]);
        assert_eq!(
            limits.request(None, Some(address("2001:db8::1"))).await,
            Ok(())
        );
        let neighbour = limits
            .request(None, Some(address("2001:db8::ffff:0:0:2")))
            .await;
        assert!(neighbour.is_err());
        assert_eq!(
            limits.request(None, Some(address("2001:db8:0:1::1"))).await,
            Ok(())
        );
    }

    #[tokio::test]
    async fn purchases_have_limits_of_their_own_beside_the_others() {
        let (clock, limits) = limits("3/1", "off", ["1/1", "2/60"]);
        let here = Some(address("10.0.0.1"));
        assert_eq!(limits.purchase(ADA, here).await, Ok(()));
        assert_eq!(
            limits.purchase(ADA, here).await,
            Err(Duration::from_secs(1))
        );
        // A purchase is a request as well.
        assert_eq!(limits.request(ADA, here).await, Ok(()));
        assert_eq!(limits.request(ADA, here).await, Ok(()));
        assert_eq!(limits.request(ADA, here).await, Err(Duration::from_secs(1)));
        assert_eq!(limits.purchase(BOB, here).await, Ok(()));
        clock.advance(Duration::from_secs(1));
        let wait = limits.purchase(ADA, here).await;
        assert_eq!(wait, Err(Duration::from_secs(59)));
        assert_eq!(limits.request(ADA, here).await, Ok(()));
    }

    #[test]
    fn what_is_switched_off_is_off() {
        assert!(!limits("off", "off", ["off", "off"]).1.are_on());
        assert!(limits("off", "off", ["1/1", "off"]).1.are_on());
        assert!(limits("1/1", "off", ["off", "off"]).1.are_on());
    }
}
