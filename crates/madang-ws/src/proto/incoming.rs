//! The receiving direction: bytes in, events out.

use super::deflate::Inflater;
use super::message::{Assembly, Bounds};
use super::{
    CloseFrame, Config, Deflate, Fault, Header, LimitExceeded, Message, OpCode, Role, Violation, mask, utf8,
};
use bytes::{Buf, Bytes, BytesMut};

/// What arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A whole message.
    Message(Message),
    /// A ping; [`Outgoing::react`](super::Outgoing::react) answers it.
    Ping(Bytes),
    /// A pong, asked for or not.
    Pong(Bytes),
    /// The peer closes the connection; nothing more will come (RFC 6455 §5.5.1).
    Close(Option<CloseFrame>),
}

/// Reads frames. Between messages it owns no buffer.
#[derive(Debug)]
pub struct Incoming {
    role: Role,
    limits: Bounds,
    deflate: Option<Deflate>,
    /// Bytes that follow what has been read so far.
    inbox: BytesMut,
    /// The first thing that the last [`receive`](Self::receive) brought, read before anything was copied.
    first: Option<Result<Event, Fault>>,
    frame: Option<Payload>,
    assembly: Option<Box<Assembly>>,
    /// A compression context that goes on from message to message.
    inflater: Option<Box<Inflater>>,
    /// Closed or failed: whatever else comes is ignored (RFC 6455 §1.4, §7.1.7).
    ended: bool,
}

/// A data frame of which some payload is still to come.
#[derive(Debug)]
struct Payload {
    fin: bool,
    /// All zero for a frame that isn't masked.
    key: [u8; 4],
    /// Below 4; a byte, since every connection has room for it.
    phase: u8,
    remaining: u64,
}

impl Incoming {
    /// The reader of a connection that has just been opened.
    pub fn new(config: &Config) -> Self {
        Self {
            role: config.role,
            limits: Bounds::of(&config.limits),
            deflate: config.deflate,
            inbox: BytesMut::new(),
            first: None,
            frame: None,
            assembly: None,
            inflater: None,
            ended: false,
        }
    }

    /// Takes bytes from the peer; the contents of `bytes` afterwards are unspecified.
    pub fn receive(&mut self, bytes: &mut [u8]) {
        if self.ended {
            return;
        }
        let mut rest: &[u8] = bytes;
        if self.inbox.is_empty() && self.first.is_none() {
            // Most reads bring one message: it is read where it lies, without passing through the inbox.
            let (used, event) = self.read(bytes);
            self.first = event;
            rest = &bytes[used..];
        }
        if !self.ended {
            self.inbox.extend_from_slice(rest);
        }
    }

    /// The next event. `None`: more bytes are needed, or the connection has ended.
    ///
    /// # Errors
    /// What is wrong with the peer's bytes; nothing follows it.
    pub fn poll_event(&mut self) -> Result<Option<Event>, Fault> {
        if let Some(first) = self.first.take() {
            return first.map(Some);
        }
        if self.inbox.is_empty() {
            return Ok(None);
        }
        let mut inbox = std::mem::take(&mut self.inbox);
        let (used, event) = self.read(&mut inbox);
        inbox.advance(used);
        if !inbox.is_empty() && !self.ended {
            // Without an event, what is left is the beginning of a header or a control frame: a few
            // bytes that may stay for long, and shouldn't keep the large buffer they came in.
            self.inbox = if event.is_none() {
                BytesMut::from(&inbox[..])
            } else {
                inbox
            };
        }
        event.transpose()
    }

    /// Whether [`poll_event`](Self::poll_event) has something to look at.
    pub fn has_input(&self) -> bool {
        self.first.is_some() || !self.inbox.is_empty()
    }

    /// Reads up to and including the first event: how many bytes that took, and the event.
    fn read(&mut self, data: &mut [u8]) -> (usize, Option<Result<Event, Fault>>) {
        let mut used = 0;
        let event = self.read_frames(data, &mut used).transpose();
        if matches!(event, Some(Err(_) | Ok(Event::Close(_)))) {
            self.ended = true;
            self.assembly = None;
            self.inflater = None;
        }
        (used, event)
    }

    fn read_frames(&mut self, data: &mut [u8], used: &mut usize) -> Result<Option<Event>, Fault> {
        loop {
            if self.frame.is_none() {
                let Some((header, size)) = Header::parse(&data[*used..], self.role, self.deflate.is_some())?
                else {
                    return Ok(None);
                };
                let here = *used + size;
                let whole = usize::try_from(header.len)
                    .ok()
                    .filter(|len| data.len() - here >= *len);
                if header.opcode.is_control() {
                    let Some(len) = whole else { return Ok(None) };
                    *used = here + len;
                    return Ok(Some(control(&header, &mut data[here..*used])?));
                }
                self.check(&header)?;
                if let Some(len) = whole
                    && header.fin
                    && !header.rsv1
                    && self.assembly.is_none()
                {
                    *used = here + len;
                    return Ok(Some(Event::Message(unfragmented(
                        &header,
                        &mut data[here..*used],
                    )?)));
                }
                self.begin(&header)?;
                *used = here;
            }
            if let Some(event) = self.read_payload(data, used)? {
                return Ok(Some(event));
            }
            if *used == data.len() {
                return Ok(None);
            }
        }
    }

