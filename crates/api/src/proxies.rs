//! Who may say where a request comes from.

use std::net::{IpAddr, SocketAddr};

use actix_web::http::header::{HeaderMap, HeaderName};
use ipnet::IpNet;

/// The proxies whose word is taken for where a request comes from, and the header that they say it in.
#[derive(Clone, Debug)]
pub struct Proxies {
    trusted: Vec<IpNet>,
    header: HeaderName,
}

impl Proxies {
    /// From addresses and networks; the first that is neither is the error. They say it in `X-Forwarded-For`.
    pub fn parse(networks: &[String]) -> Result<Self, String> {
        let parse = |text: &String| {
            let network = text
                .parse()
                .or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
            network.map_err(|_| text.clone())
        };
        Ok(Self {
            trusted: networks.iter().map(parse).collect::<Result<_, _>>()?,
            header: HeaderName::from_static("x-forwarded-for"),
        })
    }

    /// The same, with another header of the same form: addresses, the nearest hop last.
    #[must_use]
    pub fn with_header(self, header: HeaderName) -> Self {
        Self { header, ..self }
    }

    /// Where the request comes from: the peer, or when the peer is a trusted proxy, the last hop of the header that is not
    /// one, because anybody could have written what stands before it. A hop that cannot be read says nothing of what
    /// stands before it either: the address is then that of the last trusted proxy.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let lines: Vec<_> = headers.get_all(&self.header).collect();
        let hops = lines.iter().rev().flat_map(|line| {
            let hops = line.to_str().unwrap_or_default();
            hops.rsplit(',').map(hop)
        });
        for hop in hops {
            match hop {
                Some(hop) if self.trusts(client) => client = hop,
                _ => break,
            }
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        let mut trusted = self.trusted.iter();
        trusted.any(|network| network.contains(&address))
    }
}

/// The address of a hop: `ip`, `ip:port`, `[ip6]` or `[ip6]:port`.
fn hop(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let in_brackets = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let address = text
        .parse::<IpAddr>()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|hop| hop.ip()))
        .or_else(|| in_brackets().map(IpAddr::V6))?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;
    use actix_web::test::TestRequest;

    fn proxies() -> Proxies {
        Proxies::parse(&["10.0.0.0/8".to_owned(), "::1".to_owned()]).unwrap()
    }

    fn client(peer: &str, forwarded: &str) -> String {
        let request = TestRequest::default()
            .insert_header(("x-forwarded-for", forwarded))
            .to_http_request();
        let client = proxies().client(peer.parse().unwrap(), request.headers());
        client.to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(client("192.0.2.1", "203.0.113.9"), "192.0.2.1");
        assert_eq!(client("10.0.0.1", "203.0.113.9"), "203.0.113.9");
        assert_eq!(
            client("10.0.0.1", "6.6.6.6, 203.0.113.9, 10.0.0.2"),
            "203.0.113.9"
        );
        assert_eq!(client("10.0.0.1", "nonsense"), "10.0.0.1");
    }

    #[test]
    fn a_hop_may_have_a_port() {
        for (forwarded, client_is) in [
            ("6.6.6.6, 203.0.113.9:50123", "203.0.113.9"),
            ("6.6.6.6,2001:db8::9", "2001:db8::9"),
            ("6.6.6.6, [2001:db8::9]", "2001:db8::9"),
            ("6.6.6.6, [2001:db8::9]:50123", "2001:db8::9"),
            ("6.6.6.6, 203.0.113.9:50123, 10.0.0.2:80", "203.0.113.9"),
            (
                "6.6.6.6, ::ffff:203.0.113.9, [::ffff:10.0.0.2]:80",
                "203.0.113.9",
            ),
            ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ] {
            assert_eq!(client("10.0.0.1", forwarded), client_is, "{forwarded}");
        }
        assert_eq!(client("::ffff:10.0.0.1", "203.0.113.9"), "203.0.113.9");
        assert_eq!(client("::ffff:192.0.2.1", "203.0.113.9"), "192.0.2.1");
    }

    #[test]
    fn a_hop_that_cannot_be_read_ends_the_walk() {
        let unreadable = [
            "",
            "unknown",
            "203.0.113.9:",
            "203.0.113.9:x",
            "203.0.113.9:65536",
            "[203.0.113.9]",
            "[2001:db8::9",
            "2001:db8::9]:1",
            "[2001:db8::9]x",
            "203.0.113",
            "for=203.0.113.9",
            "\"203.0.113.9\"",
        ];
        for hop in unreadable {
            assert_eq!(
                client("10.0.0.1", &format!("6.6.6.6, {hop}")),
                "10.0.0.1",
                "{hop}"
            );
            let before_another = format!("6.6.6.6, {hop}, 10.0.0.2");
            assert_eq!(client("10.0.0.1", &before_another), "10.0.0.2", "{hop}");
        }
        let mut headers = HeaderMap::new();
        let name = HeaderName::from_static("x-forwarded-for");
        headers.append(name.clone(), HeaderValue::from_static("6.6.6.6"));
        headers.append(name, HeaderValue::from_bytes(b"\xff").unwrap());
        let client = proxies().client("10.0.0.1".parse().unwrap(), &headers);
        assert_eq!(client.to_string(), "10.0.0.1", "no text");
    }

    #[test]
    fn exactly_one_header_is_read() {
        let proxies = proxies().with_header(HeaderName::from_static("x-real-ip"));
        let request = TestRequest::default()
            .insert_header(("x-forwarded-for", "6.6.6.6"))
            .insert_header(("x-real-ip", "203.0.113.9"))
            .to_http_request();
        let peer = "10.0.0.1".parse().unwrap();
        let client = proxies.client(peer, request.headers());
        assert_eq!(client.to_string(), "203.0.113.9");
        let other = TestRequest::default().insert_header(("x-forwarded-for", "6.6.6.6"));
        assert_eq!(
            proxies.client(peer, other.to_http_request().headers()),
            peer
        );
    }

    #[test]
    fn what_is_no_network_is_named() {
        assert_eq!(
            Proxies::parse(&["10.0.0.0/8".to_owned(), "everybody".to_owned()]).unwrap_err(),
            "everybody"
        );
    }
}
