//! Where settings come from: the keys, their defaults, and figment's layers with the origin of each value kept.

use std::fmt;
use std::path::{Path, PathBuf};

use figment::providers::{Env, Format, Serialized, Toml};
use figment::value::Value;
use figment::{Figment, Metadata, Provider};

use super::Problem;
use crate::cli::Flags;

/// One setting as it was found: not yet known to be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Which.
    pub key: Key,
    /// The texts given: one, or several for a list; none when there is no default.
    pub values: Vec<String>,
    /// Where from, in words: `--back-addr`, `MADANG_BACK_ADDR`, a file's path, `default`.
    pub source: String,
}

/// Every setting there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// `back_addr`
    BackAddr,
    /// `front_addr`
    FrontAddr,
    /// `back_url`
    BackUrl,
    /// `database_url`
    DatabaseUrl,
    /// `allowed_origin`
    AllowedOrigin,
    /// `log_format`
    LogFormat,
    /// `max_connections`
    MaxConnections,
    /// `max_connections_per_address`
    MaxConnectionsPerAddress,
    /// `max_wait`
    MaxWait,
    /// `max_requests_per_address`
    MaxRequestsPerAddress,
    /// `max_seats_per_address`
    MaxSeatsPerAddress,
    /// `max_bytes_per_address`
    MaxBytesPerAddress,
    /// `max_messages_per_user`
    MaxMessagesPerUser,
    /// `max_messages_per_room`
    MaxMessagesPerRoom,
    /// `api_key`
    ApiKey,
    /// `slow_readers`
    SlowReaders,
    /// `lab_ports`
    LabPorts,
    /// `operator_password`
    OperatorPassword,
    /// `replay_file`
    ReplayFile,
    /// `replay_speed`
    ReplaySpeed,
    /// `market_feed`
    MarketFeed,
    /// `market_symbols`
    MarketSymbols,
    /// `market_ticks`
    MarketTicks,
    /// `payment_secret`
    PaymentSecret,
}

