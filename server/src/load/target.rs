//! The server that a load is put on.

use std::str::FromStr;

use http::Uri;

/// Where the back is, as in `http://127.0.0.1:3000`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    host: String,
    port: u16,
    authority: String,
}

impl Target {
    /// A name, or an address without brackets.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Host and port as they stand in the header `Host`.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }
}

impl From<std::net::SocketAddr> for Target {
    fn from(addr: std::net::SocketAddr) -> Self {
        Self {
            host: addr.ip().to_string(),
            port: addr.port(),
            authority: addr.to_string(),
        }
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        let wrong =
            || "isn't an address such as http://127.0.0.1:3000 (without TLS, and without a path)".to_owned();
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let plain = uri.scheme_str() == Some("http") && uri.path() == "/" && uri.query().is_none();
        let authority = uri.authority().filter(|_| plain).ok_or_else(wrong)?;
        Ok(Self {
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(80),
            authority: authority.as_str().to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_plain_http_origin() {
        let target: Target = "http://[::1]:3000/".parse().unwrap();
        assert_eq!(
            (target.host(), target.port(), target.authority()),
            ("::1", 3000, "[::1]:3000")
        );
        assert_eq!("http://yard.local".parse::<Target>().unwrap().port(), 80);
        for wrong in ["https://a", "a:3000", "http://a/b", "ws://a", ""] {
            assert!(wrong.parse::<Target>().is_err(), "{wrong}");
        }
    }
}
