//! What a request is told that isn't carried out: a code for programs, a sentence for people.

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use madang_hub::Lost;
use serde::Serialize;
use utoipa::ToSchema;

use crate::back::market;
use crate::back::rooms::{Failure, unavailable};
use crate::back::scores::Denied;
use crate::chat::{Code, Objection, Refusal};
use crate::seats;
use crate::store::StoreError;

/// How many seconds a database that doesn't answer is given.
const STORE_SECONDS: u64 = 2;

/// Why a request wasn't carried out.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::back) struct Problem {
    /// One of the stable codes.
    #[schema(example = "room_invalid")]
    code: &'static str,
    /// A sentence for people.
    #[schema(value_type = String)]
    message: Box<str>,
    /// With `rate_limited`, `too_many_tries`, `slow_mode`, `muted` and `banned`: when to try again, in milliseconds from now.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    /// With `position_lost`: offset of the newest message.
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
    /// With `position_lost`: the room's epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch: Option<String>,
    /// With `position_lost`: the oldest offset that can be read on from.
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest: Option<u64>,
    #[serde(flatten)]
    seats: Option<Box<OfSeats>>,
    #[serde(skip)]
    status: StatusCode,
}

/// What more there is to say of seats.
#[derive(Debug, Serialize, ToSchema)]
struct OfSeats {
    /// With `seats_taken` and `others_wait`: which places.
    #[serde(skip_serializing_if = "Option::is_none")]
    places: Option<Vec<String>>,
    /// With `hold_limit`: how many places one person may hold at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u32>,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, message: String) -> Self {
        Self {
            code,
            message: message.into(),
            retry_after_ms: None,
            offset: None,
            epoch: None,
            oldest: None,
            seats: None,
            status,
        }
    }

    /// A body that can't be read.
    pub(super) fn of_body(status: StatusCode, message: String) -> Self {
        Self::new(status, Code::BadJson.as_str(), message)
    }

    /// Its code.
    pub(in crate::back) fn code(&self) -> &'static str {
        self.code
    }

    /// When to try again, if that is known.
    pub(in crate::back) fn retry_after_ms(&self) -> Option<u64> {
        self.retry_after_ms
    }

    /// Its sentence.
    pub(in crate::back) fn into_message(self) -> String {
        self.message.into()
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Refusal::from(code).into()
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal.code {
            Code::ApiKeyUnknown | Code::SignedOut => StatusCode::UNAUTHORIZED,
            Code::RoomReadOnly | Code::NotYours | Code::NameReserved | Code::Banned | Code::Muted => {
                StatusCode::FORBIDDEN
            }
            Code::RoomInvalid | Code::MessageUnknown => StatusCode::NOT_FOUND,
            Code::ClientIdUsed | Code::TooManyReactions => StatusCode::CONFLICT,
            Code::PositionLost | Code::MessageDeleted => StatusCode::GONE,
            Code::RateLimited | Code::SlowMode => StatusCode::TOO_MANY_REQUESTS,
            Code::StoreUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        };
        let retry_after = refusal.retry_after.map(|time| time.as_millis());
        let message = refusal.detail.unwrap_or_else(|| refusal.code.message());
        Self {
            retry_after_ms: retry_after.map(|time| u64::try_from(time).unwrap_or(u64::MAX)),
            ..Self::new(status, refusal.code.as_str(), message)
        }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Lost(Lost { oldest, newest, .. }) => Self {
                offset: Some(newest.offset),
                epoch: Some(newest.epoch.to_string()),
                oldest: Some(oldest.offset),
                ..Code::PositionLost.into()
            },
            failure @ Failure::Store(_) => Refusal::from(failure).into(),
        }
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        let status = match &denied {
            Denied::Room(_) => StatusCode::SERVICE_UNAVAILABLE,
            Denied::NotFound => StatusCode::NOT_FOUND,
            Denied::IdInvalid => StatusCode::BAD_REQUEST,
            Denied::MovedOn => StatusCode::PRECONDITION_FAILED,
            Denied::SignInNeeded => StatusCode::UNAUTHORIZED,
            Denied::PasswordWrong => StatusCode::FORBIDDEN,
            Denied::TooManyTries(_) => StatusCode::TOO_MANY_REQUESTS,
            Denied::Replayed | Denied::TooMany | Denied::Play(_) => StatusCode::CONFLICT,
        };
        let retry_after = match &denied {
            Denied::TooManyTries(time) => u64::try_from(time.as_millis()).ok(),
            _ => None,
        };
        Self {
            retry_after_ms: retry_after,
            ..Self::new(status, denied.code(), denied.to_string())
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        unavailable(&error).into()
    }
}

