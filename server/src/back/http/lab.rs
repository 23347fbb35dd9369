//! `/api/lab`: runs of the transport laboratory, and the clock that they are measured by.

use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::lab::{BadPlan, Change, Figures, Refused, Runs};

/// Bytes of a plan: all of its fields, several times over. Beyond: status 413.
const PLAN_BYTES: usize = 4096;

/// Every answer is of this moment.
const NO_STORE: (header::HeaderName, HeaderValue) =
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));

/// The routes.
pub(in crate::back) fn router(runs: Arc<Runs>) -> Router {
    Router::new()
        .route("/api/lab/clock", get(clock))
        .route("/api/lab/runs", post(begin))
        .route("/api/lab/runs/{run}", get(figures).patch(change).delete(end))
        .layer(DefaultBodyLimit::max(PLAN_BYTES))
        .with_state(runs)
}

/// The time of the server.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::back) struct Now {
    /// Microseconds since 1970-01-01 UTC, by the clock that events are stamped by.
    now_us: u64,
}

/// Why there is no run, or no change.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::back) struct LabProblem {
    /// One of the stable codes.
    #[schema(example = "lab_plan")]
    code: &'static str,
    /// A sentence for people.
    message: String,
    #[serde(skip)]
    status: StatusCode,
}

/// Ask for the time
///
/// For setting a client's clock: half of the quickest round trip ago, it was this late at the server.
#[utoipa::path(
    get, path = "/api/lab/clock", tag = "lab",
    responses((status = 200, description = "The time", body = Now)),
)]
pub(in crate::back) async fn clock(State(runs): State<Arc<Runs>>) -> impl IntoResponse {
    let now = Now {
        now_us: runs.clock().now_us(),
    };
    ([NO_STORE], Json(now))
}

/// Begin a run
///
/// Each lane gets a port of its own, which leads to this server, counts what passes, and has the weather that the plan asks for. The room `lab-{run}` gets the
/// events. The run ends when nobody asks for its figures for 30 s.
#[utoipa::path(
    post, path = "/api/lab/runs", tag = "lab",
    request_body = Change,
    responses(
        (status = 201, description = "It has begun", body = Figures),
        (status = 400, description = "`bad_json`, `lab_plan`", body = LabProblem),
        (status = 403, description = "`lab_off`", body = LabProblem),
        (status = 409, description = "`lab_busy`: four runs are going; `lab_too_much`: more than 32 MiB a second", body = LabProblem),
        (status = 413, description = "`bad_json`: more than 4 KiB", body = LabProblem),
        (status = 415, description = "`bad_json`: not `application/json`", body = LabProblem),
        (status = 422, description = "`bad_json`: not the documented fields", body = LabProblem),
        (status = 503, description = "`lab_ports`", body = LabProblem),
    ),
)]
pub(in crate::back) async fn begin(
    State(runs): State<Arc<Runs>>,
    plan: Result<Json<Change>, JsonRejection>,
) -> Result<impl IntoResponse, LabProblem> {
    let Json(plan) = plan?;
    let figures = runs.begin(plan)?;
    Ok((StatusCode::CREATED, [NO_STORE], Json(figures)))
}

/// Ask what a run has done so far
///
/// It also keeps it going.
#[utoipa::path(
    get, path = "/api/lab/runs/{run}", tag = "lab",
    params(("run" = String, Path, description = "The run's id")),
    responses(
        (status = 200, description = "Its figures", body = Figures),
        (status = 404, description = "`lab_run_unknown`", body = LabProblem),
    ),
)]
pub(in crate::back) async fn figures(
    State(runs): State<Arc<Runs>>,
    Path(run): Path<String>,
) -> Result<impl IntoResponse, LabProblem> {
    Ok(([NO_STORE], Json(runs.figures(&run)?)))
}

/// Change what a run does
///
/// Fields that are left out stay as they are. The lanes can't be changed.
#[utoipa::path(
    patch, path = "/api/lab/runs/{run}", tag = "lab",
    params(("run" = String, Path, description = "The run's id")),
    request_body = Change,
    responses(
        (status = 200, description = "Changed", body = Figures),
        (status = 400, description = "`bad_json`, `lab_plan`", body = LabProblem),
        (status = 404, description = "`lab_run_unknown`", body = LabProblem),
        (status = 409, description = "`lab_too_much`: more than 32 MiB a second; `lab_lanes`", body = LabProblem),
        (status = 413, description = "`bad_json`: more than 4 KiB", body = LabProblem),
        (status = 415, description = "`bad_json`: not `application/json`", body = LabProblem),
        (status = 422, description = "`bad_json`: not the documented fields", body = LabProblem),
    ),
)]
pub(in crate::back) async fn change(
    State(runs): State<Arc<Runs>>,
    Path(run): Path<String>,
    plan: Result<Json<Change>, JsonRejection>,
) -> Result<impl IntoResponse, LabProblem> {
    let Json(plan) = plan?;
    Ok(([NO_STORE], Json(runs.change(&run, plan)?)))
}

/// End a run
#[utoipa::path(
    delete, path = "/api/lab/runs/{run}", tag = "lab",
    params(("run" = String, Path, description = "The run's id")),
    responses(
        (status = 200, description = "It has ended; what it did", body = Figures),
        (status = 404, description = "`lab_run_unknown`", body = LabProblem),
    ),
)]
pub(in crate::back) async fn end(
    State(runs): State<Arc<Runs>>,
    Path(run): Path<String>,
) -> Result<impl IntoResponse, LabProblem> {
    Ok(([NO_STORE], Json(runs.end(&run)?)))
}

impl From<Refused> for LabProblem {
    fn from(refused: Refused) -> Self {
        let status = match refused {
            Refused::Off => StatusCode::FORBIDDEN,
            Refused::Ports => StatusCode::SERVICE_UNAVAILABLE,
            Refused::Unknown => StatusCode::NOT_FOUND,
            Refused::Plan(BadPlan::Range(_)) => StatusCode::BAD_REQUEST,
            Refused::Busy | Refused::Plan(BadPlan::TooMuch(_) | BadPlan::Lanes) => StatusCode::CONFLICT,
        };
        Self {
            code: refused.code(),
            message: refused.to_string(),
            status,
        }
    }
}

impl From<JsonRejection> for LabProblem {
    fn from(rejection: JsonRejection) -> Self {
        Self {
            code: "bad_json",
            message: rejection.body_text(),
            status: rejection.status(),
        }
    }
}

impl IntoResponse for LabProblem {
    fn into_response(self) -> Response {
        (self.status, Json(self)).into_response()
    }
}