impl Key {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 24] = [
        Self::BackAddr,
        Self::FrontAddr,
        Self::BackUrl,
        Self::DatabaseUrl,
        Self::AllowedOrigin,
        Self::LogFormat,
        Self::MaxConnections,
        Self::MaxConnectionsPerAddress,
        Self::MaxWait,
        Self::MaxRequestsPerAddress,
        Self::MaxSeatsPerAddress,
        Self::MaxBytesPerAddress,
        Self::MaxMessagesPerUser,
        Self::MaxMessagesPerRoom,
        Self::ApiKey,
        Self::SlowReaders,
        Self::LabPorts,
        Self::OperatorPassword,
        Self::ReplayFile,
        Self::ReplaySpeed,
        Self::MarketFeed,
        Self::MarketSymbols,
        Self::MarketTicks,
        Self::PaymentSecret,
    ];

    /// The name in `madang.toml`; the flag is the same with dashes, the environment variable the same in capitals
    /// behind `MADANG_`.
    pub fn name(self) -> &'static str {
        match self {
            Self::BackAddr => "back_addr",
            Self::FrontAddr => "front_addr",
            Self::BackUrl => "back_url",
            Self::DatabaseUrl => "database_url",
            Self::AllowedOrigin => "allowed_origin",
            Self::LogFormat => "log_format",
            Self::MaxConnections => "max_connections",
            Self::MaxConnectionsPerAddress => "max_connections_per_address",
            Self::MaxWait => "max_wait",
            Self::MaxRequestsPerAddress => "max_requests_per_address",
            Self::MaxSeatsPerAddress => "max_seats_per_address",
            Self::MaxBytesPerAddress => "max_bytes_per_address",
            Self::MaxMessagesPerUser => "max_messages_per_user",
            Self::MaxMessagesPerRoom => "max_messages_per_room",
            Self::ApiKey => "api_key",
            Self::SlowReaders => "slow_readers",
            Self::LabPorts => "lab_ports",
            Self::OperatorPassword => "operator_password",
            Self::ReplayFile => "replay_file",
            Self::ReplaySpeed => "replay_speed",
            Self::MarketFeed => "market_feed",
            Self::MarketSymbols => "market_symbols",
            Self::MarketTicks => "market_ticks",
            Self::PaymentSecret => "payment_secret",
        }
    }

    fn default_value(self) -> Option<&'static str> {
        match self {
            Self::BackAddr => Some("127.0.0.1:3000"),
            Self::FrontAddr => Some("127.0.0.1:3001"),
            Self::DatabaseUrl => Some("sqlite://madang.db"),
            Self::LogFormat => Some("text"),
            Self::MaxConnections => Some("16384"),
            Self::MaxConnectionsPerAddress => Some("0"),
            Self::MaxWait => Some("60"),
            Self::MaxRequestsPerAddress => Some("100000"),
            Self::MaxSeatsPerAddress => Some("90"),
            Self::MaxBytesPerAddress => Some("268435456"),
            Self::MaxMessagesPerUser => Some("1000"),
            Self::MaxMessagesPerRoom => Some("10000"),
            Self::LabPorts => Some("any"),
            Self::ReplayFile => Some("sample"),
            Self::ReplaySpeed => Some("1"),
            Self::MarketFeed => Some("simulator"),
            Self::MarketSymbols => Some("24"),
            Self::MarketTicks => Some("2"),
            Self::PaymentSecret => Some("demo"),
            Self::BackUrl
            | Self::AllowedOrigin
            | Self::ApiKey
            | Self::SlowReaders
            | Self::OperatorPassword => None,
        }
    }

    /// Whether there may be several values.
    fn is_list(self) -> bool {
        matches!(self, Self::AllowedOrigin | Self::ApiKey | Self::SlowReaders)
    }

    fn given_by(self, flags: &Flags) -> Vec<String> {
        match self {
            Self::AllowedOrigin => return flags.allowed_origin.clone(),
            Self::ApiKey => return flags.api_key.clone(),
            Self::SlowReaders => return flags.slow_readers.clone(),
            Self::BackAddr => &flags.back_addr,
            Self::FrontAddr => &flags.front_addr,
            Self::BackUrl => &flags.back_url,
            Self::DatabaseUrl => &flags.database_url,
            Self::LogFormat => &flags.log_format,
            Self::MaxConnections => &flags.max_connections,
            Self::MaxConnectionsPerAddress => &flags.max_connections_per_address,
            Self::MaxWait => &flags.max_wait,
            Self::MaxRequestsPerAddress => &flags.max_requests_per_address,
            Self::MaxSeatsPerAddress => &flags.max_seats_per_address,
            Self::MaxBytesPerAddress => &flags.max_bytes_per_address,
            Self::MaxMessagesPerUser => &flags.max_messages_per_user,
            Self::MaxMessagesPerRoom => &flags.max_messages_per_room,
            Self::LabPorts => &flags.lab_ports,
            Self::OperatorPassword => &flags.operator_password,
            Self::ReplayFile => &flags.replay_file,
            Self::ReplaySpeed => &flags.replay_speed,
            Self::MarketFeed => &flags.market_feed,
            Self::MarketSymbols => &flags.market_symbols,
            Self::MarketTicks => &flags.market_ticks,
            Self::PaymentSecret => &flags.payment_secret,
        }
        .iter()
        .cloned()
        .collect()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Puts the layers on each other and takes every key's topmost value.
pub(super) fn collect(flags: &Flags, problems: &mut Vec<Problem>) -> Vec<Setting> {
    let mut layers = Figment::new();
    for key in Key::ALL {
        if let Some(value) = key.default_value() {
            layers = layers.merge(Serialized::default(key.name(), value));
        }
    }
    if let Some(path) = settings_file(flags, problems) {
        let file = Toml::file_exact(&path);
        match file.data() {
            Ok(profiles) => {
                report_unknown_keys(profiles.values().flat_map(|dict| dict.keys()), &path, problems);
                layers = layers.merge(file);
            }
            Err(error) => problems.push(Problem(format!(
                "{} can't be read: {}",
                path.display(),
                one_line(&error)
            ))),
        }
    }
    layers = layers.merge(Env::prefixed("MADANG_").only(&Key::ALL.map(Key::name)));
    Key::ALL
        .iter()
        .map(|key| setting(*key, &layers, flags, problems))
        .collect()
}

fn settings_file(flags: &Flags, problems: &mut Vec<Problem>) -> Option<PathBuf> {
    match &flags.config {
        Some(path) if path.is_file() => Some(path.clone()),
        Some(path) => {
            problems.push(Problem(format!(
                "{} can't be read: no such file (from --config)",
                path.display()
            )));
            None
        }
        None => Some(PathBuf::from("madang.toml")).filter(|path| path.is_file()),
    }
}

fn report_unknown_keys<'a>(keys: impl Iterator<Item = &'a String>, path: &Path, problems: &mut Vec<Problem>) {
    for key in keys.filter(|key| Key::ALL.iter().all(|known| known.name() != key.as_str())) {
        let nearest = Key::ALL
            .map(|known| (strsim::jaro_winkler(known.name(), key), known))
            .into_iter()
            .max_by(|(a, _), (b, _)| a.total_cmp(b))
            // Under this they have little more in common than being made of letters.
            .filter(|(likeness, _)| *likeness > 0.75);
        let hint = match nearest {
            Some((_, known)) => format!("did you mean `{known}`?"),
            None => format!("the keys are {}", Key::ALL.map(Key::name).join(", ")),
        };
        problems.push(Problem(format!(
            "{}: unknown key `{key}`; {hint}",
            path.display()
        )));
    }
}

