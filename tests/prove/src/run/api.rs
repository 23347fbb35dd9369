//! The HTTP API as a client uses it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use madang_server::seats::{PaymentState, Secret};
use serde::Deserialize;
use serde_json::json;

use super::{EVENT, RunError};
use crate::history::{Answer, Command, Hold, Place};

/// How long one request may take before it is sent again.
const PATIENCE: Duration = Duration::from_secs(10);

/// One person's connection to the servers.
#[derive(Clone)]
pub(super) struct Api {
    http: HttpClient<HttpConnector, Full<Bytes>>,
    session: String,
    /// The public id.
    pub(super) sender: String,
}

/// Nobody knows whether it was carried out.
#[derive(Debug)]
pub(super) struct Unanswered(pub(super) String);

#[derive(Deserialize)]
struct Session {
    session: String,
    sender: String,
}

#[derive(Deserialize)]
struct HoldAnswer {
    hold: String,
    versions: BTreeMap<String, u64>,
    expires_at: u64,
    now: u64,
}

#[derive(Deserialize)]
struct CheckoutAnswer {
    payment: String,
    amount: u64,
}

#[derive(Deserialize)]
struct SettledAnswer {
    state: PaymentState,
    at: u64,
}

#[derive(Deserialize)]
struct Holds {
    holds: Vec<HoldAnswer>,
}

#[derive(Deserialize)]
struct Problem {
    code: String,
    #[serde(default)]
    places: Vec<String>,
}

#[derive(Deserialize)]
struct Map {
    now: u64,
    sections: Vec<MapSection>,
}

#[derive(Deserialize)]
struct MapSection {
    seats: Vec<Place>,
}

#[derive(Deserialize)]
struct OnePlace {
    now: u64,
    #[serde(flatten)]
    place: Place,
}

