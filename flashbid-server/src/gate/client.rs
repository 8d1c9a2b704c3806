use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap, HeaderName};
use ipnet::IpNet;

/// What proxies append the address to that they were asked from.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Which peers are believed when they say for whom they ask.
///
/// Each proxy appends to `X-Forwarded-For` whom it was asked by, so the list is to be read from its end: an entry is
/// true if the one who wrote it is trusted. The first that is not trusted itself is the client, and what is before it
/// may be made up.
#[derive(Clone, Debug, Default)]
pub struct Proxies(Vec<IpNet>);

impl Proxies {
    /// Trusts whoever asks from one of `networks`.
    pub fn new<N: Into<IpNet>>(networks: impl IntoIterator<Item = N>) -> Self {
        Self(networks.into_iter().map(Into::into).collect())
    }

    /// The client of a request: `None` when nobody told who the peer is.
    pub fn client(&self, extensions: &Extensions, headers: &HeaderMap) -> Option<IpAddr> {
        let ConnectInfo(peer) = extensions.get::<ConnectInfo<SocketAddr>>()?;
        Some(self.behind(peer.ip(), headers))
    }

    fn behind(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        // Without proxies nobody looks at the header.
        if !self.trust(peer) {
            return peer;
        }
        let mut client = peer;
        let mut lists = headers.get_all(FORWARDED_FOR).iter();
        while let Some(list) = lists.next_back() {
            // Whoever wrote what cannot be understood is the last who is known.
            let Ok(list) = list.to_str() else {
                return client;
            };
            for entry in list
                .rsplit(',')
                .map(str::trim)
                .filter(|entry| !entry.is_empty())
            {
                let Some(address) = address(entry) else {
                    return client;
                };
                client = address;
                if !self.trust(address) {
                    return client;
                }
            }
        }
        client
    }

    fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// An address as proxies write it: some with the port.
fn address(entry: &str) -> Option<IpAddr> {
    let bare = entry
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let address = bare.unwrap_or(entry).parse::<IpAddr>();
    let address = address.or_else(|_| entry.parse::<SocketAddr>().map(|with_port| with_port.ip()));
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn client(proxies: &[&str], peer: &str, forwarded: &[&[u8]]) -> String {
        let networks = proxies
            .iter()
            .map(|network| network.parse::<IpNet>().unwrap());
        let mut headers = HeaderMap::new();
        for list in forwarded {
            headers.append(FORWARDED_FOR, HeaderValue::from_bytes(list).unwrap());
        }
        let peer = peer.parse().unwrap();
        Proxies::new(networks).behind(peer, &headers).to_string()
    }

    #[test]
    fn a_peer_that_is_not_trusted_is_the_client_whatever_it_says() {
        assert_eq!(client(&[], "10.0.0.1", &[b"1.2.3.4"]), "10.0.0.1");
        let inside = ["10.0.0.0/8"];
        assert_eq!(client(&inside, "11.0.0.1", &[b"1.2.3.4"]), "11.0.0.1");
        assert_eq!(client(&inside, "11.0.0.1", &[b"10.0.0.1"]), "11.0.0.1");
    }

    #[test]
    fn the_last_entry_that_is_not_trusted_is_the_client() {
        let inside = ["10.0.0.0/8", "fd00::/8"];
        let behind = |forwarded: &[&[u8]]| client(&inside, "10.0.0.1", forwarded);
        assert_eq!(behind(&[b"1.2.3.4"]), "1.2.3.4");
        assert_eq!(behind(&[b"9.9.9.9, 1.2.3.4"]), "1.2.3.4");
        assert_eq!(behind(&[b"9.9.9.9, 1.2.3.4, 10.2.0.1 ,fd00::1"]), "1.2.3.4");
        assert_eq!(behind(&[b"9.9.9.9", b"1.2.3.4", b"10.0.0.7"]), "1.2.3.4");
        assert_eq!(behind(&[b"2001:db8::1"]), "2001:db8::1");
        // Somebody inside asks, through two proxies.
        assert_eq!(behind(&[b"10.0.0.9, 10.0.0.8"]), "10.0.0.9");
    }

    #[test]
    fn what_proxies_write_around_an_address_is_understood() {
        let behind =
            |forwarded: &str| client(&["10.0.0.1/32"], "10.0.0.1", &[forwarded.as_bytes()]);
        assert_eq!(behind("1.2.3.4:5678"), "1.2.3.4");
        assert_eq!(behind("[2001:db8::1]:443"), "2001:db8::1");
        assert_eq!(behind("[2001:db8::1]"), "2001:db8::1");
        assert_eq!(behind("::ffff:1.2.3.4"), "1.2.3.4");
        assert_eq!(behind(" 1.2.3.4 , ,"), "1.2.3.4");
    }

    #[test]
    fn at_an_entry_that_makes_no_sense_the_proxy_before_it_is_the_client() {
        let inside = ["10.0.0.0/8"];
        for (forwarded, known) in [
            (&b""[..], "10.0.0.1"),
            (b"unknown", "10.0.0.1"),
            (b"1.2.3.4, _hidden", "10.0.0.1"),
            (b"1.2.3.4, 10.0.0.2, 1.2.3", "10.0.0.1"),
            (b"1.2.3.4, nonsense, 10.0.0.2", "10.0.0.2"),
            (b"1.2.3.4, \xff", "10.0.0.1"),
            (b"1.2.3.4:99999", "10.0.0.1"),
            (b"1.2.3.4/8", "10.0.0.1"),
            (b"010.1.2.3", "10.0.0.1"),
            (b"' OR 1=1 --", "10.0.0.1"),
        ] {
            assert_eq!(client(&inside, "10.0.0.1", &[forwarded]), known);
        }
        assert_eq!(client(&inside, "10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn an_ipv4_peer_on_an_ipv6_socket_is_an_ipv4_peer() {
        let inside = ["10.0.0.0/8"];
        assert_eq!(client(&inside, "::ffff:10.0.0.1", &[b"1.2.3.4"]), "1.2.3.4");
        assert_eq!(client(&[], "::ffff:10.0.0.1", &[]), "10.0.0.1");
    }
}
