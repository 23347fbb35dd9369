//! One of the people who want seats, and some of whom want what isn't theirs.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use tokio::time::{Instant, sleep};

use super::api::{Api, Unanswered};
use super::needed::LATE;
use super::{HOLD_SECONDS, RunError, Yard};
use crate::history::{Answer, Command, Hold, Operation};

/// Seats that half of all orders are for.
const HOT: usize = 10;

/// Seats of one order at most.
const ORDER: usize = 3;

/// How long a hold lasts that gets no more time.
const HOLD_TIME: Duration = Duration::from_secs(HOLD_SECONDS as u64);

/// Cards that somebody tries to pay one order with, at most.
const CARDS: usize = 2;

/// How long something is asked for again and again.
const GIVE_UP: Duration = Duration::from_secs(60);

/// Asks for seats until the run is over.
pub(super) async fn live(yard: Arc<Yard>, who: usize) -> Result<(), RunError> {
    let mut person = Person {
        api: Api::come(&yard.addresses).await?,
        rng: Rng::with_seed(yard.plan.seed.wrapping_mul(1_000_003).wrapping_add(who as u64)),
        yard,
        who,
    };
    while !person.yard.is_over() {
        person.once().await?;
    }
    Ok(())
}

/// The map when everything is over.
pub(super) async fn look(yard: &Arc<Yard>) -> Result<(), RunError> {
    let mut person = Person {
        api: Api::come(&yard.addresses).await?,
        rng: Rng::with_seed(yard.plan.seed),
        yard: yard.clone(),
        who: yard.plan.clients,
    };
    person.ask(Command::Map).await.map(|_| ())
}

struct Person {
    yard: Arc<Yard>,
    who: usize,
    api: Api,
    rng: Rng,
}

impl Person {
    async fn once(&mut self) -> Result<(), RunError> {
        match self.rng.u32(0..100) {
            0..4 => drop(self.ask(Command::Map).await?),
            4..12 => {
                let place = self.place();
                self.ask(Command::Read { place }).await?;
            }
            12..18 => self.try_what_is_not_theirs().await?,
            _ => self.order().await?,
        }
        let pause = self.rng.u64(0..50);
        sleep(Duration::from_millis(pause)).await;
        Ok(())
    }

