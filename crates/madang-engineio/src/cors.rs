//! Cross-origin requests, with the semantics of Node's `cors` package.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Which pages of other origins may poll, and how: Node's option `cors`, with the meaning and the defaults of its package `cors`.
///
/// A WebSocket isn't subject to CORS: browsers open one to any server. To refuse some, use
/// [`Config::allow_request`](crate::Config::allow_request).
///
/// ```
/// use madang_engineio::{Config, Cors, CorsOrigin};
///
/// let mut config = Config::default();
/// config.cors = Some(Cors {
///     origin: CorsOrigin::List(vec!["https://a.example".into(), "https://b.example".into()]),
///     credentials: true,
///     max_age: Some(std::time::Duration::from_secs(600)),
///     ..Cors::default()
/// });
/// ```
#[derive(Clone, Debug)]
pub struct Cors {
    /// Default [`CorsOrigin::Any`].
    pub origin: CorsOrigin,
    /// Methods of a preflight's answer. Default `GET,HEAD,PUT,PATCH,POST,DELETE`.
    pub methods: String,
    /// Request headers that are allowed. Default `None`: those that the preflight asks for.
    pub allowed_headers: Option<String>,
    /// Answer headers that scripts may read. Default none.
    pub exposed_headers: Option<String>,
    /// Whether cookies may be sent along. Default `false`. Clients of version 3 insist on it.
    pub credentials: bool,
    /// How long a preflight's answer holds, in whole seconds. Default none: as long as the browser likes.
    pub max_age: Option<Duration>,
}

/// Which origins are allowed.
///
/// ```
/// use madang_engineio::CorsOrigin;
/// use std::sync::Arc;
///
/// let ours = CorsOrigin::Matching(Arc::new(|origin| origin.ends_with(".example.com")));
/// let CorsOrigin::Matching(likes) = &ours else { panic!() };
/// assert!(likes("https://chat.example.com") && !likes("https://example.org"));
/// ```
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum CorsOrigin {
    /// `*`
    #[default]
    Any,
    /// This one, which every answer names.
    Exact(String),
    /// One of these; the answer names that of the request.
    List(Vec<String>),
    /// Those that the function likes; the answer names that of the request.
    Matching(Arc<dyn Fn(&str) -> bool + Send + Sync>),
}

impl CorsOrigin {
    /// Every origin, by its name: unlike [`Any`](Self::Any) it goes together with credentials.
    ///
    /// ```
    /// use http::{HeaderMap, HeaderValue};
    /// use madang_engineio::{Cors, CorsOrigin};
    ///
    /// let cors = Cors { origin: CorsOrigin::reflect(), credentials: true, ..Cors::default() };
    /// let (mut request, mut answer) = (HeaderMap::new(), HeaderMap::new());
    /// request.insert("origin", HeaderValue::from_static("https://any.example"));
    /// cors.apply(&request, &mut answer);
    /// assert_eq!(answer["access-control-allow-origin"], "https://any.example");
    /// ```
    pub fn reflect() -> Self {
        Self::Matching(Arc::new(|_| true))
    }
}

impl Cors {
    /// Puts the headers of every answer into one that was made elsewhere. A preflight has more, which the server answers itself.
    ///
    /// ```
    /// use http::HeaderMap;
    /// use madang_engineio::Cors;
    ///
    /// let mut answer = HeaderMap::new();
    /// Cors::default().apply(&HeaderMap::new(), &mut answer);
    /// assert_eq!(answer["access-control-allow-origin"], "*");
    /// ```
    pub fn apply(&self, request: &HeaderMap, answer: &mut HeaderMap) {
        match (&self.origin, request.get(ORIGIN)) {
            (CorsOrigin::Any, _) => {
                answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            }
            (CorsOrigin::Exact(origin), _) => {
                insert(answer, ACCESS_CONTROL_ALLOW_ORIGIN, origin);
                vary(answer, "Origin");
            }
            (CorsOrigin::List(_) | CorsOrigin::Matching(_), origin) => {
                vary(answer, "Origin");
                // Copied: the value is a part of what was read, all of which would be kept for as long as the answer waits.
                if let Some(origin) = origin.and_then(|origin| origin.to_str().ok()) {
                    if self.allows(origin) {
                        insert(answer, ACCESS_CONTROL_ALLOW_ORIGIN, origin);
                    }
                }
            }
        }
        if self.credentials {
            answer.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        if let Some(exposed) = &self.exposed_headers {
            insert(answer, ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        }
    }

    /// The headers of a preflight's answer, besides those of every answer.
    pub(crate) fn apply_preflight(&self, request: &HeaderMap, answer: &mut HeaderMap) {
        insert(answer, ACCESS_CONTROL_ALLOW_METHODS, &self.methods);
        match (&self.allowed_headers, request.get(ACCESS_CONTROL_REQUEST_HEADERS)) {
            (Some(allowed), _) => insert(answer, ACCESS_CONTROL_ALLOW_HEADERS, allowed),
            (None, requested) => {
                vary(answer, "Access-Control-Request-Headers");
                if let Some(requested) = requested {
                    answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, requested.clone());
                }
            }
        }
        if let Some(max_age) = self.max_age {
            answer.insert(ACCESS_CONTROL_MAX_AGE, max_age.as_secs().into());
        }
    }

    fn allows(&self, origin: &str) -> bool {
        match &self.origin {
            CorsOrigin::Any => true,
            CorsOrigin::Exact(exact) => exact == origin,
            CorsOrigin::List(list) => list.iter().any(|allowed| allowed == origin),
            CorsOrigin::Matching(likes) => likes(origin),
        }
    }
}

impl Default for Cors {
    fn default() -> Self {
        Self {
            origin: CorsOrigin::Any,
            methods: "GET,HEAD,PUT,PATCH,POST,DELETE".to_owned(),
            allowed_headers: None,
            exposed_headers: None,
            credentials: false,
            max_age: None,
        }
    }
}

impl fmt::Debug for CorsOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("Any"),
            Self::Exact(origin) => f.debug_tuple("Exact").field(origin).finish(),
            Self::List(origins) => f.debug_tuple("List").field(origins).finish(),
            Self::Matching(_) => f.write_str("Matching"),
        }
    }
}

/// A value that can't stand in a header is left out: it is the application's own, and then nothing is allowed by it.
fn insert(answer: &mut HeaderMap, name: HeaderName, value: &str) {
    match HeaderValue::from_str(value) {
        Ok(value) => drop(answer.insert(name, value)),
        Err(_) => tracing::warn!(%name, value, "an option of CORS can't stand in a header, and is left out"),
    }
}

fn vary(answer: &mut HeaderMap, name: &'static str) {
    answer.append(VARY, HeaderValue::from_static(name));
}
