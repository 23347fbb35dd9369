//! `GET /api/market`: symbols, quotes, pages of bars; turning a replay.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::gate::bearer;
use super::problem::Problem;
use super::read::is;
use super::schema;
use crate::back::app::App;
use crate::back::market::{BARS_LIMIT, BarPage, PlayState, Quote, Refused, Series, symbols};
use crate::market::{Listing, PaceChange, SYMBOLS_LIMIT, Speed, gaps};

/// Bars of a page where nobody says how many: what a chart shows at first.
const BARS_DEFAULT: usize = 300;

/// Symbols of an answer where nobody says how many.
const SYMBOLS_DEFAULT: usize = 100;

/// Bars that don't change any more may be kept for so long. Not for ever, since they are thrown away some day.
const CLOSED: HeaderValue = HeaderValue::from_static("public, max-age=3600");

/// What is searched for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::back) struct Search {
    /// A part of a symbol or a name, of whichever language; nothing said, all.
    #[serde(default)]
    search: String,
    /// So many at most: 1 to 2000, else 100.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 2000)]
    limit: Option<String>,
}

/// What is listed.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::back) struct Symbols {
    /// Those that begin with what is searched for come first.
    symbols: Vec<SymbolListed>,
}

/// A symbol.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Symbol)]
struct SymbolListed {
    /// 1 to 12 of `A-Z0-9.`.
    symbol: String,
    name: SymbolName,
    /// Decimals of its prices.
    #[schema(maximum = 6)]
    scale: u8,
    /// In what it's paid; empty if that isn't known.
    #[schema(example = "KRW")]
    currency: String,
    /// How far its exchange's clock is before UTC.
    utc_offset_minutes: i16,
}

/// Its names.
#[derive(Debug, Serialize, ToSchema)]
struct SymbolName {
    en: String,
    ko: String,
}

/// Which bars.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::back) struct Bars {
    /// How long each lasts: `1s`, `5s`, `1m`, `5m`, `15m`, `1h` or `1D`; else `1m`.
    #[param(value_type = Option<schema::Interval>)]
    interval: Option<String>,
    /// So many at most: 1 to 1000, else 300.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 1000)]
    limit: Option<String>,
    /// Those that begin before this time, in milliseconds since 1970-01-01 UTC; nothing said, the newest.
    #[param(value_type = Option<u64>, maximum = 9_007_199_254_740_991_u64)]
    before: Option<String>,
}

/// A page of bars, ascending.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::back) struct Page {
    symbol: String,
    /// How long each lasts.
    #[schema(value_type = schema::Interval)]
    interval: &'static str,
    /// Decimals of the prices, which are whole numbers here.
    #[schema(maximum = 6)]
    scale: u8,
    /// Each `[open_at, open, high, low, close, volume, revision]`: when it begins, in milliseconds since 1970-01-01 UTC, and how often it has changed.
    #[schema(value_type = Vec<Vec<i64>>)]
    bars: Vec<[i64; 7]>,
    /// Intervals between them in which nothing was traded: each `[from, count]`.
    #[schema(value_type = Vec<Vec<i64>>)]
    gaps: Vec<[i64; 2]>,
    /// Whether there are older ones.
    more: bool,
    /// Of the newest page: where its changes go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<ChartPosition>,
}

/// Where the changes of a chart are.
#[derive(Debug, Serialize, ToSchema)]
struct ChartPosition {
    offset: u64,
    #[schema(value_type = schema::Epoch)]
    epoch: String,
}

/// Which quotes.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::back) struct Wanted {
    /// At most 100, with commas between them.
    #[param(value_type = Option<String>, example = "HANEL")]
    symbols: Option<String>,
}

/// How some symbols stand now.
#[derive(Serialize, ToSchema)]
pub(in crate::back) struct Quotes {
    /// Those that were never traded are left out.
    #[schema(value_type = Vec<QuoteSchema>)]
    quotes: Vec<Quote>,
}

/// A quote, as the description has it: of the exchange's day.
#[derive(ToSchema)]
#[schema(as = Quote)]
#[allow(dead_code, reason = "it only describes")]
pub(in crate::back) struct QuoteSchema {
    /// `quote`
    r#type: String,
    symbol: String,
    /// Decimals of its prices.
    #[schema(minimum = 0, maximum = 6)]
    scale: u8,
    /// When it was last traded, in milliseconds since 1970-01-01 UTC.
    at: i64,
    /// The last price, in units of the last decimal of the symbol's scale, as all prices.
    price: i64,
    /// The first price of the day.
    open: i64,
    high: i64,
    low: i64,
    /// Of the day before.
    previous_close: Option<i64>,
    volume: i64,
    /// `open` or `halted`.
    state: String,
}