    async fn order(&mut self) -> Result<(), RunError> {
        let mut places: Vec<_> = (0..self.rng.usize(1..=ORDER)).map(|_| self.place()).collect();
        places.sort();
        places.dedup();
        let Answer::Done(held) = self.ask(Command::Hold { places }).await? else {
            return Ok(());
        };
        self.show(&held);
        let hold = held.hold.clone();
        match self.rng.u32(0..100) {
            // Seats are few: most go back.
            0..20 => drop(self.ask(Command::Release { hold }).await?),
            // Paying takes its time, so fewer are in time with it.
            20..30 if !self.yard.plan.payments => drop(self.ask(Command::Release { hold }).await?),
            20..33 => self.buy(held, Duration::ZERO).await?,
            33..45 => {
                self.ask(Command::Extend { hold: hold.clone() }).await?;
                self.ask(Command::Release { hold }).await?;
            }
            // Just in time, or too late.
            45..70 => {
                let wait = HOLD_TIME.mul_f64(0.8 + 0.25 * self.rng.f64());
                self.buy(held, wait).await?;
            }
            // Surely too late.
            70..80 => {
                self.buy(held, HOLD_TIME + Duration::from_millis(200)).await?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Confirms a hold in so much time; where it must be paid for, by doing that.
    async fn buy(&mut self, held: Hold, wait: Duration) -> Result<(), RunError> {
        let hold = held.hold;
        if !self.yard.plan.payments {
            sleep(wait).await;
            self.ask(Command::Confirm { hold }).await?;
            return Ok(());
        }
        let places: Vec<_> = held.versions.into_keys().collect();
        let mut payments: Vec<(String, u64)> = Vec::new();
        for _ in 0..self.rng.usize(1..=CARDS) {
            if let Some((payment, amount)) = payments.last() {
                let (node, id) = (self.node(), self.yard.key(self.who));
                self.yard.count("card refused");
                // If nobody hears of it, there is no other payment.
                let _ = self.api.tell(node, &id, payment, "failed", *amount).await;
            }
            let checkout = Command::Checkout { hold: hold.clone() };
            if let Answer::ToPay { payment, amount } = self.ask(checkout).await?
                && payments.iter().all(|(known, _)| *known != payment)
            {
                payments.push((payment, amount));
            }
        }
        sleep(wait).await;
        // The first succeeds after all, and so does the second.
        for (payment, amount) in payments {
            let (hold, places) = (hold.clone(), places.clone());
            let pay = Command::Pay {
                hold,
                places,
                payment,
                amount,
            };
            self.ask(pay).await?;
            if wait > HOLD_TIME {
                self.yard.count(LATE);
            }
        }
        Ok(())
    }

    /// Somebody else's hold is nobody's business.
    async fn try_what_is_not_theirs(&mut self) -> Result<(), RunError> {
        let hold = {
            let holds = self.yard.holds.lock().unwrap_or_else(PoisonError::into_inner);
            let others: Vec<_> = holds.iter().filter(|(whose, _)| *whose != self.who).collect();
            self.rng.choice(others).cloned()
        };
        let Some((_, hold)) = hold else {
            return Ok(());
        };
        let command = match self.rng.u32(0..3) {
            0 => Command::Confirm { hold },
            1 => Command::Release { hold },
            _ => Command::Extend { hold },
        };
        self.ask(command).await.map(|_| ())
    }

    /// Lets others know of a hold.
    fn show(&self, hold: &Hold) {
        const SHOWN: usize = 50;
        let mut holds = self.yard.holds.lock().unwrap_or_else(PoisonError::into_inner);
        if holds.len() >= SHOWN {
            holds.remove(0);
        }
        holds.push((self.who, hold.hold.clone()));
    }

    fn place(&mut self) -> String {
        let all = self.yard.places.len();
        let of = if self.rng.bool() { all } else { HOT.min(all) };
        self.yard.places[self.rng.usize(0..of)].clone()
    }

    fn node(&mut self) -> SocketAddr {
        self.yard.addresses[self.rng.usize(0..self.yard.addresses.len())]
    }

    /// Asks until there is an answer, with one key; sometimes twice at once, sometimes again later, sometimes without
    /// waiting for the answer first. All answers must be one.
    async fn ask(&mut self, command: Command) -> Result<Answer, RunError> {
        let key = self.yard.key(self.who);
        let invoked = self.yard.now();
        let is_read = matches!(command, Command::Map | Command::Read { .. });
        let way = if is_read { 100 } else { self.rng.u32(0..100) };
        let mut others = Vec::new();
        match way {
            0..10 => {
                self.yard.count("sent twice at once");
                others.push(tokio::spawn(self.sent(&key, &command, Duration::ZERO)));
            }
            10..15 => {
                self.yard.count("answer not waited for");
                let node = self.node();
                let given_up = self.api.send(node, &key, &command);
                let wait = Duration::from_micros(self.rng.u64(0..20_000));
                // Cut off wherever it was: the connection is closed, the answer lost.
                let _ = tokio::time::timeout(wait, given_up).await;
            }
            15..20 => {
                self.yard.count("sent again later");
                let late = Duration::from_millis(self.rng.u64(0..3000));
                others.push(tokio::spawn(self.sent(&key, &command, late)));
            }
            _ => {}
        }
        let answer = self.answer(&key, &command).await?;
        let returned = self.yard.now();
        let operation = Operation {
            key,
            holder: self.api.sender.clone(),
            command,
            invoked,
            returned,
            answer: answer.clone(),
        };
        self.yard.write(operation.clone());
        for other in others {
            let yard = self.yard.clone();
            let operation = operation.clone();
            let compared = async move {
                match other.await {
                    Ok(Ok(answer)) if answer != operation.answer => {
                        // It has had two effects: the checker will find the key twice.
                        yard.write(Operation { answer, ..operation });
                    }
                    // No answer, or the same.
                    _ => {}
                }
            };
            compared.await;
        }
        Ok(answer)
    }

    fn sent(
        &mut self,
        key: &str,
        command: &Command,
        late: Duration,
    ) -> impl Future<Output = Result<Answer, Unanswered>> + Send + 'static {
        let (api, node) = (self.api.clone(), self.node());
        let (key, command) = (key.to_owned(), command.clone());
        async move {
            sleep(late).await;
            api.send(node, &key, &command).await
        }
    }

    async fn answer(&mut self, key: &str, command: &Command) -> Result<Answer, RunError> {
        let deadline = Instant::now() + GIVE_UP;
        loop {
            let node = self.node();
            match self.api.send(node, key, command).await {
                Ok(answer) => return Ok(answer),
                Err(Unanswered(why)) if Instant::now() > deadline => return Err(RunError::Silence(why)),
                Err(Unanswered(_)) => {
                    self.yard.count("asked again without an answer");
                    let pause = self.rng.u64(10..200);
                    sleep(Duration::from_millis(pause)).await;
                }
            }
        }
    }
}

impl Yard {
    fn write(&self, operation: Operation) {
        self.history
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(operation);
    }
}
