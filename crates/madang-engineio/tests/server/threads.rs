//! What several threads do to one session at once.

use crate::common::{Served, text};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::timeout;

/// Far less than a heartbeat, which would have everything leave.
const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_thread_sends_while_a_message_is_handled_leaves_at_once() {
    const ROUNDS: usize = 10_000;
    let served = Served::start(|_| {}).await;
    let mut client = served.websocket("EIO=4&transport=websocket").await;
    text(&mut client).await;
    let socket = served.opened().await;
    let round = Arc::new(AtomicUsize::new(0));
    let seen = round.clone();
    // It sends somewhat later than the client each time, while that is being handled in some of them.
    let other = std::thread::spawn(move || {
        let long = "x".repeat(50_000);
        for wanted in 1..=ROUNDS {
            while seen.load(Ordering::Acquire) < wanted {
                std::hint::spin_loop();
            }
            for _ in 0..wanted % 100 * 40 {
                std::hint::spin_loop();
            }
            socket.send(long.as_str());
        }
    });
    for next in 1..=ROUNDS {
        client.send("4echo").await.unwrap();
        round.store(next, Ordering::Release);
        for _ in 0..2 {
            let heard = timeout(PATIENCE, client.recv()).await;
            assert!(heard.is_ok(), "something was left behind in round {next}");
        }
        served.message().await;
    }
    other.join().unwrap();
}
