//! A message as a publication of a hub: each wire form encoded once for all recipients.

use crate::proto::{DeflateConfig, Header, Message, OpCode, deflate_once};
use bytes::Bytes;
use madang_hub::{Encode, Publication, WireForm};

impl Encode for Message {
    fn encode(&self, form: WireForm) -> Bytes {
        let opcode = match self {
            Self::Text(_) => OpCode::Text,
            Self::Binary(_) => OpCode::Binary,
        };
        if !matches!(form, WireForm::Frame | WireForm::DeflatedFrame) {
            return Bytes::new();
        }
        let DeflateConfig { level, threshold, .. } = DeflateConfig::default();
        let payload = self.as_bytes();
        let compressed = match form {
            WireForm::DeflatedFrame if payload.len() >= threshold => deflate_once(level, payload),
            _ => None,
        };
        let (rsv1, payload) = match &compressed {
            Some(compressed) => (true, &compressed[..]),
            None => (false, &payload[..]),
        };
        Header {
            fin: true,
            rsv1,
            opcode,
            mask: None,
            len: payload.len() as u64,
        }
        .frame(payload)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(Header::MAX_LEN + self.len())
    }
}

impl From<Message> for Publication {
    fn from(message: Message) -> Self {
        Self::new(message)
    }
}
