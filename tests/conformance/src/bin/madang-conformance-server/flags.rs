//! The command line.

use std::error::Error;
use std::time::Duration;

/// What the server is told to be.
#[derive(Default)]
pub(crate) struct Flags {
    pub(crate) port: u16,
    pub(crate) allow_eio3: bool,
    pub(crate) recovery: bool,
    pub(crate) msgpack: bool,
    pub(crate) ping_interval: Option<Duration>,
    pub(crate) ping_timeout: Option<Duration>,
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) upgrade_timeout: Option<Duration>,
    /// Everything at its default, and nothing is sent unasked.
    pub(crate) bare: bool,
    /// Without it, the origin is reflected, unless the server is bare.
    pub(crate) cors: Option<String>,
    pub(crate) cookie: bool,
    /// On the library's own HTTP server instead of hyper.
    pub(crate) tcp: bool,
}

impl Flags {
    /// Reads the process's arguments.
    pub(crate) fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let mut flags = Self::default();
        while let Some(flag) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{flag} needs a value"));
            match flag.as_str() {
                "--port" => flags.port = value()?.parse()?,
                "--allow-eio3" => flags.allow_eio3 = true,
                "--recovery" => flags.recovery = true,
                "--parser" => flags.msgpack = value()? == "msgpack",
                "--ping-interval" => flags.ping_interval = Some(milliseconds(&value()?)?),
                "--ping-timeout" => flags.ping_timeout = Some(milliseconds(&value()?)?),
                "--connect-timeout" => flags.connect_timeout = Some(milliseconds(&value()?)?),
                "--upgrade-timeout" => flags.upgrade_timeout = Some(milliseconds(&value()?)?),
                "--bare" => flags.bare = true,
                "--cors" => flags.cors = Some(value()?),
                "--cookie" => flags.cookie = true,
                "--tcp" => flags.tcp = true,
                other => return Err(format!("unknown flag {other}").into()),
            }
        }
        Ok(flags)
    }
}

fn milliseconds(text: &str) -> Result<Duration, Box<dyn Error>> {
    Ok(Duration::from_millis(text.parse()?))
}