impl Api {
    /// Somebody new.
    pub(super) async fn come(addresses: &[SocketAddr]) -> Result<Self, RunError> {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let mut api = Self {
            http: HttpClient::builder(TokioExecutor::new()).build(connector),
            session: String::new(),
            sender: String::new(),
        };
        let deadline = tokio::time::Instant::now() + 6 * PATIENCE;
        for address in addresses.iter().cycle() {
            match api.ask(*address, "POST", "/api/sessions", Vec::new(), None).await {
                Ok((StatusCode::CREATED, body)) => {
                    let session: Session = parse(&body)?;
                    (api.session, api.sender) = (session.session, session.sender);
                    return Ok(api);
                }
                other if tokio::time::Instant::now() > deadline => {
                    return Err(RunError::Silence(format!("no session: {other:?}")));
                }
                _ => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
        Err(RunError::Node("there is no server".to_owned()))
    }

    /// Sends a command once.
    pub(super) async fn send(
        &self,
        to: SocketAddr,
        key: &str,
        command: &Command,
    ) -> Result<Answer, Unanswered> {
        let (method, path, body) = match command {
            Command::Hold { places } => (
                "POST",
                format!("/api/seats/events/{EVENT}/holds"),
                Some(json!({ "places": places }).to_string()),
            ),
            Command::Pay {
                hold,
                payment,
                amount,
                ..
            } => return self.pay(to, key, hold, payment, *amount).await,
            Command::Checkout { hold } => ("POST", format!("/api/seats/holds/{hold}/checkout"), None),
            Command::Extend { hold } => ("POST", format!("/api/seats/holds/{hold}/extend"), None),
            Command::Release { hold } => ("POST", format!("/api/seats/holds/{hold}/release"), None),
            Command::Confirm { hold } => ("POST", format!("/api/seats/holds/{hold}/confirm"), None),
            Command::Read { place } => ("GET", format!("/api/seats/events/{EVENT}/places/{place}"), None),
            Command::Map => ("GET", format!("/api/seats/events/{EVENT}"), None),
        };
        let headers = vec![self.session(), ("Idempotency-Key", key.to_owned())];
        let (status, body) = self.ask(to, method, &path, headers, body).await?;
        let answer = match (status.as_u16(), command) {
            (200, Command::Read { .. }) => parse::<OnePlace>(&body).map(|one| Answer::Places {
                now: one.now,
                places: vec![one.place],
            }),
            (200, Command::Map) => parse::<Map>(&body).map(|map| Answer::Places {
                now: map.now,
                places: map
                    .sections
                    .into_iter()
                    .flat_map(|section| section.seats)
                    .collect(),
            }),
            (200, Command::Checkout { .. }) => parse::<CheckoutAnswer>(&body)
                .map(|CheckoutAnswer { payment, amount }| Answer::ToPay { payment, amount }),
            (200 | 201, _) => parse::<HoldAnswer>(&body).map(|hold| Answer::Done(hold.into())),
            (404 | 409 | 410, _) => parse::<Problem>(&body).map(|problem| Answer::Refused {
                code: problem.code,
                places: problem.places,
            }),
            _ => return Err(Unanswered(format!("{status} {}", String::from_utf8_lossy(&body)))),
        };
        answer.map_err(|error| Unanswered(error.to_string()))
    }

    /// Says once that a payment was made, as its provider does; the key is the provider's id of the news. What was sold then, its holder looks up.
    pub(super) async fn pay(
        &self,
        to: SocketAddr,
        key: &str,
        hold: &str,
        payment: &str,
        amount: u64,
    ) -> Result<Answer, Unanswered> {
        let (state, at) = self.tell(to, key, payment, "succeeded", amount).await?;
        match state {
            PaymentState::RefundDue => return Ok(Answer::RefundDue { now: at }),
            PaymentState::Sold => {}
            other => {
                let code = other.as_str().to_owned();
                let places = Vec::new();
                return Ok(Answer::Refused { code, places });
            }
        }
        let (status, body) = self
            .ask(to, "GET", "/api/seats/holds", vec![self.session()], None)
            .await?;
        let said = || Unanswered(format!("{status} {}", String::from_utf8_lossy(&body)));
        let holds: Holds = parse(&body).map_err(|_| said())?;
        let sold = holds.holds.into_iter().find(|one| one.hold == hold);
        let sold = Hold::from(sold.ok_or_else(said)?);
        Ok(Answer::Done(Hold { now: at, ..sold }))
    }

    /// Says something of a payment: where it is since, and when that was taken first.
    pub(super) async fn tell(
        &self,
        to: SocketAddr,
        id: &str,
        payment: &str,
        status: &str,
        amount: u64,
    ) -> Result<(PaymentState, u64), Unanswered> {
        let news = json!({"id": id, "payment": payment, "status": status, "amount": amount}).to_string();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let secret: Secret = Secret::DEMO
            .parse()
            .unwrap_or_else(|error| unreachable!("it is one: {error}"));
        let signature = secret.sign(now.as_secs(), news.as_bytes()).to_string();
        let headers = vec![("Madang-Signature", signature)];
        let (status, body) = self
            .ask(to, "POST", "/api/seats/payments", headers, Some(news))
            .await?;
        if status != StatusCode::OK {
            return Err(Unanswered(format!("{status} {}", String::from_utf8_lossy(&body))));
        }
        let settled: SettledAnswer = parse(&body).map_err(|error| Unanswered(error.to_string()))?;
        Ok((settled.state, settled.at))
    }

    fn session(&self) -> (&'static str, String) {
        ("Authorization", format!("Bearer {}", self.session))
    }

    async fn ask(
        &self,
        to: SocketAddr,
        method: &str,
        path: &str,
        headers: Vec<(&'static str, String)>,
        body: Option<String>,
    ) -> Result<(StatusCode, Bytes), Unanswered> {
        let unanswered = |error: &dyn std::fmt::Display| Unanswered(error.to_string());
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://{to}{path}"));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let request = request
            .body(Full::from(body.unwrap_or_default()))
            .map_err(|error| unanswered(&error))?;
        let answer = async {
            let answer = self
                .http
                .request(request)
                .await
                .map_err(|error| unanswered(&error))?;
            let status = answer.status();
            let body = answer
                .into_body()
                .collect()
                .await
                .map_err(|error| unanswered(&error))?;
            Ok((status, body.to_bytes()))
        };
        tokio::time::timeout(PATIENCE, answer)
            .await
            .unwrap_or_else(|_| Err(Unanswered("in time".to_owned())))
    }
}

impl From<HoldAnswer> for Hold {
    fn from(answer: HoldAnswer) -> Self {
        Self {
            hold: answer.hold,
            versions: answer.versions,
            until: answer.expires_at,
            now: answer.now,
        }
    }
}

/// What a server says and isn't as described is worth a run's end.
fn parse<T: for<'a> Deserialize<'a>>(body: &[u8]) -> Result<T, RunError> {
    serde_json::from_slice(body).map_err(|error| {
        let body = String::from_utf8_lossy(body);
        RunError::Silence(format!("{error} in {body}"))
    })
}
