//! Servers that outlive a runtime.

use crate::common::Served;
use std::time::Duration;
use tokio::time::timeout;

/// Far more than the heartbeat that is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

#[test]
fn time_goes_on_when_the_runtime_of_the_first_session_is_gone() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let config = |config: &mut madang_engineio::Config| config.ping_interval = Duration::from_millis(50);
    let first = runtime();
    let served = first.block_on(Served::start(config));
    first.block_on(served.open("EIO=4"));
    drop(first);
    runtime().block_on(async {
        let query = "/engine.io/?EIO=4&transport=polling";
        let open = http::Request::get(query).body(http_body_util::Empty::<bytes::Bytes>::new());
        let answer = served.engine.respond(open.unwrap()).await;
        let body = http_body_util::BodyExt::collect(answer.into_body())
            .await
            .unwrap();
        let text = String::from_utf8(body.to_bytes().to_vec()).unwrap();
        let sid = text.split('"').nth(3).unwrap();
        let poll = http::Request::get(format!("{query}&sid={sid}"));
        let poll = poll.body(http_body_util::Empty::<bytes::Bytes>::new()).unwrap();
        let answer = timeout(PATIENCE, served.engine.respond(poll)).await;
        assert!(answer.is_ok(), "there is no heartbeat");
    });
}
