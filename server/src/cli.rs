//! The command line. Values stay text here: what they must look like is said once, in [`crate::config`], for flags,
//! environment and file alike.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::account::Account;
use crate::feed::command::{MarketCommand, ReplayFlags};
use crate::load::command::LoadFlags;
use crate::organiser::SeatsCommand;
use crate::upkeep::{Backup, Migrate};

/// What was typed after `madang`.
#[derive(Debug, Parser)]
#[command(
    name = "madang",
    version,
    about = "A yard where everyone who steps in hears everyone else"
)]
#[command(
    after_help = "Flags win over MADANG_... in the environment, that over madang.toml, that over the defaults."
)]
pub struct Cli {
    /// What to do; nothing said means `serve`.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The settings given as flags.
    #[command(flatten)]
    pub flags: Flags,
}

/// What to do.
#[derive(Clone, Debug, Default, PartialEq, Subcommand)]
pub enum Command {
    /// Start both servers (what `madang` alone does)
    #[default]
    Serve,
    /// Start only the back: rooms by every transport, the HTTP API, health
    Back,
    /// Start only the front: the pages
    Front,
    /// Print the settings in force and where each comes from; exit code 1 and the reasons if any is wrong
    Check,
    /// Accounts in the database, which need not be running
    #[command(subcommand)]
    Account(Account),
    /// Put readers on a room of a running back, and print what they measure
    Load(LoadFlags),
    /// Play a recorded market
    #[command(subcommand)]
    Market(MarketCommand),
    /// Events of reservation in the database, which need not be running
    #[command(subcommand)]
    Seats(SeatsCommand),
    /// Bring the database's tables up to date, or take steps back
    #[command(subcommand)]
    Migrate(Migrate),
    /// Copy everything that is stored into one SQLite file, while servers go on
    Backup(Backup),
}

impl Command {
    /// Whether this command opens the back.
    pub fn runs_back(&self) -> bool {
        matches!(self, Self::Serve | Self::Back | Self::Check | Self::Market(_))
    }

    /// Whether this command opens the front.
    pub fn runs_front(&self) -> bool {
        matches!(self, Self::Serve | Self::Front | Self::Check | Self::Market(_))
    }

    /// The recorded market that it plays, if it does.
    pub fn replay(&self) -> Option<&ReplayFlags> {
        match self {
            Self::Market(MarketCommand::Replay(flags)) => Some(flags),
            _ => None,
        }
    }
}

/// The settings as flags; one field per key of [`crate::config::Key`], and the file to read.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Settings of the servers")]
pub struct Flags {
    /// Settings file; without it `madang.toml` is read if it is there
    #[arg(long, global = true, env = "MADANG_CONFIG", value_name = "PATH")]
    pub config: Option<PathBuf>,
    /// Where the back listens [default: 127.0.0.1:3000]
    #[arg(long, global = true, value_name = "IP:PORT")]
    pub back_addr: Option<String>,
    /// Where the front listens [default: 127.0.0.1:3001]
    #[arg(long, global = true, value_name = "IP:PORT")]
    pub front_addr: Option<String>,
    /// How a browser reaches the back [default: ws:// and the back's address]
    #[arg(long, global = true, value_name = "URL")]
    pub back_url: Option<String>,
    /// sqlite://FILE, mysql://... or postgres://... [default: sqlite://madang.db]
    #[arg(long, global = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// Origin whose pages may use the back, repeatable [default: the front's own, as 127.0.0.1 and localhost]
    #[arg(long, global = true, value_name = "ORIGIN")]
    pub allowed_origin: Vec<String>,
    /// text or json [default: text]
    #[arg(long, global = true, value_name = "FORMAT")]
    pub log_format: Option<String>,
    /// Connections the back holds at once [default: 16384]
    #[arg(long, global = true, value_name = "N")]
    pub max_connections: Option<String>,
    /// Of those, from one address; 0 = no limit of its own [default: 0]
    #[arg(long, global = true, value_name = "N")]
    pub max_connections_per_address: Option<String>,
    /// Seconds that a long-poll may wait for news at most [default: 60]
    #[arg(long, global = true, value_name = "SECONDS")]
    pub max_wait: Option<String>,
    /// Requests and commands of one address in 10 seconds; 0 = no limit [default: 100000]
    #[arg(long, global = true, value_name = "N")]
    pub max_requests_per_address: Option<String>,
    /// Places that one address takes into holds, or waits for, in 10 minutes; 0 = no limit [default: 90]
    #[arg(long, global = true, value_name = "N")]
    pub max_seats_per_address: Option<String>,
    /// Bytes that one address sends in 10 seconds; 0 = no limit [default: 268435456]
    #[arg(long, global = true, value_name = "BYTES")]
    pub max_bytes_per_address: Option<String>,
    /// Messages of one user in 10 seconds; 0 = no limit [default: 1000]
    #[arg(long, global = true, value_name = "N")]
    pub max_messages_per_user: Option<String>,
    /// Messages in one room in 10 seconds; 0 = no limit [default: 10000]
    #[arg(long, global = true, value_name = "N")]
    pub max_messages_per_room: Option<String>,
    /// Key of another back end, which may ten times as much as an address, repeatable; others see flags: prefer the environment
    #[arg(long, global = true, value_name = "KEY")]
    pub api_key: Vec<String>,
    /// What happens to the slow readers of a room: disconnect, drop-oldest or latest; repeatable [default: disconnect]
    #[arg(long, global = true, value_name = "ROOM=POLICY")]
    pub slow_readers: Vec<String>,
    /// Ports for the laboratory's lines: any, off, or FIRST-LAST [default: any]
    #[arg(long, global = true, value_name = "PORTS")]
    pub lab_ports: Option<String>,
    /// With what somebody signs in at /scores/operator; better in the file or the environment [default: made at each start]
    #[arg(long, global = true, value_name = "TEXT")]
    pub operator_password: Option<String>,
    /// Match to play in the room scores-yard: a file, sample or none [default: sample]
    #[arg(long, global = true, value_name = "PATH")]
    pub replay_file: Option<String>,
    /// How much faster than it is written, 1 to 60 [default: 1]
    #[arg(long, global = true, value_name = "N")]
    pub replay_speed: Option<String>,
    /// What the payment provider signs its news with; better in the file or the environment; demo: the program pretends to be one [default: demo]
    #[arg(long, global = true, value_name = "TEXT")]
    pub payment_secret: Option<String>,
    /// Where the market's ticks come from: simulator, simulator:SEED, a file of CSV, ws://... or none [default: simulator]
    #[arg(long, global = true, value_name = "FEED")]
    pub market_feed: Option<String>,
    /// Symbols of the simulator, 1 to 2000 [default: 24]
    #[arg(long, global = true, value_name = "N")]
    pub market_symbols: Option<String>,
    /// Ticks of each of them in a second, 1 to 100 [default: 2]
    #[arg(long, global = true, value_name = "N")]
    pub market_ticks: Option<String>,
}
