//! The settings: flags over `MADANG_...` over `madang.toml` over defaults.
//!
//! [`load`] never stops at the first mistake: whoever starts the program gets every reason at once.

mod api_key;
mod market;
mod origin;
mod slow_readers;
mod sources;

use std::fs;
use std::io::Read as _;
use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use thiserror::Error;

pub use api_key::{ApiKey, NotAKey};
pub use origin::Origin;
pub use slow_readers::SlowReaders;
pub use sources::{Key, Setting};

use crate::back::{MarketSettings, OperatorPassword};
use crate::cli::Flags;
use crate::lab::Ports;
use crate::scores::{SCRIPT_BYTES, Script, Speed};
use crate::seats::Secret;

/// The settings in force.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the back listens. Port 0 takes a free one.
    pub back_addr: SocketAddr,
    /// Where the front listens. Port 0 takes a free one.
    pub front_addr: SocketAddr,
    /// `ws://` or `wss://` address by which a browser reaches the back; `None` means the address it listens on.
    pub back_url: Option<String>,
    /// Where messages are kept.
    pub database_url: DatabaseUrl,
    /// Origins whose pages may use the back; empty means the front's own.
    pub allowed_origins: Vec<Origin>,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Connections the back holds at once; beyond it new ones wait in the listen queue.
    ///
    /// The default, 16,384, is what a machine with the usual limit of 20,000 open files can hold with some to spare.
    pub max_connections: NonZeroUsize,
    /// Of those, connections from one address, or no limit.
    ///
    /// No limit by default: behind a proxy, or a school's one address, everybody comes from the same one, and the
    /// total is bounded anyway.
    pub max_connections_per_address: Option<NonZeroUsize>,
    /// How long a long-poll may wait for news.
    ///
    /// The default, 60 s, is where proxies commonly give up.
    pub max_wait: Duration,
    /// Requests and commands of one address in 10 s, or no limit.
    ///
    /// The default, 100,000, is ten times what a school of a thousand pages asks from its one address, each polling once a second.
    pub max_requests_per_address: Option<NonZeroU32>,
    /// Places that one address takes into holds in 10 minutes, or no limit.
    ///
    /// The default, 90, is an office of fifteen who take six each. Each server counts for itself.
    pub max_seats_per_address: Option<NonZeroU32>,
    /// Bytes that one address sends in requests and commands in 10 s, or no limit.
    ///
    /// The default, 256 MiB, is a fifth of what a line of 1 Gbit/s brings.
    pub max_bytes_per_address: Option<NonZeroU32>,
    /// Messages of one user in 10 s, or no limit.
    ///
    /// The default, 1,000, is more than anybody types, and lets a page that comes back send all that it has kept.
    pub max_messages_per_user: Option<NonZeroU32>,
    /// Messages in one room in 10 s, or no limit.
    ///
    /// The default, 10,000, is more than anybody reads, and less than one room needs to keep the database from the others.
    pub max_messages_per_room: Option<NonZeroU32>,
    /// The keys of other back ends, which may ten times as much as an address.
    pub api_keys: Vec<ApiKey>,
    /// What happens to slow readers, for each room where they aren't disconnected.
    pub slow_readers: Vec<SlowReaders>,
    /// Which ports the laboratory's lines may take. Any by default: they are there only while somebody looks at a run.
    pub lab_ports: Ports,
    /// With what somebody signs in to tell plays of a match; `None`: one is made at each start.
    pub operator_password: Option<OperatorPassword>,
    /// The match that is played in the room `scores-yard`; `None`: none is.
    pub replay: Option<Script>,
    /// How much faster than it's written.
    ///
    /// The default, 1, has a play every 5 to 10 seconds, as a text relay has.
    pub replay_speed: Speed,
    /// What the payment provider signs its news with. By default the program itself pretends to be one.
    pub payment_secret: Secret,
    /// Where the market's ticks come from: a simulator by default, so that there is a market to see.
    pub market: MarketSettings,
}

