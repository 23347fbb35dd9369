//! Runtimes that end or whose clock is stopped.

use crate::common::{Scribe, Served};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use madang_engineio::{Config, EngineIo};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, timeout};

/// Far more than the heartbeat that is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// The body of the answer to a GET that comes over no connection.
async fn get(engine: &EngineIo<Scribe>, query: &str) -> String {
    let uri = format!("/engine.io/?EIO=4&transport=polling{query}");
    let request = http::Request::get(uri).body(Empty::<Bytes>::new()).unwrap();
    let body = engine.respond(request).await.into_body();
    let bytes = body.collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Opens a session and polls.
async fn poll(engine: &EngineIo<Scribe>) -> String {
    let handshake = get(engine, "").await;
    let sid = handshake.split('"').nth(3).unwrap();
    get(engine, &format!("&sid={sid}")).await
}

#[test]
fn time_goes_on_when_the_runtime_of_the_first_session_is_gone() {
    let first = runtime();
    let served = first.block_on(Served::start(|config| {
        config.ping_interval = Duration::from_millis(50);
    }));
    first.block_on(served.open("EIO=4"));
    drop(first);
    let heartbeat = runtime().block_on(async { timeout(PATIENCE, poll(&served.engine)).await });
    assert_eq!(heartbeat.unwrap(), "2");
}

#[test]
fn a_clock_that_a_test_has_stopped_counts() {
    let (done, waits) = std::sync::mpsc::channel();
    // A thread, since a server that went by the system's clock would never let that of the runtime go on.
    std::thread::spawn(move || {
        runtime().block_on(async {
            tokio::time::pause();
            let begun = Instant::now();
            let (notes, _read) = tokio::sync::mpsc::unbounded_channel();
            let engine = EngineIo::new(Config::default(), Scribe::new(notes));
            assert_eq!(poll(&engine).await, "2");
            done.send(begun.elapsed()).unwrap();
        });
    });
    let elapsed = waits.recv_timeout(PATIENCE).unwrap();
    assert!((25..26).contains(&elapsed.as_secs()), "{elapsed:?}");
}
