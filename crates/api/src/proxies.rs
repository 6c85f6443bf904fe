//! Who may say where a request comes from.

use std::net::IpAddr;

use actix_web::http::header::HeaderMap;
use ipnet::IpNet;

/// The proxies whose `X-Forwarded-For` is believed.
#[derive(Clone, Debug, Default)]
pub struct Proxies(Vec<IpNet>);

impl Proxies {
    /// From addresses and networks; the first that is neither is the error.
    pub fn parse(networks: &[String]) -> Result<Self, String> {
        let parse = |text: &String| {
            let network = text
                .parse()
                .or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
            network.map_err(|_| text.clone())
        };
        networks
            .iter()
            .map(parse)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Where the request comes from: the peer, or when the peer is one of these, the last address in
    /// `X-Forwarded-For` that is not: what stands before it anybody could have written.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.trusts(peer) {
            return peer;
        }
        let headers = headers
            .get_all("x-forwarded-for")
            .filter_map(|value| value.to_str().ok());
        let hops: Vec<IpAddr> = headers
            .flat_map(|header| header.split(','))
            .filter_map(|hop| hop.trim().parse().ok())
            .collect();
        hops.iter()
            .rev()
            .copied()
            .find(|hop| !self.trusts(*hop))
            .or_else(|| hops.first().copied())
            .unwrap_or(peer)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn client(peer: &str, forwarded: &str) -> String {
        let proxies = Proxies::parse(&["10.0.0.0/8".to_owned(), "::1".to_owned()]).unwrap();
        let request = TestRequest::default()
            .insert_header(("x-forwarded-for", forwarded))
            .to_http_request();
        let client = proxies.client(peer.parse().unwrap(), request.headers());
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
    fn what_is_no_network_is_named() {
        assert_eq!(
            Proxies::parse(&["10.0.0.0/8".to_owned(), "everybody".to_owned()]).unwrap_err(),
            "everybody"
        );
    }
}