impl Config {
    /// How a browser reaches a back that listens on `addr`.
    pub fn back_url(&self, addr: SocketAddr) -> String {
        self.back_url.clone().unwrap_or_else(|| format!("ws://{addr}"))
    }

    /// Origins whose pages may use the back, when the front listens on `addr`.
    pub fn allowed_origins(&self, addr: SocketAddr) -> Vec<Origin> {
        if self.allowed_origins.is_empty() {
            Origin::of_front(addr)
        } else {
            self.allowed_origins.clone()
        }
    }

    /// What stands in the way of serving pages, though each value alone is right.
    ///
    /// # Errors
    /// The back listens on every address, and nobody said by which of them a browser reaches it.
    pub fn check_front(&self) -> Result<(), Problem> {
        if self.back_addr.ip().is_unspecified() && self.back_url.is_none() {
            return Err(Problem(format!(
                "back_url is needed because back_addr {} means every address: say which one a browser should use, \
                 such as ws://192.168.0.7:{}",
                self.back_addr,
                self.back_addr.port()
            )));
        }
        Ok(())
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// A database address. Its `Debug` and `Display` hide the password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

/// A setting that cannot be used, in one line: which, why, and where it was given.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct Problem(pub String);

/// Reads all four sources: the settings as they were found, and what they mean.
///
/// # Errors
/// Every [`Problem`] found: an unreadable file, an unknown key, a value of the wrong form.
pub fn load(flags: &Flags) -> (Vec<Setting>, Result<Config, Vec<Problem>>) {
    let mut problems = Vec::new();
    let mut settings = sources::collect(flags, &mut problems);
    let config = parse(&settings, &mut problems).filter(|_| problems.is_empty());
    if let Some(config) = &config {
        // Two defaults follow from other settings.
        for setting in settings.iter_mut().filter(|setting| setting.values.is_empty()) {
            match setting.key {
                Key::BackUrl => setting.values.push(config.back_url(config.back_addr)),
                Key::AllowedOrigin => {
                    let origins = config.allowed_origins(config.front_addr);
                    setting
                        .values
                        .extend(origins.iter().map(|origin| origin.as_str().to_owned()));
                }
                _ => {}
            }
        }
    }
    (settings, config.ok_or(problems))
}

fn parse(settings: &[Setting], problems: &mut Vec<Problem>) -> Option<Config> {
    let mut read = Reader { settings, problems };
    let back_addr = read.one(Key::BackAddr, addr);
    let front_addr = read.one(Key::FrontAddr, addr);
    let back_url = read.optional(Key::BackUrl, web_socket_url);
    let database_url = read.one(Key::DatabaseUrl, database_url);
    let allowed_origins = read.many(Key::AllowedOrigin, |text| {
        text.parse::<Origin>().map_err(|e| e.to_string())
    });
    let log_format = read.one(Key::LogFormat, log_format);
    let max_connections = read.one(Key::MaxConnections, |text| {
        count(text)?.ok_or_else(|| "must be at least 1".to_owned())
    });
    let max_connections_per_address = read.one(Key::MaxConnectionsPerAddress, count);
    let max_wait = read.one(Key::MaxWait, seconds);
    let max_requests_per_address = read.one(Key::MaxRequestsPerAddress, number);
    let max_seats_per_address = read.one(Key::MaxSeatsPerAddress, number);
    let max_bytes_per_address = read.one(Key::MaxBytesPerAddress, number);
    let max_messages_per_user = read.one(Key::MaxMessagesPerUser, number);
    let max_messages_per_room = read.one(Key::MaxMessagesPerRoom, number);
    let api_keys = read.many(Key::ApiKey, |text| {
        text.parse::<ApiKey>().map_err(|e| e.to_string())
    });
    let slow_readers = read.many(Key::SlowReaders, |text| {
        text.parse::<SlowReaders>().map_err(|e| e.to_string())
    });
    let lab_ports = read.one(Key::LabPorts, |text| text.parse::<Ports>());
    let operator_password = read.many(Key::OperatorPassword, OperatorPassword::new);
    let replay = read.one(Key::ReplayFile, replay_file);
    let replay_speed = read.one(Key::ReplaySpeed, str::parse::<Speed>);
    let payment_secret = read.one(Key::PaymentSecret, str::parse::<Secret>);
    let source = read.one(Key::MarketFeed, market::source);
    let symbols = read.one(Key::MarketSymbols, market::symbols);
    let ticks = read.one(Key::MarketTicks, market::ticks);
    Some(Config {
        back_addr: back_addr?,
        front_addr: front_addr?,
        back_url,
        database_url: database_url?,
        allowed_origins: allowed_origins?,
        log_format: log_format?,
        max_connections: max_connections?,
        max_connections_per_address: max_connections_per_address?,
        max_wait: max_wait?,
        max_requests_per_address: max_requests_per_address?,
        max_seats_per_address: max_seats_per_address?,
        max_bytes_per_address: max_bytes_per_address?,
        max_messages_per_user: max_messages_per_user?,
        max_messages_per_room: max_messages_per_room?,
        api_keys: api_keys?,
        slow_readers: slow_readers?,
        lab_ports: lab_ports?,
        operator_password: operator_password?.into_iter().next(),
        replay: replay?,
        replay_speed: replay_speed?,
        payment_secret: payment_secret?,
        market: MarketSettings {
            source: source?,
            symbols: symbols?,
            ticks: ticks?,
        },
    })
}

struct Reader<'a> {
    settings: &'a [Setting],
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn one<T>(&mut self, key: Key, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        self.many(key, parse).and_then(|values| values.into_iter().next())
    }

    fn optional<T>(&mut self, key: Key, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        self.was_given(key).then(|| self.one(key, parse)).flatten()
    }

    fn many<T>(&mut self, key: Key, parse: impl Fn(&str) -> Result<T, String>) -> Option<Vec<T>> {
        let setting = self.settings.iter().find(|setting| setting.key == key)?;
        let mut values = Vec::new();
        let mut sound = true;
        for text in &setting.values {
            match parse(text) {
                Ok(value) => values.push(value),
                Err(why) => {
                    sound = false;
                    let shown = setting.shown(text);
                    self.problems.push(Problem(format!(
                        "{key} `{shown}` {why} (from {})",
                        setting.source
                    )));
                }
            }
        }
        sound.then_some(values)
    }

    fn was_given(&self, key: Key) -> bool {
        self.settings
            .iter()
            .any(|setting| setting.key == key && !setting.values.is_empty())
    }
}

impl Setting {
    /// A text of this setting as it may be shown: without its secrets.
    fn shown(&self, text: &str) -> String {
        match self.key {
            Key::DatabaseUrl => without_password(text),
            Key::ApiKey | Key::OperatorPassword => HIDDEN.to_owned(),
            Key::PaymentSecret if text != Secret::DEMO => HIDDEN.to_owned(),
            _ => text.to_owned(),
        }
    }
}

/// `key = value (source)`, one line.
impl std::fmt::Display for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let values: Vec<_> = self.values.iter().map(|text| self.shown(text)).collect();
        write!(f, "{} = {} ({})", self.key, values.join(", "), self.source)
    }
}

