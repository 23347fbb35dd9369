//! Which pages may connect (RFC 6455 §10.2).

use http::HeaderValue;
use std::fmt;
use std::sync::Arc;

/// Which origins may connect (RFC 6455 §10.2). Browsers always say where a page
/// comes from; a request without `Origin` comes from a program, which could
/// say anything, so lists let it in.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum AllowedOrigins {
    /// No check.
    #[default]
    Any,
    /// These, letter for letter and ignoring case, such as `https://example.com`.
    List(Arc<[String]>),
    /// What the function says of the `Origin` header.
    Check(Arc<OriginCheck>),
}

/// What [`AllowedOrigins::Check`] asks about the `Origin` header.
type OriginCheck = dyn Fn(Option<&HeaderValue>) -> bool + Send + Sync;

impl AllowedOrigins {
    /// A list of origins such as `https://example.com`.
    pub fn list(origins: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::List(origins.into_iter().map(Into::into).collect())
    }

    /// A check of your own.
    pub fn check(check: impl Fn(Option<&HeaderValue>) -> bool + Send + Sync + 'static) -> Self {
        Self::Check(Arc::new(check))
    }

    /// Whether a page of this origin may connect.
    pub fn allows(&self, origin: Option<&HeaderValue>) -> bool {
        match (self, origin) {
            (Self::Any, _) | (Self::List(_), None) => true,
            (Self::List(list), Some(origin)) => list
                .iter()
                .any(|allowed| allowed.as_bytes().eq_ignore_ascii_case(origin.as_bytes())),
            (Self::Check(check), origin) => check(origin),
        }
    }
}

impl fmt::Debug for AllowedOrigins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("Any"),
            Self::List(list) => f.debug_tuple("List").field(list).finish(),
            Self::Check(_) => f.write_str("Check(..)"),
        }
    }
}
