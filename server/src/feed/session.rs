//! A feed as its reader knows it, over one connection after the other: what is new in a message, and what is missing.

use std::collections::HashSet;
use std::time::Duration;

use thiserror::Error;

use super::wire::{Said, Say};
use crate::market::{FeedEvent, Listing, Price, SYMBOLS_LIMIT, Symbol, TIME_LIMIT, Tick, Volume};

/// How far ahead of our clock a trade may have happened: clocks differ. One that is far ahead would make all that follow too late.
pub const AHEAD_LIMIT: Duration = Duration::from_secs(300);

/// What is known of a feed. It has no clock: time is an argument.
#[derive(Debug, Default)]
pub(super) struct Session {
    epoch: String,
    /// The number of the newest event; `None` before the first of this epoch.
    last: Option<u64>,
    listed: HashSet<Symbol>,
    /// Whether this connection has begun with `hello`.
    greeted: bool,
}

/// What is new.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum News {
    /// A symbol is listed, or listed anew.
    Listed(Box<Listing>),
    /// A symbol isn't listed any more.
    Unlisted(Symbol),
    /// Something has happened.
    Event(FeedEvent),
}

/// A message that a feed must not send. The connection isn't worth keeping.
#[derive(Debug, Error)]
pub(super) enum Wrong {
    #[error("a message can't be read: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the first message must be `hello`, and no other")]
    Greeting,
    #[error("{0} isn't listed")]
    Unlisted(Symbol),
    #[error("{0} symbols are listed: a market has at most {SYMBOLS_LIMIT}")]
    TooManySymbols(usize),
    #[error("event {0} has no possible time, price or volume, or happened in the future")]
    Value(u64),
}

impl Session {
    /// A new connection.
    pub(super) fn connected(&mut self) {
        self.greeted = false;
    }

    /// A message at `now_ms`: adds what is new to `news`, and gives what is to be answered. What was heard already is left out, and what is
    /// missing is told. After a mistake, what stood before it is new all the same.
    pub(super) fn receive(
        &mut self,
        text: &str,
        now_ms: i64,
        news: &mut Vec<News>,
    ) -> Result<Option<Say>, Wrong> {
        let said: Said = serde_json::from_str(text)?;
        if self.greeted == matches!(said, Said::Hello { .. }) {
            return Err(Wrong::Greeting);
        }
        match said {
            Said::Hello { epoch, listings } => {
                self.list_all(listings, news)?;
                self.greeted = true;
                if epoch != self.epoch {
                    self.epoch = epoch;
                    self.last = None;
                }
                return Ok(Some(Say::Subscribe { after: self.last }));
            }
            Said::Listed { listing } => self.list(listing, news)?,
            Said::Ticks { ticks } => {
                let latest = now_ms
                    .saturating_add(AHEAD_LIMIT.as_millis() as i64)
                    .min(TIME_LIMIT - 1);
                for (sequence, at_ms, symbol, price, volume) in ticks {
                    let price = Price::new(price).map_err(|_| Wrong::Value(sequence))?;
                    let volume = Volume::new(volume).map_err(|_| Wrong::Value(sequence))?;
                    if !(0..=latest).contains(&at_ms) {
                        return Err(Wrong::Value(sequence));
                    }
                    let tick = Tick {
                        symbol,
                        at_ms,
                        price,
                        volume,
                        sequence,
                    };
                    self.happened(sequence, symbol, FeedEvent::Tick(tick), news)?;
                }
            }
            Said::Halted {
                sequence,
                symbol,
                until_at,
            } => {
                let event = FeedEvent::Halted {
                    symbol,
                    until_ms: until_at,
                };
                self.happened(sequence, symbol, event, news)?;
            }
            Said::Resumed { sequence, symbol } => {
                self.happened(sequence, symbol, FeedEvent::Resumed { symbol }, news)?;
            }
            Said::Ended => news.push(News::Event(FeedEvent::Ended)),
        }
        Ok(None)
    }

    /// These are all there are: others that were listed before have gone.
    fn list_all(&mut self, listings: Vec<Listing>, news: &mut Vec<News>) -> Result<(), Wrong> {
        let listed: HashSet<_> = listings.iter().map(|listing| listing.symbol).collect();
        if listed.len() > SYMBOLS_LIMIT {
            return Err(Wrong::TooManySymbols(listed.len()));
        }
        let gone = self.listed.difference(&listed);
        news.extend(gone.map(|symbol| News::Unlisted(*symbol)));
        self.listed = listed;
        news.extend(
            listings
                .into_iter()
                .map(|listing| News::Listed(Box::new(listing))),
        );
        Ok(())
    }

    /// One more, or one anew.
    fn list(&mut self, listing: Listing, news: &mut Vec<News>) -> Result<(), Wrong> {
        if self.listed.len() == SYMBOLS_LIMIT && !self.listed.contains(&listing.symbol) {
            return Err(Wrong::TooManySymbols(SYMBOLS_LIMIT + 1));
        }
        self.listed.insert(listing.symbol);
        news.push(News::Listed(Box::new(listing)));
        Ok(())
    }

