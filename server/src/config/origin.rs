//! Web origins (RFC 6454 §6.1).

use std::net::SocketAddr;
use std::str::FromStr;

use thiserror::Error;

/// A scheme, a host and a port, written as a browser writes its `Origin` header: lower case, no path, and no port
/// where it is the scheme's own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin(String);

/// Not an origin.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("isn't an origin such as https://chat.example (a scheme, a host, a port if it isn't the usual one)")]
pub struct NotAnOrigin;

impl Origin {
    /// The origins of a front that listens on `addr`: the address itself, and `localhost` if it is reached by that.
    pub fn of_front(addr: SocketAddr) -> Vec<Self> {
        let port = match addr.port() {
            80 => String::new(),
            port => format!(":{port}"),
        };
        let local = || {
            ["127.0.0.1", "localhost"]
                .map(|host| Self(format!("http://{host}{port}")))
                .to_vec()
        };
        match addr {
            _ if addr.ip().is_unspecified() => local(),
            SocketAddr::V4(v4) if v4.ip().is_loopback() && v4.ip().octets() == [127, 0, 0, 1] => local(),
            SocketAddr::V4(v4) => vec![Self(format!("http://{}{port}", v4.ip()))],
            SocketAddr::V6(v6) if v6.ip().is_loopback() => {
                vec![
                    Self(format!("http://[::1]{port}")),
                    Self(format!("http://localhost{port}")),
                ]
            }
            SocketAddr::V6(v6) => vec![Self(format!("http://[{}]{port}", v6.ip()))],
        }
    }

    /// The origin as a browser sends it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = NotAnOrigin;

    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        let uri: http::Uri = text.parse().map_err(|_| NotAnOrigin)?;
        let scheme = uri.scheme_str().ok_or(NotAnOrigin)?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or(NotAnOrigin)?;
        let authority = uri.authority().ok_or(NotAnOrigin)?.as_str();
        if uri.path().len() > 1 || uri.query().is_some() || authority.contains('@') {
            return Err(NotAnOrigin);
        }
        let own_port = match scheme {
            "http" => Some(80),
            "https" => Some(443),
            _ => return Err(NotAnOrigin),
        };
        let port = uri.port_u16().filter(|port| Some(*port) != own_port);
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        Ok(Self(format!("{scheme}://{}{port}", host.to_ascii_lowercase())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write_as_a_browser_sends_it() {
        let parsed = |text: &str| text.parse::<Origin>().map(|origin| origin.0);
        assert_eq!(
            parsed("https://Chat.Example:443/"),
            Ok("https://chat.example".to_owned())
        );
        assert_eq!(
            parsed("http://127.0.0.1:3001"),
            Ok("http://127.0.0.1:3001".to_owned())
        );
        for wrong in [
            "*",
            "null",
            "chat.example",
            "https://",
            "https://a/b",
            "https://u@a",
            "ftp://a",
            "",
        ] {
            assert_eq!(parsed(wrong), Err(NotAnOrigin), "{wrong}");
        }
    }

    #[test]
    fn a_loopback_front_is_known_by_both_its_names() {
        let names = |addr: &str| {
            let origins = Origin::of_front(addr.parse().unwrap());
            origins.into_iter().map(|origin| origin.0).collect::<Vec<_>>()
        };
        assert_eq!(
            names("127.0.0.1:3001"),
            ["http://127.0.0.1:3001", "http://localhost:3001"]
        );
        assert_eq!(names("0.0.0.0:80"), ["http://127.0.0.1", "http://localhost"]);
        assert_eq!(names("192.168.0.7:3001"), ["http://192.168.0.7:3001"]);
        assert_eq!(
            names("[::1]:3001"),
            ["http://[::1]:3001", "http://localhost:3001"]
        );
    }
}
