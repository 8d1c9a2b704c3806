use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use flashbid_core::store::Limit;
use ipnet::IpNet;
use serde::Deserialize;

/// How often users and addresses may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimits {
    /// Requests of one user.
    pub user: RateLimit,
    /// Requests of one address; of IPv6, of one /64.
    pub address: RateLimit,
    /// Purchases of one user, which are requests as well.
    pub purchase_user: RateLimit,
    /// Purchases of one address.
    pub purchase_address: RateLimit,
}

impl Default for RateLimits {
    fn default() -> Self {
        let of = |requests, seconds| RateLimit::On {
            requests,
            window: Duration::from_secs(seconds),
        };
        Self {
            user: of(100, 1),
            address: of(10_000, 1),
            purchase_user: of(1, 1),
            purchase_address: of(10, 60),
        }
    }
}

impl RateLimits {
    /// No limits at all.
    pub const OFF: Self = Self {
        user: RateLimit::Off,
        address: RateLimit::Off,
        purchase_user: RateLimit::Off,
        purchase_address: RateLimit::Off,
    };
}

/// How many requests are taken within any window: `COUNT/SECONDS`, or `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateLimit {
    /// As many as come.
    Off,
    /// A number of them.
    On {
        /// How many, from 1 to [`Limit::MAX_REQUESTS`].
        requests: u32,
        /// Within which time, up to [`Limit::MAX_WINDOW`].
        window: Duration,
    },
}

impl RateLimit {
    /// Whether as many are taken as come.
    pub const fn is_off(self) -> bool {
        matches!(self, Self::Off)
    }
}

impl FromStr for RateLimit {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "use COUNT/SECONDS, such as 100/1, or off; at most 10000 within at most 2678400 seconds";
        if text == "off" {
            return Ok(Self::Off);
        }
        let (requests, seconds) = text.split_once('/').ok_or(WRONG)?;
        let requests = requests.parse().map_err(|_| WRONG)?;
        let window = Duration::from_secs(seconds.parse().map_err(|_| WRONG)?);
        // What a store takes is what is taken here.
        Limit::new(String::new(), requests, window).ok_or(WRONG)?;
        Ok(Self::On { requests, window })
    }
}

/// An address, or a network in CIDR notation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct TrustedNetwork(IpNet);

impl From<TrustedNetwork> for IpNet {
    fn from(network: TrustedNetwork) -> Self {
        network.0
    }
}

impl FromStr for TrustedNetwork {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self(address.to_canonical().into()));
        }
        text.parse().map(Self).map_err(
            |_| "not an address or a network; use one such as 10.0.0.1, 10.0.0.0/8 or fd00::/8",
        )
    }
}

impl TryFrom<String> for TrustedNetwork {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_count_within_seconds_or_off() {
        let on = |requests, seconds| RateLimit::On {
            requests,
            window: Duration::from_secs(seconds),
        };
        assert_eq!("100/1".parse(), Ok(on(100, 1)));
        assert_eq!("10000/2678400".parse(), Ok(on(10_000, 2_678_400)));
        assert_eq!("off".parse(), Ok(RateLimit::Off));
        for text in [
            "",
            "Off",
            "100",
            "100/",
            "/1",
            "0/1",
            "1/0",
            "-1/1",
            "1/-1",
            "10001/1",
            "1/2678401",
            "1/1/1",
            "1.5/1",
            "1/1s",
            "99999999999/1",
            "1/99999999999999999999",
            "1 / 1",
        ] {
            assert!(text.parse::<RateLimit>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_proxy_is_an_address_or_a_network() {
        let network = |text: &str| {
            text.parse::<TrustedNetwork>()
                .map(|network| network.0.to_string())
        };
        assert_eq!(network("10.0.0.1").unwrap(), "10.0.0.1/32");
        assert_eq!(network("::ffff:10.0.0.1").unwrap(), "10.0.0.1/32");
        assert_eq!(network("10.0.0.0/8").unwrap(), "10.0.0.0/8");
        assert_eq!(network("fd00::/8").unwrap(), "fd00::/8");
        for text in [
            "",
            "nginx",
            "10.0.0",
            "10.0.0.0/33",
            "10.0.0.1:80",
            "*",
            "10.0.0.0/8 ",
        ] {
            assert!(network(text).is_err(), "{text}");
        }
    }
}
