//! The text of Server-Sent Events, in whatever pieces it comes.

use serde_json::Value;

use super::super::http::{Failure, json};

/// Reads a stream of events whose data is JSON in one line, as this server writes them.
#[derive(Debug, Default)]
pub(super) struct EventStream {
    bytes: Vec<u8>,
    name: String,
    data: Vec<u8>,
}

impl EventStream {
    /// Bytes of an event: more than the largest that the laboratory makes, as text in text.
    const EVENT: usize = 256 * 1024;

    /// Takes what came next.
    pub(super) fn receive(&mut self, piece: &[u8]) {
        self.bytes.extend_from_slice(piece);
    }

    /// The next event that is complete: its name and its data.
    pub(super) fn poll_event(&mut self) -> Result<Option<(String, Value)>, Failure> {
        while let Some(end) = self.bytes.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.bytes.drain(..=end).collect();
            let line = line.trim_ascii_end();
            if let Some(name) = field(line, b"event:") {
                self.name = String::from_utf8_lossy(name).into_owned();
            } else if let Some(data) = field(line, b"data:") {
                self.data = data.to_vec();
            } else if line.is_empty() {
                let (name, data) = (std::mem::take(&mut self.name), std::mem::take(&mut self.data));
                if !data.is_empty() {
                    return json(&data).map(|data| Some((name, data)));
                }
            }
        }
        if self.bytes.len() > Self::EVENT {
            return Err(Failure::Words("an event without an end".to_owned()));
        }
        Ok(None)
    }
}

fn field<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    line.strip_prefix(name).map(<[u8]>::trim_ascii_start)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_are_read_whatever_pieces_they_come_in() {
        let text = b": hello\nretry: 3000\n\nevent: position\ndata: {\"offset\":1}\n\n:\n\nid: e.2\nevent: message\ndata: {\"offset\":2}\n\n";
        for size in 1..text.len() {
            let mut stream = EventStream::default();
            let mut events = Vec::new();
            for piece in text.chunks(size) {
                stream.receive(piece);
                while let Some(event) = stream.poll_event().unwrap() {
                    events.push(event);
                }
            }
            let expected = [
                ("position".to_owned(), json!({"offset": 1})),
                ("message".to_owned(), json!({"offset": 2})),
            ];
            assert_eq!(events, expected, "in pieces of {size}");
        }
    }

    #[test]
    fn an_event_without_an_end_is_given_up() {
        let mut stream = EventStream::default();
        stream.receive(&vec![b'a'; EventStream::EVENT]);
        assert!(stream.poll_event().is_ok());
        stream.receive(b"a");
        assert!(stream.poll_event().is_err());
    }
}
