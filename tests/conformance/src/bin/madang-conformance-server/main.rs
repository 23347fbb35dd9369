//! The server that foreign clients and the replays judge: `tests/conformance/socketio/SERVER.md` says what it does.

mod events;
mod flags;

use flags::Flags;
use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use madang_engineio::{CloseReason, Config, Cookie, Cors, CorsOrigin, EngineIo, Message};
use madang_socketio::{ClientFiles, ConnectError, ConnectionStateRecovery, Data, Parser, SocketIo};
use serde::Deserialize;
use std::convert::Infallible;
use std::error::Error;
use std::path::Path;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let flags = Flags::parse(std::env::args().skip(1))?;
    let io = socket_io(&flags)?;
    let mut config = engine_config(&flags);
    config.path = "/engine.io".to_owned();
    let engine = EngineIo::new(config, Echo);

    let listener = TcpListener::bind(("127.0.0.1", flags.port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        let (io, engine) = (io.clone(), engine.clone());
        if flags.tcp {
            tokio::spawn(serve_bare(stream, io, engine));
        } else {
            tokio::spawn(serve(stream, io, engine));
        }
    }
}

/// Both servers behind one hyper.
async fn serve(stream: TcpStream, io: SocketIo, engine: EngineIo<Echo>) {
    let service = hyper::service::service_fn(|request: Request<Incoming>| {
        let (io, engine) = (io.clone(), engine.clone());
        async move {
            Ok::<_, Infallible>(match io.is_ours(request.uri().path()) {
                true => io.respond(request).await,
                false => engine.respond(request).await,
            })
        }
    });
    let http = hyper::server::conn::http1::Builder::new();
    let connection = http
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    // What a client does wrong is its own business, and tested from there.
    let _ = connection.await;
}

/// The server of whose address the connection's first request has the beginning; they don't share a port otherwise.
async fn serve_bare(stream: TcpStream, io: SocketIo, engine: EngineIo<Echo>) {
    let mut start = [0; 64];
    let mut len = 0;
    // A request that comes byte by byte is waited for, though not for long.
    for _ in 0..50 {
        match stream.peek(&mut start).await {
            Ok(0) | Err(_) => break,
            Ok(peeked) => len = peeked,
        }
        if start[..len].contains(&b'?') || len == start.len() {
            break;
        }
        sleep(Duration::from_millis(1)).await;
    }
    match start[..len].windows(10).any(|part| part == b"/engine.io") {
        true => engine.serve_connection(stream, |_| None).await,
        false => io.serve_connection(stream).await,
    }
}

fn socket_io(flags: &Flags) -> Result<SocketIo, Box<dyn Error>> {
    let mut builder = SocketIo::builder().serve_client(client_files()?);
    if let Some(timeout) = flags.connect_timeout {
        builder = builder.connect_timeout(timeout);
    }
    if flags.recovery {
        builder = builder.connection_state_recovery(ConnectionStateRecovery::default());
    }
    if flags.msgpack {
        builder = builder.parser(Parser::Msgpack);
    }
    let mut config = engine_config(flags);
    let io = builder
        .engine(|engine| {
            config.path.clone_from(&engine.path);
            *engine = config;
        })
        .build();

    for name in ["/", "/chat"] {
        if flags.bare {
            io.ns(name, events::serve);
        } else {
            io.ns(name, events::welcome);
        }
    }
    io.ns("/quiet", events::serve);
    io.ns_matching(is_room, events::serve);
    let guarded = io.ns("/guarded", events::serve);
    guarded.use_(
        async |Data(auth): Data<Option<Auth>>| match auth.and_then(|auth| auth.token).as_deref() {
            Some("yes") => Ok(()),
            _ => Err(ConnectError::new("not allowed").with_data(&serde_json::json!({ "code": "E_TOKEN" }))),
        },
    );
    Ok(io)
}

fn is_room(name: &str) -> bool {
    name.strip_prefix("/room-").is_some_and(|rest| {
        let fits = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_lowercase();
        !rest.is_empty() && rest.bytes().all(fits)
    })
}

/// What a client says to be let in.
#[derive(Deserialize)]
struct Auth {
    token: Option<String>,
}

/// The options that both servers have.
fn engine_config(flags: &Flags) -> Config {
    let mut config = Config::default();
    config.allow_eio3 = flags.allow_eio3;
    config.ping_interval = flags.ping_interval.unwrap_or(config.ping_interval);
    config.ping_timeout = flags.ping_timeout.unwrap_or(config.ping_timeout);
    config.upgrade_timeout = flags.upgrade_timeout.unwrap_or(config.upgrade_timeout);
    config.cookie = flags.cookie.then(Cookie::default);
    let origin = match &flags.cors {
        Some(origin) if origin == "*" => Some(CorsOrigin::Any),
        Some(origin) => Some(CorsOrigin::Exact(origin.clone())),
        None if flags.bare => None,
        None => Some(CorsOrigin::reflect()),
    };
    config.cors = origin.map(|origin| Cors {
        origin,
        credentials: true,
        ..Cors::default()
    });
    if !flags.bare {
        config.max_http_buffer_size = 4_000_000;
        // What was posted may come back at once.
        config.send_limit = 8_000_000;
    }
    config.set_allow_request(|request| {
        let refused = request
            .uri
            .query()
            .is_some_and(|query| query.contains("refuse=yes"));
        async move {
            if refused {
                Err("refused".to_owned())
            } else {
                Ok(())
            }
        }
    });
    config
}

/// The client that the pages of this repository have.
fn client_files() -> Result<ClientFiles, Box<dyn Error>> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/node_modules/socket.io-client");
    let description = std::fs::read_to_string(package.join("package.json"))
        .map_err(|error| format!("{}: {error}; `make web` installs it", package.display()))?;
    let description: Description = serde_json::from_str(&description)?;
    let mut files = ClientFiles::new(&description.version);
    for script in [
        "socket.io.js",
        "socket.io.min.js",
        "socket.io.esm.min.js",
        "socket.io.msgpack.min.js",
    ] {
        for name in [script.to_owned(), format!("{script}.map")] {
            files = files.with(&name, std::fs::read(package.join("dist").join(&name))?);
        }
    }
    Ok(files)
}

/// What matters of a `package.json`.
#[derive(Deserialize)]
struct Description {
    version: String,
}

/// Engine.IO alone: every message comes back as it came.
struct Echo;

impl madang_engineio::Handler for Echo {
    type Session = madang_engineio::Socket;

    fn open(&self, socket: Self::Session, _request: &http::request::Parts) -> Self::Session {
        socket
    }

    fn message(&self, socket: &mut Self::Session, message: Message) {
        match &message {
            Message::Text(text) if &**text == "close me" => socket.close(false),
            _ => socket.send(message),
        }
    }

    fn close(&self, _socket: Self::Session, _reason: CloseReason) {}
}
