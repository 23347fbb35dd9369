//! From settings to running servers, and from a signal to a clean end.

use std::io;
use std::net::SocketAddr;

use thiserror::Error;
use tokio::signal;

use crate::back::{
    Back, BackSettings, FeedSource, OperatorPassword, RateLimits, ScoresSettings, SeatsSettings,
};
use crate::cli::Command;
use crate::config::{Config, DatabaseUrl, Problem};
use crate::feed;
use crate::front::{Front, OpenError};
use crate::listener::{ConnectionLimits, Listener};
use crate::store::{Store, StoreError};

/// Why the program could not start. Each is one line.
#[derive(Debug, Error)]
pub enum StartError {
    /// The settings don't fit together.
    #[error(transparent)]
    Settings(#[from] Problem),
    /// A port could not be opened.
    #[error("the {server} can't listen on {addr}: {reason}")]
    Listen {
        /// Which server.
        server: &'static str,
        /// Where it should have listened.
        addr: SocketAddr,
        /// What the system said.
        reason: String,
    },
    /// The database can't be used.
    #[error("the database {url} can't be used: {error}")]
    Database {
        /// Its address, without the password.
        url: DatabaseUrl,
        /// What it said.
        error: StoreError,
    },
    /// The front can't show its pages.
    #[error(transparent)]
    Front(#[from] OpenError),
    /// An allowed origin cannot stand in a header.
    #[error("an allowed origin can't stand in a header")]
    Origin(#[from] http::header::InvalidHeaderValue),
    /// Signals can't be waited for.
    #[error("signals can't be waited for: {0}")]
    Signals(io::Error),
}

/// The servers of one process.
#[derive(Debug)]
pub struct Servers {
    /// Unless only the front was asked for.
    pub back: Option<Back>,
    /// Unless only the back was asked for.
    pub front: Option<Front>,
}

impl Servers {
    /// Opens what `command` names.
    ///
    /// # Errors
    /// [`StartError`]; nothing is left open.
    pub async fn open(command: &Command, config: &Config) -> Result<Self, StartError> {
        if command.runs_front() {
            config.check_front()?;
        }
        // Ports first: they tell at once whether the program runs already, and the addresses, for port 0.
        let back = command
            .runs_back()
            .then(|| listen("back", config.back_addr))
            .transpose()?;
        let front = command
            .runs_front()
            .then(|| listen("front", config.front_addr))
            .transpose()?;
        let back_url = config.back_url(back.as_ref().map_or(config.back_addr, Listener::addr));
        let front_addr = front.as_ref().map_or(config.front_addr, Listener::addr);

        let password = config.operator_password.clone();
        let password = password.unwrap_or_else(OperatorPassword::random);
        let back = match back {
            Some(listener) => {
                let url = &config.database_url;
                let store = Store::open(url).await.map_err(|error| StartError::Database {
                    url: url.clone(),
                    error,
                })?;
                let allowed_origins = config.allowed_origins(front_addr);
                let limits = ConnectionLimits {
                    total: config.max_connections,
                    per_address: config.max_connections_per_address,
                };
                let back = Back::open(
                    listener,
                    store,
                    &BackSettings {
                        allowed_origins,
                        limits,
                        max_wait: config.max_wait,
                        rates: RateLimits {
                            requests_per_address: config.max_requests_per_address,
                            bytes_per_address: config.max_bytes_per_address,
                            messages_per_user: config.max_messages_per_user,
                            messages_per_room: config.max_messages_per_room,
                            api_keys: config.api_keys.clone(),
                        },
                        slow_readers: config.slow_readers.clone(),
                        lab_ports: config.lab_ports.clone(),
                        secure_cookies: back_url.starts_with("wss:"),
                        scores: ScoresSettings {
                            password: password.clone(),
                            replay: config.replay.clone(),
                            speed: config.replay_speed,
                        },
                        market: config.market.clone(),
                        seats: SeatsSettings {
                            payment_secret: config.payment_secret.clone(),
                        },
                    },
                )?;
                tracing::info!(addr = %back.addr(), "back listening");
                Some(back)
            }
            None => None,
        };
        let front = match front {
            Some(listener) => {
                let limits = ConnectionLimits {
                    total: config.max_connections,
                    per_address: None,
                };
                let front = Front::open(listener, &back_url, limits)?;
                tracing::info!(addr = %front.addr(), "front listening: open http://{}/", front.addr());
                Some(front)
            }
            None => None,
        };
        if back.is_some() && config.operator_password.is_none() {
            let front = front
                .as_ref()
                .map_or_else(String::new, |front| format!("http://{}", front.addr()));
            let password = password.reveal();
            tracing::info!(
                "matches are run at {front}/scores/operator with the password {password}, made for this start; operator_password sets another"
            );
        }
        Ok(Self { back, front })
    }

    /// Closes them. Returns whether every connection ended in time.
    pub async fn close(self) -> bool {
        let front = async {
            if let Some(front) = self.front {
                front.close().await;
            }
        };
        let back = async {
            match self.back {
                Some(back) => back.close().await,
                None => true,
            }
        };
        tokio::join!(front, back).1
    }
}

/// Runs what `command` names until SIGTERM or Ctrl-C, or until who looks at a replay wants it to end.
///
/// # Errors
/// [`StartError`].
pub async fn run(command: &Command, config: &Config) -> Result<(), StartError> {
    // Before the ports are open: a signal that comes early is not lost.
    let stop = stop_signal()?;
    raise_file_limit();
    let begin = match (command.replay(), &config.market.source) {
        (Some(flags), FeedSource::Replay(recording, _)) => {
            Some((flags.begin(recording)?, feed::command::offset(recording)))
        }
        _ => None,
    };
    let servers = Servers::open(command, config).await?;
    let replay = servers.back.as_ref().and_then(Back::replay).zip(begin);
    let console = async {
        match replay {
            Some((replay, (begin, utc_offset_minutes))) => {
                feed::console::run(&replay, &begin, utc_offset_minutes).await;
            }
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = stop => {}
        () = console => {}
    }
    tracing::info!("stopping");
    let in_time = servers.close().await;
    tracing::info!(in_time, "stopped");
    Ok(())
}

fn listen(server: &'static str, addr: SocketAddr) -> Result<Listener, StartError> {
    Listener::bind(addr).map_err(|error| {
        let reason = match error.kind() {
            io::ErrorKind::AddrInUse => "the port is in use".to_owned(),
            _ => error.to_string(),
        };
        StartError::Listen { server, addr, reason }
    })
}

/// Ready when somebody ends the program. From this call on, no signal is lost, and none ends it by itself.
///
/// # Errors
/// [`StartError::Signals`].
#[cfg(unix)]
pub(crate) fn stop_signal() -> Result<impl Future<Output = ()>, StartError> {
    use signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).map_err(StartError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(StartError::Signals)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(not(unix))]
pub(crate) fn stop_signal() -> Result<impl Future<Output = ()>, StartError> {
    Ok(async {
        // An error means that Ctrl-C can't be noticed: then the system ends the program in its own way.
        if signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

/// Takes all the open files the system allows: many systems start programs with 1,024 and let them ask for more.
#[cfg(unix)]
fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
}

#[cfg(not(unix))]
fn raise_file_limit() {}