    /// Checks a data frame's header against the message it belongs to and the limits.
    fn check(&self, header: &Header) -> Result<(), Fault> {
        // RFC 6455 §5.4: the fragments of one message aren't interleaved with another's.
        match (header.opcode, &self.assembly) {
            (OpCode::Continuation, None) => return Err(Violation::UnexpectedContinuation.into()),
            (OpCode::Text | OpCode::Binary, Some(_)) => return Err(Violation::ExpectedContinuation.into()),
            _ => {}
        }
        let limits = self.limits;
        if header.len > limits.frame as u64 {
            return Err(LimitExceeded::Frame(limits.frame).into());
        }
        if !header.rsv1 && self.assembly.is_none() && header.len > limits.message as u64 {
            return Err(LimitExceeded::Message(limits.message).into());
        }
        Ok(())
    }

    /// Begins a frame whose payload passes through an [`Assembly`].
    fn begin(&mut self, header: &Header) -> Result<(), Fault> {
        let assembly = match &mut self.assembly {
            Some(assembly) => assembly,
            None => {
                let inflater = match (&self.deflate, header.rsv1) {
                    (Some(agreed), true) => {
                        let kept = self.inflater.take().map(|kept| *kept);
                        Some(kept.unwrap_or_else(|| Inflater::new(agreed, self.role)))
                    }
                    _ => None,
                };
                let text = header.opcode == OpCode::Text;
                self.assembly.insert(Box::new(Assembly::new(text, inflater)))
            }
        };
        assembly.begin_frame(header.len, self.limits)?;
        self.frame = Some(Payload {
            fin: header.fin,
            key: header.mask.unwrap_or_default(),
            phase: 0,
            remaining: header.len,
        });
        Ok(())
    }

    /// Takes what is there of the current frame's payload; a message, if this ends one.
    fn read_payload(&mut self, data: &mut [u8], used: &mut usize) -> Result<Option<Event>, Fault> {
        let (Some(frame), Some(assembly)) = (&mut self.frame, &mut self.assembly) else {
            return Ok(None);
        };
        let here = *used;
        let len =
            usize::try_from(frame.remaining).map_or(data.len() - here, |len| len.min(data.len() - here));
        *used += len;
        let piece = &mut data[here..*used];
        mask::apply(frame.key, frame.phase.into(), piece);
        assembly.push(piece, self.limits)?;
        frame.phase = (usize::from(frame.phase) + len) as u8 % 4;
        frame.remaining -= len as u64;
        if frame.remaining > 0 {
            return Ok(None);
        }
        let fin = frame.fin;
        self.frame = None;
        let Some(assembly) = fin.then(|| self.assembly.take()).flatten() else {
            return Ok(None);
        };
        let (message, inflater) = assembly.finish(self.limits)?;
        // A plain message leaves the context of the compressed ones as it is (RFC 7692 §7.2.2).
        if let Some(inflater) = inflater {
            self.inflater = inflater.keep().map(Box::new);
        }
        Ok(Some(Event::Message(message)))
    }
}

fn control(header: &Header, payload: &mut [u8]) -> Result<Event, Violation> {
    mask::apply(header.mask.unwrap_or_default(), 0, payload);
    Ok(match header.opcode {
        OpCode::Close => Event::Close(CloseFrame::parse(payload)?),
        OpCode::Ping => Event::Ping(Bytes::copy_from_slice(payload)),
        _ => Event::Pong(Bytes::copy_from_slice(payload)),
    })
}

/// A message in one frame that is all there: unmasked, checked and copied out of the read buffer block by
/// block, so that a large one passes through the nearest cache once: an echo of 64 KiB then costs 1.17 times
/// the floor, not 1.23.
fn unfragmented(header: &Header, payload: &mut [u8]) -> Result<Message, Violation> {
    let key = header.mask.unwrap_or_default();
    if header.opcode == OpCode::Text {
        let mut text = String::with_capacity(payload.len());
        let mut done = 0;
        let mut unmasked = 0;
        while done < payload.len() {
            let end = payload.len().min(unmasked + BLOCK);
            mask::apply(key, unmasked, &mut payload[unmasked..end]);
            unmasked = end;
            let block = &payload[done..end];
            let block = if end < payload.len() {
                utf8::whole_characters(block)
            } else {
                block
            };
            text.push_str(simdutf8::basic::from_utf8(block).map_err(|_| Violation::Utf8)?);
            done += block.len();
        }
        return Ok(Message::Text(text.into()));
    }
    let mut data = Vec::with_capacity(payload.len());
    for block in payload.chunks(BLOCK) {
        let start = data.len();
        data.extend_from_slice(block);
        mask::apply(key, 0, &mut data[start..]);
    }
    Ok(Message::Binary(data.into()))
}

/// A multiple of the masking key's length, well below a first-level cache.
const BLOCK: usize = 8192;
