//! Counts the requests in one direction of an HTTP/1.1 connection, whatever pieces it comes in.

/// Reads a client's bytes only as far as counting needs: where a head ends, and how long the body behind it is.
#[derive(Debug, Default)]
pub(super) struct Requests {
    state: State,
    /// The line under way, cut off at [`LINE`].
    line: Vec<u8>,
    /// What the lines of this head said.
    body: u64,
    last: bool,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Head,
    Body(u64),
    /// Not HTTP any more, or a body without a length, which no client here sends.
    Beyond,
}

/// Bytes of a line that are kept: enough for the three headers that matter. The rest is only passed over.
const LINE: usize = 64;

impl Requests {
    /// Reads what came next, and returns how many requests' heads ended in it.
    pub(super) fn receive(&mut self, mut bytes: &[u8]) -> u64 {
        let mut complete = 0;
        while !bytes.is_empty() {
            match &mut self.state {
                State::Head => {
                    let end = bytes.iter().position(|byte| *byte == b'\n');
                    let (part, rest) = bytes.split_at(end.map_or(bytes.len(), |end| end + 1));
                    let room = LINE.saturating_sub(self.line.len());
                    self.line.extend(part.iter().take(room));
                    bytes = rest;
                    if end.is_some() {
                        complete += u64::from(self.end_line());
                    }
                }
                State::Body(left) => {
                    let here = (*left).min(bytes.len() as u64);
                    *left -= here;
                    // No more than there are bytes.
                    bytes = &bytes[usize::try_from(here).unwrap_or(bytes.len())..];
                    if *left == 0 {
                        self.state = State::Head;
                    }
                }
                State::Beyond => break,
            }
        }
        complete
    }

    /// Whether the head ended with this line.
    fn end_line(&mut self) -> bool {
        let line = std::mem::take(&mut self.line);
        let line = line.trim_ascii().to_ascii_lowercase();
        if line.is_empty() {
            let (body, last) = (std::mem::take(&mut self.body), std::mem::take(&mut self.last));
            self.state = match body {
                _ if last => State::Beyond,
                0 => State::Head,
                left => State::Body(left),
            };
            return true;
        }
        if let Some(length) = line.strip_prefix(b"content-length:") {
            let length = str::from_utf8(length)
                .ok()
                .and_then(|text| text.trim().parse().ok());
            self.body = length.unwrap_or(0);
        } else if line.starts_with(b"upgrade:") || line.starts_with(b"transfer-encoding:") {
            self.last = true;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TALK: &str = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n\
        POST /b HTTP/1.1\r\nContent-Length: 9\r\n\r\nG / \r\n\r\n.\
        GET /c HTTP/1.1\r\nX-Long: 0123456789012345678901234567890123456789012345678901234567890123456789\r\n\r\n";

    #[test]
    fn requests_are_counted_whatever_pieces_they_come_in() {
        for size in 1..TALK.len() {
            let mut requests = Requests::default();
            let counted: u64 = TALK
                .as_bytes()
                .chunks(size)
                .map(|piece| requests.receive(piece))
                .sum();
            assert_eq!(counted, 3, "in pieces of {size}");
        }
    }

    #[test]
    fn what_follows_an_upgrade_is_no_request() {
        let mut requests = Requests::default();
        let upgrade = "GET /ws/a HTTP/1.1\r\nUpgrade: websocket\r\n\r\n";
        assert_eq!(requests.receive(format!("{upgrade}{upgrade}").as_bytes()), 1);
        assert_eq!(requests.receive(upgrade.as_bytes()), 0);
    }

    #[test]
    fn of_an_endless_line_only_its_beginning_is_kept() {
        let mut requests = Requests::default();
        for _ in 0..1000 {
            requests.receive(&[b'a'; 1000]);
        }
        assert!(requests.line.len() <= LINE);
    }
}