    fn happened(
        &mut self,
        sequence: u64,
        symbol: Symbol,
        event: FeedEvent,
        news: &mut Vec<News>,
    ) -> Result<(), Wrong> {
        if !self.listed.contains(&symbol) {
            return Err(Wrong::Unlisted(symbol));
        }
        match self.last {
            Some(last) if sequence <= last => return Ok(()),
            Some(last) if sequence - last > 1 => news.push(News::Event(FeedEvent::Gap {
                from_sequence: last + 1,
                to_sequence: sequence - 1,
            })),
            _ => {}
        }
        self.last = Some(sequence);
        news.push(News::Event(event));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const HELLO: &str = r#"{"type":"hello","epoch":"a","listings":[{"symbol":"A","scale":2}]}"#;

    /// What a session makes of messages at the time 1,000, in short.
    fn receive(session: &mut Session, texts: &[&str]) -> Vec<String> {
        let mut told = Vec::new();
        for text in texts {
            let mut news = Vec::new();
            let answer = session.receive(text, 1_000, &mut news);
            for news in news {
                told.push(match news {
                    News::Listed(listing) => format!("listed {}", listing.symbol),
                    News::Unlisted(symbol) => format!("unlisted {symbol}"),
                    News::Event(FeedEvent::Tick(tick)) => format!("tick {}", tick.sequence),
                    News::Event(FeedEvent::Gap {
                        from_sequence,
                        to_sequence,
                    }) => {
                        format!("gap {from_sequence}-{to_sequence}")
                    }
                    News::Event(FeedEvent::Halted { until_ms, .. }) => format!("halted {until_ms:?}"),
                    News::Event(event) => format!("{event:?}"),
                });
            }
            match answer {
                Ok(say) => told.extend(say.map(|say| serde_json::to_string(&say).unwrap())),
                Err(wrong) => told.push(format!("wrong: {wrong}")),
            }
        }
        told
    }

    fn ticks(numbers: &[u64]) -> String {
        let ticks: Vec<_> = numbers.iter().map(|number| (number, 1, "A", 100, 1)).collect();
        json!({"type": "ticks", "ticks": ticks}).to_string()
    }

    #[test]
    fn what_was_heard_is_left_out_and_what_is_missing_is_told() {
        let mut session = Session::default();
        let told = receive(
            &mut session,
            &[
                HELLO,
                &ticks(&[7, 8]),
                r#"{"type":"halted","sequence":9,"symbol":"A","until_at":5}"#,
                r#"{"type":"resumed","sequence":12,"symbol":"A"}"#,
                &ticks(&[12, 8, 13, 15]),
            ],
        );
        let expected = [
            "listed A",
            r#"{"type":"subscribe"}"#,
            "tick 7",
            "tick 8",
            "halted Some(5)",
            "gap 10-11",
            "Resumed { symbol: Symbol(A) }",
            "tick 13",
            "gap 14-14",
            "tick 15",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_new_connection_goes_on_behind_the_last_event() {
        let mut session = Session::default();
        receive(&mut session, &[HELLO, &ticks(&[7, 8])]);
        session.connected();
        let told = receive(&mut session, &[HELLO, &ticks(&[8, 9])]);
        assert_eq!(told, ["listed A", r#"{"type":"subscribe","after":8}"#, "tick 9"]);
    }

    #[test]
    fn another_epoch_begins_anew() {
        let mut session = Session::default();
        receive(&mut session, &[HELLO, &ticks(&[7, 8])]);
        session.connected();
        let hello = HELLO.replace(r#""a""#, r#""b""#);
        let told = receive(&mut session, &[&hello, &ticks(&[1]), r#"{"type":"ended"}"#]);
        assert_eq!(told, ["listed A", r#"{"type":"subscribe"}"#, "tick 1", "Ended"]);
    }

    #[test]
    fn what_a_new_greeting_does_not_list_has_gone() {
        let mut session = Session::default();
        let listed = r#"{"type":"listed","listing":{"symbol":"B"}}"#;
        receive(&mut session, &[HELLO, &ticks(&[7]), listed]);
        session.connected();
        let hello = r#"{"type":"hello","epoch":"a","listings":[{"symbol":"C"},{"symbol":"B"}]}"#;
        let told = receive(&mut session, &[hello, &ticks(&[8])]);
        assert_eq!(
            told,
            [
                "unlisted A",
                "listed C",
                "listed B",
                r#"{"type":"subscribe","after":7}"#,
                "wrong: A isn't listed"
            ]
        );
    }

    #[test]
    fn a_message_that_must_not_be_is_refused() {
        for (texts, why) in [
            (vec!["nonsense"], "can't be read"),
            (vec![r#"{"type":"dance"}"#], "unknown variant"),
            (
                vec![r#"{"type":"hello","epoch":"a","listings":[{"symbol":"a"}]}"#],
                "the symbol must be",
            ),
            (vec![&*ticks(&[1])], "must be `hello`"),
            (vec![HELLO, HELLO], "must be `hello`"),
            (
                vec![HELLO, r#"{"type":"ticks","ticks":[[1,1,"B",1,1]]}"#],
                "B isn't listed",
            ),
            (
                vec![HELLO, r#"{"type":"resumed","sequence":1,"symbol":"B"}"#],
                "B isn't listed",
            ),
            (
                vec![HELLO, r#"{"type":"ticks","ticks":[[4,1,"A",0,1]]}"#],
                "event 4",
            ),
            (
                vec![HELLO, r#"{"type":"ticks","ticks":[[4,1,"A",1,-1]]}"#],
                "event 4",
            ),
            (
                vec![HELLO, r#"{"type":"ticks","ticks":[[4,-1,"A",1,1]]}"#],
                "event 4",
            ),
            (
                vec![HELLO, r#"{"type":"ticks","ticks":[[4,301001,"A",1,1]]}"#],
                "event 4",
            ),
            (
                vec![HELLO, r#"{"type":"ticks","ticks":[[4,1,"A",1.5,1]]}"#],
                "can't be read",
            ),
        ] {
            let told = receive(&mut Session::default(), &texts);
            let last = told.last().unwrap();
            assert!(
                last.starts_with("wrong: ") && last.contains(why),
                "{texts:?}: {told:?}"
            );
        }
        let ahead = r#"{"type":"ticks","ticks":[[4,301000,"A",1,1]]}"#;
        let told = receive(&mut Session::default(), &[HELLO, ahead]);
        assert_eq!(told.last().map(String::as_str), Some("tick 4"), "clocks differ");
    }

    #[test]
    fn what_stood_before_a_mistake_is_not_lost() {
        let mut session = Session::default();
        let ticks = r#"{"type":"ticks","ticks":[[1,1,"A",1,1],[2,1,"A",0,1],[3,1,"A",1,1]]}"#;
        let told = receive(&mut session, &[HELLO, ticks]);
        assert_eq!(told[2], "tick 1");
        assert!(
            told[3].starts_with("wrong: event 2") && told.len() == 4,
            "{told:?}"
        );
    }

    #[test]
    fn the_document_s_messages_are_a_conversation() {
        let document = include_str!("../../../docs/market.md");
        let mut blocks = document
            .split("```json\n")
            .skip(1)
            .map(|block| block.split("```").next().unwrap());
        let mut session = Session::default();
        let mut receive = |block: &str| {
            let mut news = Vec::new();
            let now_ms = 1_772_409_700_000;
            let answers = block
                .lines()
                .map(|line| session.receive(line, now_ms, &mut news).unwrap());
            (answers.collect::<Vec<_>>(), news.len())
        };
        assert_eq!(
            receive(blocks.next().unwrap()),
            (vec![Some(Say::Subscribe { after: None })], 1)
        );
        let after = Say::Subscribe { after: Some(41) };
        assert_eq!(
            serde_json::to_string(&after).unwrap(),
            blocks.next().unwrap().trim()
        );
        assert_eq!(receive(blocks.next().unwrap()), (vec![None; 5], 6));
    }

    #[test]
    fn a_feed_lists_so_many_symbols() {
        let listings: Vec<_> = (0..SYMBOLS_LIMIT)
            .map(|n| json!({"symbol": format!("A{n}")}))
            .collect();
        let hello = json!({"type": "hello", "epoch": "", "listings": listings}).to_string();
        let mut session = Session::default();
        let receive = |session: &mut Session, text: &str| {
            let mut news = Vec::new();
            let received = session.receive(text, 0, &mut news);
            (received.err().map(|wrong| wrong.to_string()), news.len())
        };
        assert_eq!(receive(&mut session, &hello), (None, SYMBOLS_LIMIT));
        let again = r#"{"type":"listed","listing":{"symbol":"A1"}}"#;
        assert_eq!(receive(&mut session, again), (None, 1), "it's listed already");
        let more = r#"{"type":"listed","listing":{"symbol":"B"}}"#;
        let why = "2001 symbols are listed: a market has at most 2000".to_owned();
        for _ in 0..2 {
            assert_eq!(receive(&mut session, more), (Some(why.clone()), 0));
            assert_eq!(session.listed.len(), SYMBOLS_LIMIT, "nothing is kept of it");
        }
        // Nor of a greeting that lists too many; and symbols that have gone make room.
        session.connected();
        let longer = hello.replacen(r#"{"symbol":"A0"}"#, r#"{"symbol":"A0"},{"symbol":"B"}"#, 1);
        assert_eq!(receive(&mut session, &longer), (Some(why), 0));
        assert_eq!(session.listed.len(), SYMBOLS_LIMIT);
        let other = hello.replacen(r#"{"symbol":"A0"}"#, r#"{"symbol":"B"}"#, 1);
        assert_eq!(receive(&mut session, &other), (None, SYMBOLS_LIMIT + 1));
        assert_eq!(session.listed.len(), SYMBOLS_LIMIT);
    }
}