impl From<seats::Refused> for Problem {
    fn from(refused: seats::Refused) -> Self {
        let status = match &refused {
            seats::Refused::EventUnknown
            | seats::Refused::PlaceUnknown
            | seats::Refused::SectionUnknown
            | seats::Refused::HoldUnknown
            | seats::Refused::WaitingUnknown
            | seats::Refused::PaymentUnknown => StatusCode::NOT_FOUND,
            seats::Refused::SeatsInvalid { .. } | seats::Refused::IdempotencyKeyInvalid => {
                StatusCode::BAD_REQUEST
            }
            seats::Refused::SessionNeeded | seats::Refused::SignatureInvalid => StatusCode::UNAUTHORIZED,
            seats::Refused::HoldExpired => StatusCode::GONE,
            seats::Refused::SeatsTaken { .. }
            | seats::Refused::OthersWait { .. }
            | seats::Refused::HoldLimit { .. }
            | seats::Refused::TableUnavailable
            | seats::Refused::AlreadyExtended
            | seats::Refused::HoldSold
            | seats::Refused::PaymentRequired
            | seats::Refused::PaymentNotNeeded
            | seats::Refused::AlreadyWaiting
            | seats::Refused::WaitingFull
            | seats::Refused::IdempotencyMismatch => StatusCode::CONFLICT,
        };
        let mut problem = Self::new(status, refused.code(), refused.to_string());
        problem.seats = match refused {
            seats::Refused::SeatsTaken { places } | seats::Refused::OthersWait { places } => Some(OfSeats {
                places: Some(places.into_iter().map(String::from).collect()),
                limit: None,
            }),
            seats::Refused::HoldLimit { limit } => Some(OfSeats {
                places: None,
                limit: Some(limit),
            }),
            _ => None,
        }
        .map(Box::new);
        problem
    }
}

impl From<market::Refused> for Problem {
    fn from(refused: market::Refused) -> Self {
        let status = match refused {
            market::Refused::Common(refusal) => return refusal.into(),
            market::Refused::Operator(denied) => return denied.into(),
            market::Refused::SymbolUnknown => StatusCode::NOT_FOUND,
            market::Refused::Invalid(_) | market::Refused::WatchLimit => StatusCode::BAD_REQUEST,
            market::Refused::NotReplayed => StatusCode::CONFLICT,
        };
        Self::new(status, refused.code(), refused.to_string())
    }
}

impl From<Objection> for Problem {
    fn from(objection: Objection) -> Self {
        let status = match &objection {
            Objection::Refused(refusal) => return refusal.clone().into(),
            Objection::SignInRequired | Objection::TokenUnknown => StatusCode::UNAUTHORIZED,
            Objection::PasswordWrong
            | Objection::TokenNotEnough
            | Objection::OriginRefused
            | Objection::NotAllowed => StatusCode::FORBIDDEN,
            Objection::TooManyTries(_) => StatusCode::TOO_MANY_REQUESTS,
            Objection::NoSuchToken | Objection::PersonUnknown | Objection::NoSuchMessage => {
                StatusCode::NOT_FOUND
            }
            Objection::NameTaken
            | Objection::TooManyTokens
            | Objection::TooManySanctions
            | Objection::TooManyReports => StatusCode::CONFLICT,
            Objection::PasswordInvalid
            | Objection::LabelInvalid
            | Objection::ModerationInvalid
            | Objection::ReportInvalid => StatusCode::BAD_REQUEST,
        };
        let retry_after = match &objection {
            Objection::TooManyTries(time) => u64::try_from(time.as_millis()).ok(),
            _ => None,
        };
        Self {
            retry_after_ms: retry_after,
            ..Self::new(status, objection.code(), objection.to_string())
        }
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        Self::new(rejection.status(), Code::BadJson.as_str(), rejection.body_text())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            Code::HistoryInvalid.as_str(),
            rejection.body_text(),
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let retry_after = match (self.status, self.retry_after_ms) {
            (_, Some(time)) => Some(time.div_ceil(1000)),
            (StatusCode::SERVICE_UNAVAILABLE, None) => Some(STORE_SECONDS),
            _ => None,
        };
        let status = self.status;
        let mut response = (status, Json(self)).into_response();
        if let Some(seconds) = retry_after {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
