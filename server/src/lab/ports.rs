//! Which ports lines may take.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::listener::listen;
use tokio::net::TcpListener;

/// The setting `lab_ports`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Ports {
    /// Whichever the system gives.
    #[default]
    Any,
    /// Those that a firewall lets through.
    Range(RangeInclusive<u16>),
    /// None: there is no laboratory.
    Off,
}

impl Ports {
    /// Opens one that is free.
    ///
    /// # Errors
    /// None is.
    pub(super) fn bind(&self, ip: IpAddr) -> io::Result<TcpListener> {
        match self {
            Self::Any => listen(SocketAddr::new(ip, 0), BACKLOG),
            Self::Range(range) => {
                let open = range
                    .clone()
                    .find_map(|port| listen(SocketAddr::new(ip, port), BACKLOG).ok());
                open.ok_or_else(|| io::ErrorKind::AddrInUse.into())
            }
            Self::Off => Err(io::ErrorKind::PermissionDenied.into()),
        }
    }
}

/// Connections that wait while a line accepts others: as many as may be told to.
const BACKLOG: u32 = 1024;

impl FromStr for Ports {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "is `any`, `off`, or a range such as 3100-3199".to_owned();
        match text {
            "any" => Ok(Self::Any),
            "off" => Ok(Self::Off),
            range => {
                let (first, last) = range.split_once('-').ok_or_else(wrong)?;
                let port = |text: &str| text.trim().parse::<u16>().ok().filter(|port| *port > 0);
                let (first, last) = port(first).zip(port(last)).ok_or_else(wrong)?;
                if first > last {
                    return Err(wrong());
                }
                Ok(Self::Range(first..=last))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_any_none_or_a_range() {
        assert_eq!("any".parse(), Ok(Ports::Any));
        assert_eq!("off".parse(), Ok(Ports::Off));
        assert_eq!("3100-3199".parse(), Ok(Ports::Range(3100..=3199)));
        for wrong in ["", "3100", "3199-3100", "0-9", "1-70000", "all"] {
            assert!(wrong.parse::<Ports>().is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn of_a_range_a_free_one_is_taken_until_none_is_left() {
        let ip = "127.0.0.1".parse().unwrap();
        let taken = Ports::Any.bind(ip).unwrap();
        let port = taken.local_addr().unwrap().port();
        let ports = Ports::Range(port..=port);
        assert!(ports.bind(ip).is_err());
        drop(taken);
        assert_eq!(ports.bind(ip).unwrap().local_addr().unwrap().port(), port);
        assert!(Ports::Off.bind(ip).is_err());
    }
}