fn setting(key: Key, layers: &Figment, flags: &Flags, problems: &mut Vec<Problem>) -> Setting {
    let flag = key.given_by(flags);
    if !flag.is_empty() {
        return Setting {
            key,
            values: flag,
            source: format!("--{}", key.name().replace('_', "-")),
        };
    }
    let Ok(value) = layers.find_value(key.name()) else {
        return Setting {
            key,
            values: Vec::new(),
            source: "default".to_owned(),
        };
    };
    let source = source_name(key, layers.get_metadata(value.tag()));
    let values = texts(&value, key.is_list()).unwrap_or_else(|| {
        problems.push(Problem(format!(
            "{key} must be a text{} (from {source})",
            match key {
                key if key.is_list() => " or a list of texts",
                Key::ReplaySpeed | Key::MarketSymbols | Key::MarketTicks => " or a whole number",
                key if key.name().starts_with("max_") => " or a whole number",
                _ => "",
            }
        )));
        Vec::new()
    });
    Setting { key, values, source }
}

fn source_name(key: Key, metadata: Option<&Metadata>) -> String {
    match metadata {
        Some(metadata) if metadata.name.contains("environment") => {
            format!("MADANG_{}", key.name().to_uppercase())
        }
        Some(Metadata {
            source: Some(figment::Source::File(path)),
            ..
        }) => path.display().to_string(),
        _ => "default".to_owned(),
    }
}

fn texts(value: &Value, list: bool) -> Option<Vec<String>> {
    match value {
        // In the environment a list is written with commas.
        Value::String(_, text) if list => Some(text.split(',').map(|part| part.trim().to_owned()).collect()),
        Value::String(_, text) => Some(vec![text.clone()]),
        Value::Num(_, number) => {
            let whole = number.to_i128().map(|n| n.to_string());
            whole
                .or_else(|| number.to_f64().map(|n| n.to_string()))
                .map(|text| vec![text])
        }
        Value::Array(_, items) if list => items
            .iter()
            .map(|item| item.as_str().map(str::to_owned))
            .collect(),
        _ => None,
    }
}

fn one_line(error: &figment::Error) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}
