//! Every bound of `Limits` and `KeepAlive` on time, crossed on a clock of the tests' own.

use crate::end::End;
use crate::wire::{self, CLOSE, FIN, PING, PONG, TEXT};
use madang_ws::proto::{CloseCode, CloseFrame, Config, KeepAlive, Limits, Role, TimedOut};
use std::time::Duration;

const ROLES: [Role; 2] = [Role::Server, Role::Client];
const SECOND: Duration = Duration::from_secs(1);

fn closing_in(role: Role, close_time: Duration) -> Config {
    let mut config = Config::new(role);
    config.limits.close_time = close_time;
    config
}

fn timed(role: Role, keep_alive: KeepAlive) -> End {
    let mut config = Config::new(role);
    config.keep_alive = keep_alive;
    End::new(&config)
}

#[test]
fn silence_is_questioned_after_the_ping_interval() {
    for role in ROLES {
        let mut end = timed(
            role,
            KeepAlive {
                ping_interval: Some(30 * SECOND),
                idle_timeout: None,
            },
        );
        assert_eq!(end.connection.poll_timeout(), Some(end.now + 30 * SECOND));
        end.advance(29 * SECOND);
        assert_eq!(end.connection.handle_timeout(end.now), Ok(()));
        assert_eq!(end.sent(), [], "not yet");
        end.receive(&wire::frame(end.peer(), PONG, b""));
        assert_eq!(
            end.connection.poll_timeout(),
            Some(end.now + 30 * SECOND),
            "anything heard is a sign of life"
        );
        end.advance(30 * SECOND);
        assert_eq!(end.connection.handle_timeout(end.now), Ok(()));
        assert_eq!(
            end.sent().iter().map(|frame| frame.first).collect::<Vec<_>>(),
            [PING]
        );
        assert_eq!(end.connection.handle_timeout(end.now), Ok(()));
        assert_eq!(end.sent(), [], "once");
    }
}

#[test]
fn unanswered_pings_end_the_connection() {
    for role in ROLES {
        let mut end = timed(
            role,
            KeepAlive {
                ping_interval: Some(SECOND),
                idle_timeout: None,
            },
        );
        for _ in 0..Limits::default().unanswered_pings {
            end.advance(SECOND);
            assert_eq!(end.connection.handle_timeout(end.now), Ok(()));
            assert_eq!(end.sent().len(), 1);
        }
        end.advance(SECOND);
        assert_eq!(end.connection.handle_timeout(end.now), Err(TimedOut::Pings(2)));
    }
}

#[test]
fn an_answered_ping_is_forgotten() {
    for role in ROLES {
        let mut end = timed(
            role,
            KeepAlive {
                ping_interval: Some(SECOND),
                idle_timeout: None,
            },
        );
        for _ in 0..10 {
            end.advance(SECOND);
            assert_eq!(end.connection.handle_timeout(end.now), Ok(()));
            assert_eq!(end.sent().len(), 1);
            end.receive(&wire::frame(end.peer(), PONG, b""));
        }
    }
}

#[test]
fn idle_for_too_long_closes_with_1001() {
    for role in ROLES {
        let mut end = timed(
            role,
            KeepAlive {
                ping_interval: None,
                idle_timeout: Some(60 * SECOND),
            },
        );
        for _ in 0..3 {
            end.advance(59 * SECOND);
            assert_eq!(end.connection.handle_timeout(end.now), Ok(()));
            end.receive(&wire::frame(end.peer(), FIN | TEXT, b"received"));
            end.advance(59 * SECOND);
            assert_eq!(end.connection.handle_timeout(end.now), Ok(()));
            end.send("sent");
        }
        end.sent();
        end.advance(59 * SECOND);
        end.receive(&wire::frame(end.peer(), PING, b"a ping is no message"));
        end.sent();
        assert_eq!(end.connection.poll_timeout(), Some(end.now + SECOND));
        end.advance(SECOND);
        assert_eq!(end.connection.handle_timeout(end.now), Ok(()));
        let sent = end.sent();
        assert_eq!((sent.len(), sent[0].close_code()), (1, Some(1001)));
    }
}

#[test]
fn a_peer_that_does_not_answer_a_close_is_given_up_after_close_time() {
    for role in ROLES {
        let mut end = End::new(&closing_in(role, 5 * SECOND));
        assert_eq!(end.connection.poll_timeout(), None, "no timers by default");
        end.connection.close(None, end.now);
        let due = end.now + 5 * SECOND;
        assert_eq!(end.connection.poll_timeout(), Some(due));
        end.advance(4 * SECOND);
        end.receive(&wire::frame(end.peer(), FIN | TEXT, b"talking on doesn't help"));
        assert_eq!(end.connection.handle_timeout(end.now), Ok(()));
        assert_eq!(end.connection.poll_timeout(), Some(due));
        end.advance(SECOND);
        assert_eq!(
            end.connection.handle_timeout(end.now),
            Err(TimedOut::Close(5 * SECOND))
        );
    }
}

#[test]
fn the_close_of_an_idle_connection_has_a_time_limit_too() {
    for role in ROLES {
        let keep_alive = KeepAlive {
            ping_interval: Some(SECOND),
            idle_timeout: Some(10 * SECOND),
        };
        let mut end = timed(role, keep_alive);
        end.advance(10 * SECOND);
        assert_eq!(end.connection.handle_timeout(end.now), Ok(()));
        assert_eq!(end.sent()[0].first, CLOSE, "idle comes before the ping");
        end.advance(Limits::default().close_time);
        let expected = Err(TimedOut::Close(Limits::default().close_time));
        assert_eq!(
            end.connection.handle_timeout(end.now),
            expected,
            "no more pings either"
        );
    }
}

#[test]
fn a_time_too_long_for_the_clock_is_no_limit() {
    for role in ROLES {
        let mut config = closing_in(role, Duration::MAX);
        config.keep_alive = KeepAlive {
            ping_interval: Some(Duration::MAX),
            idle_timeout: Some(Duration::MAX),
        };
        let mut end = End::new(&config);
        assert_eq!(end.connection.poll_timeout(), None);
        assert_eq!(end.connection.handle_timeout(end.now), Ok(()));
        end.connection
            .close(Some(&CloseFrame::new(CloseCode::NORMAL, "")), end.now);
        assert_eq!(end.connection.poll_timeout(), None);
        end.advance(1000 * SECOND);
        assert_eq!(end.connection.handle_timeout(end.now), Ok(()));
    }
}