fn addr(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "isn't an IP address with a port, such as 127.0.0.1:3000".to_owned())
}

fn web_socket_url(text: &str) -> Result<String, String> {
    let wrong = || "isn't a WebSocket address without a path, such as ws://192.168.0.7:3000".to_owned();
    let uri: http::Uri = text.parse().map_err(|_| wrong())?;
    let scheme = uri
        .scheme_str()
        .filter(|scheme| ["ws", "wss"].contains(scheme))
        .ok_or_else(wrong)?;
    let authority = uri
        .authority()
        .filter(|authority| !authority.as_str().contains('@'))
        .ok_or_else(wrong)?;
    if uri.path().len() > 1 || uri.query().is_some() {
        return Err(wrong());
    }
    Ok(format!("{scheme}://{authority}"))
}

fn database_url(text: &str) -> Result<DatabaseUrl, String> {
    let known = [
        "sqlite:",
        "mysql://",
        "mariadb://",
        "postgres://",
        "postgresql://",
    ];
    if known.iter().any(|scheme| text.starts_with(scheme)) {
        Ok(DatabaseUrl(text.to_owned()))
    } else {
        Err("must start with sqlite://, mysql://, mariadb:// or postgres://".to_owned())
    }
}

/// A match, or none.
fn replay_file(path: &str) -> Result<Option<Script>, String> {
    let script = match path {
        "none" => return Ok(None),
        "sample" => Script::sample(),
        path => {
            // A file that grows for ever, such as a device, is none.
            let file = fs::File::open(path).map_err(|error| format!("can't be read: {error}"))?;
            let mut text = String::new();
            let read = file.take(SCRIPT_BYTES as u64 + 1).read_to_string(&mut text);
            read.map_err(|error| format!("can't be read: {error}"))?;
            Script::read(&text)
        }
    };
    script
        .map(Some)
        .map_err(|error| format!("can't be played: {error}"))
}

fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("must be text or json".to_owned()),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(seconds @ 1..=3600) => Ok(Duration::from_secs(seconds)),
        _ => Err("isn't a number of seconds from 1 to 3600".to_owned()),
    }
}

fn count(text: &str) -> Result<Option<NonZeroUsize>, String> {
    text.parse()
        .map(NonZeroUsize::new)
        .map_err(|_| "isn't a whole number".to_owned())
}

fn number(text: &str) -> Result<Option<NonZeroU32>, String> {
    text.parse()
        .map(NonZeroU32::new)
        .map_err(|_| format!("isn't a whole number up to {}", u32::MAX))
}

/// What stands for a secret.
const HIDDEN: &str = "***";

/// Hides all from the first colon to the last `@`: a password may hold characters that should have been escaped.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://").filter(|(scheme, _)| *scheme != "sqlite") else {
        return url.to_owned();
    };
    match rest.rsplit_once('@') {
        Some((user, host)) if user.contains(':') => {
            let name = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{name}:***@{host}")
        }
        _ => url.to_owned(),
    }
}

impl DatabaseUrl {
    /// One of a database in memory, empty for whoever opens it.
    pub fn in_memory() -> Self {
        Self("sqlite::memory:".to_owned())
    }

    /// The address with its password, for the driver.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for DatabaseUrl {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        database_url(text).map_err(|why| Problem(format!("`{}` {why}", without_password(text))))
    }
}

impl std::fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&without_password(&self.0))
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let url: DatabaseUrl = "mysql://madang:se/cr:et@db/x".parse().unwrap();
        assert_eq!(
            format!("{url} {url:?}"),
            "mysql://madang:***@db/x mysql://madang:***@db/x"
        );
        let Err(problem) = "oracle://u:secret@db".parse::<DatabaseUrl>() else {
            panic!("accepted")
        };
        assert!(!problem.to_string().contains("secret"), "{problem}");
        assert_eq!(
            without_password("postgres://u:p@ss@host:5432/x?y=1"),
            "postgres://u:***@host:5432/x?y=1"
        );
        assert_eq!(without_password("sqlite://madang.db"), "sqlite://madang.db");
    }

    #[test]
    fn a_back_url_is_an_authority_and_nothing_else() {
        assert_eq!(
            web_socket_url("ws://chat.example:3000/").as_deref(),
            Ok("ws://chat.example:3000")
        );
        for wrong in ["http://a", "ws://", "ws://a/path", "ws://user@a", "a:3000"] {
            assert!(web_socket_url(wrong).is_err(), "{wrong}");
        }
    }
}
