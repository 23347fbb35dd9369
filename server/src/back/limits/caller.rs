//! Who asks, and by what it is known.

use std::net::{IpAddr, Ipv6Addr};

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::back) enum Caller {
    /// An address. Whoever comes through a proxy has the proxy's.
    Address(IpAddr),
    /// The API key at this place among the settings, wherever it comes from.
    Key(usize),
}

impl Caller {
    /// Whoever is at an address. A network of IPv6 is one, since it has as many addresses as its owner likes.
    pub(in crate::back) fn at(ip: IpAddr) -> Self {
        Self::Address(match ip.to_canonical() {
            IpAddr::V6(ip) => {
                let network = ip.to_bits() & !u128::from(u64::MAX);
                IpAddr::V6(Ipv6Addr::from_bits(network))
            }
            ip @ IpAddr::V4(_) => ip,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_ipv6_is_one_caller() {
        let at = |ip: &str| Caller::at(ip.parse().unwrap());
        assert_eq!(at("2001:db8:1:2::1"), at("2001:db8:1:2:ffff::9"));
        assert_ne!(at("2001:db8:1:2::1"), at("2001:db8:1:3::1"));
        assert_ne!(at("192.0.2.1"), at("192.0.2.2"));
        assert_eq!(at("::ffff:192.0.2.1"), at("192.0.2.1"));
    }
}
