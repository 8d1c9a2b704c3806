use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use flashbid_core::store::Limit;
use ipnet::{IpNet, Ipv4Net};
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
        let of = |requests, seconds| {
            let limit = RateLimit::new(requests, Duration::from_secs(seconds));
            limit.expect("within what stores take")
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
        user: RateLimit::OFF,
        address: RateLimit::OFF,
        purchase_user: RateLimit::OFF,
        purchase_address: RateLimit::OFF,
    };
}

/// How many requests are taken within any window: `COUNT/SECONDS`, or `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit(Option<(u32, Duration)>);

impl RateLimit {
    /// As many as come.
    pub const OFF: Self = Self(None);

    /// At most `requests` within any `window`: `None` unless a [`Limit`] may be so.
    pub fn new(requests: u32, window: Duration) -> Option<Self> {
        Limit::new(String::new(), requests, window)?;
        Some(Self(Some((requests, window))))
    }

    /// Whether as many are taken as come.
    pub const fn is_off(self) -> bool {
        self.0.is_none()
    }

    /// The limit of whoever `key` names; `None` when it is off.
    pub fn of(self, key: String) -> Option<Limit> {
        let (requests, window) = self.0?;
        Limit::new(key, requests, window)
    }
}

impl FromStr for RateLimit {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "use COUNT/SECONDS, such as 100/1, or off; at most 10000 within at most 2678400 seconds";
        if text == "off" {
            return Ok(Self::OFF);
        }
        let (requests, seconds) = text.split_once('/').ok_or(WRONG)?;
        let requests = requests.parse().map_err(|_| WRONG)?;
        let seconds = seconds.parse().map_err(|_| WRONG)?;
        Self::new(requests, Duration::from_secs(seconds)).ok_or(WRONG)
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
        let network = text.parse().map_err(
            |_| "not an address or a network; use one such as 10.0.0.1, 10.0.0.0/8 or fd00::/8",
        )?;
        Ok(Self(canonical(network)))
    }
}

/// Of addresses of IPv4 written as IPv6 the network of IPv4, as which they are looked for.
fn canonical(network: IpNet) -> IpNet {
    const MAPPED: u8 = 96;
    let IpNet::V6(mapped) = network else {
        return network;
    };
    mapped
        .prefix_len()
        .checked_sub(MAPPED)
        .zip(mapped.addr().to_ipv4_mapped())
        .and_then(|(length, address)| Ipv4Net::new(address, length).ok())
        .map_or(network, IpNet::V4)
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
        let on =
            |requests, seconds| RateLimit::new(requests, Duration::from_secs(seconds)).unwrap();
        assert_eq!("100/1".parse(), Ok(on(100, 1)));
        assert_eq!("10000/2678400".parse(), Ok(on(10_000, 2_678_400)));
        assert_eq!("off".parse(), Ok(RateLimit::OFF));
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
        assert_eq!(network("::ffff:10.0.0.0/104").unwrap(), "10.0.0.0/8");
        assert_eq!(network("::/0").unwrap(), "::/0");
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