/// How a replay is to go on; nothing said, nothing changed.
#[derive(Debug, Deserialize, ToSchema)]
pub(in crate::back) struct PlayChange {
    /// Whether its time stands still.
    paused: Option<bool>,
    /// How fast its time runs.
    #[schema(minimum = 1, maximum = 1000)]
    speed: Option<u16>,
    /// To which time of it to go, in milliseconds since 1970-01-01 UTC.
    seek_at: Option<i64>,
}

/// List symbols, or search for some
#[utoipa::path(
    get, path = "/api/market/symbols", tag = "market",
    params(Search),
    responses(
        (status = 200, description = "The symbols", body = Symbols),
        (status = 400, description = "`market_invalid`", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn list(
    State(app): State<Arc<App>>,
    search: Result<Query<Search>, QueryRejection>,
) -> Result<Json<Symbols>, Problem> {
    let Query(Search { search, limit }) = search.map_err(Refused::from)?;
    let limit = number("limit", limit.as_deref(), SYMBOLS_DEFAULT, SYMBOLS_LIMIT)?;
    let listings = app.market.search(&search, limit).await?;
    Ok(Json(Symbols {
        symbols: listings.into_iter().map(SymbolListed::from).collect(),
    }))
}

/// Read bars: the newest, or those before some time
///
/// The newest come with the position that their changes go on from: `chart` over a socket reads on from there without a hole. A page of bars that don't
/// change any more may be kept; any page before some time has an `ETag`.
#[utoipa::path(
    get, path = "/api/market/bars/{symbol}", tag = "market",
    params(
        ("symbol" = String, Path, description = "1 to 12 of `A-Z0-9.`", min_length = 1, max_length = 12, pattern = "^[A-Z0-9.]+$"),
        Bars,
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of the same page"),
    ),
    responses(
        (status = 200, description = "The bars", body = Page, headers(("ETag" = String), ("Cache-Control" = String))),
        (status = 304, description = "As they were", headers(("ETag" = String), ("Cache-Control" = String))),
        (status = 400, description = "`market_invalid`", body = Problem),
        (status = 404, description = "`symbol_unknown`", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn bars(
    State(app): State<Arc<App>>,
    symbol: Result<Path<String>, PathRejection>,
    query: Result<Query<Bars>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Path(symbol) = symbol.map_err(|_| Refused::SymbolUnknown)?;
    let symbol = symbol.parse().map_err(|_| Refused::SymbolUnknown)?;
    let Query(query) = query.map_err(Refused::from)?;
    let interval = query.interval.as_deref().unwrap_or("1m").parse();
    let interval = interval.map_err(|error| Refused::Invalid(format!("`interval` {error}")))?;
    let limit = number("limit", query.limit.as_deref(), BARS_DEFAULT, BARS_LIMIT)?;
    let series = Series { symbol, interval };
    let Some(before) = query.before else {
        let page = app.market.newest_bars(series, limit).await?;
        let mut response = Json(Page::new(series, &page)).into_response();
        no_store(&mut response);
        return Ok(response);
    };
    let before = before
        .parse()
        .ok()
        .filter(|before| (0..=LAST_TIME).contains(before));
    let before =
        before.ok_or_else(|| Refused::Invalid("`before` is a time in milliseconds since 1970".to_owned()))?;
    let page = app.market.bars_before(series, before, limit).await?;
    Ok(older(series, &page, limit, headers.get(header::IF_NONE_MATCH)))
}

/// A page that others may keep: its tag tells which bars it has, how often they have changed, and in which decimals it tells them.
fn older(series: Series, page: &BarPage, limit: usize, known: Option<&HeaderValue>) -> Response {
    let opens = |at: Option<&crate::market::Bar>| at.map_or(0, |bar| bar.open_at);
    let revisions: u64 = page.bars.iter().map(|bar| u64::from(bar.revision)).sum();
    let tag = format!(
        "\"{}.{}.{}.{revisions}.{}.{}\"",
        opens(page.bars.first()),
        opens(page.bars.last()),
        page.bars.len(),
        u8::from(page.more),
        page.scale.decimals(),
    );
    let tag = HeaderValue::from_str(&tag).unwrap_or_else(|_| unreachable!("digits can stand in a header"));
    let mut response = if is(known, &tag) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        Json(Page::new(series, page)).into_response()
    };
    // Of one that isn't full, the rest may still come.
    let is_kept = page.is_closed && page.bars.len() == limit;
    let headers = response.headers_mut();
    headers.insert(header::ETAG, tag);
    let kept = if is_kept {
        CLOSED
    } else {
        HeaderValue::from_static("no-cache")
    };
    headers.insert(header::CACHE_CONTROL, kept);
    response
}

/// See how symbols stand, for those who poll
#[utoipa::path(
    get, path = "/api/market/quotes", tag = "market",
    params(Wanted),
    responses(
        (status = 200, description = "The quotes", body = Quotes),
        (status = 400, description = "`market_invalid`, `watch_limit`", body = Problem),
        (status = 404, description = "`symbol_unknown`", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn quotes(
    State(app): State<Arc<App>>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Wanted { symbols: wanted }) = wanted.map_err(Refused::from)?;
    let wanted: Vec<_> = wanted.as_deref().unwrap_or_default().split(',').collect();
    let quotes = app.market.quotes(&symbols(&wanted)?).await?;
    let mut response = Json(Quotes { quotes }).into_response();
    no_store(&mut response);
    Ok(response)
}

/// See what the feed does
#[utoipa::path(
    get, path = "/api/market/replay", tag = "market",
    responses(
        (status = 200, description = "What it does", body = PlayState),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn state(State(app): State<Arc<App>>) -> Json<PlayState> {
    Json(app.market.state())
}

/// Turn a replay: halt it, hurry it, go to some time
///
/// Whoever runs matches may (`POST /api/scores/sign-in`).
#[utoipa::path(
    post, path = "/api/market/replay", tag = "market",
    request_body = PlayChange,
    security(("operator" = [])),
    responses(
        (status = 200, description = "What it does now", body = PlayState),
        (status = 400, description = "`bad_json`, `market_invalid`", body = Problem),
        (status = 401, description = "`sign_in_needed`", body = Problem),
        (status = 409, description = "`market_not_replayed`", body = Problem),
        (status = 413, description = "`bad_json`: more than 64 KiB", body = Problem),
        (status = 415, description = "`bad_json`: not `application/json`", body = Problem),
        (status = 422, description = "`bad_json`: not the documented fields", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn turn(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Result<Json<PlayChange>, JsonRejection>,
) -> Result<Json<PlayState>, Problem> {
    app.scores.desk.admit(bearer(&headers))?;
    let Json(change) = body?;
    let speed = change.speed.map(Speed::new).transpose();
    let change = PaceChange {
        paused: change.paused,
        speed: speed.map_err(|error| Refused::Invalid(format!("`speed` {error}")))?,
        seek_ms: change.seek_at,
    };
    Ok(Json(app.market.turn(&change)?))
}

/// The largest whole number that every reader of JSON takes as it is.
const LAST_TIME: i64 = (1 << 53) - 1;

fn number(name: &str, text: Option<&str>, default: usize, most: usize) -> Result<usize, Refused> {
    let number = text.map_or(Some(default), |text| text.parse().ok());
    let number = number.filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| Refused::Invalid(format!("`{name}` is a number from 1 to {most}")))
}

impl From<QueryRejection> for Refused {
    fn from(rejection: QueryRejection) -> Self {
        Self::Invalid(rejection.body_text())
    }
}

fn no_store(response: &mut Response) {
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, no_store);
}

impl Page {
    fn new(series: Series, page: &BarPage) -> Self {
        let gaps = gaps(series.interval, &page.bars);
        Self {
            symbol: series.symbol.to_string(),
            interval: series.interval.name(),
            scale: page.scale.decimals(),
            bars: page.bars.iter().map(crate::market::Bar::row).collect(),
            gaps: gaps
                .iter()
                .map(|gap| [gap.from, i64::from(gap.intervals)])
                .collect(),
            more: page.more,
            position: page.position.map(|position| ChartPosition {
                offset: position.offset,
                epoch: position.epoch.to_string(),
            }),
        }
    }
}

impl From<Listing> for SymbolListed {
    fn from(listing: Listing) -> Self {
        Self {
            symbol: listing.symbol.to_string(),
            name: SymbolName {
                en: listing.name_en,
                ko: listing.name_ko,
            },
            scale: listing.scale.decimals(),
            currency: listing.currency,
            utc_offset_minutes: listing.utc_offset_minutes,
        }
    }
}
