//! Which ports lines may take.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::str::FromStr;

use tokio::net::{TcpListener, TcpSocket};

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
            Self::Any => bind(SocketAddr::new(ip, 0)),
            Self::Range(range) => {
                let open = range
                    .clone()
                    .find_map(|port| bind(SocketAddr::new(ip, port)).ok());
                open.ok_or_else(|| io::ErrorKind::AddrInUse.into())
            }
            Self::Off => Err(io::ErrorKind::PermissionDenied.into()),
        }
    }
}

fn bind(addr: SocketAddr) -> io::Result<TcpListener> {
    /// As many as may be told to wait while the line accepts others.
    const BACKLOG: u32 = 1024;
    let socket = if addr.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

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
