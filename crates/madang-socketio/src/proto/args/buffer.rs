//! What JSON is written into.

use std::cell::RefCell;
use std::io::{self, Write};

/// A buffer that serde_json writes to, and beside it whoever knows better how to write long text: serde_json looks at each byte on its own, which
/// took half of the time of an echo of 64 KiB (`benches/README.md`).
pub(super) struct Buffer(RefCell<Vec<u8>>);

impl Buffer {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self(RefCell::new(bytes))
    }

    pub(super) fn into_inner(self) -> Vec<u8> {
        self.0.into_inner()
    }

    pub(super) fn written(&self) -> usize {
        self.0.borrow().len()
    }

    /// Puts text, which must be [`plain`], where an empty string has been written since there were `before` bytes. Without quotes, if it was written without them: JSON
    /// that is text already is handed to the serializer as a string too.
    pub(super) fn fill_string(&self, before: usize, text: &str) {
        let mut bytes = self.0.borrow_mut();
        let quote = if bytes.len() > before { bytes.pop() } else { None };
        // With room for what closes it, so that it isn't moved for a bracket.
        bytes.reserve(text.len() + 64);
        bytes.extend_from_slice(text.as_bytes());
        bytes.extend(quote);
    }
}

impl Write for &Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether JSON has this text as it is, between quotes.
pub(super) fn plain(text: &str) -> bool {
    // In chunks without a way out, which compilers turn into vector instructions.
    text.as_bytes().chunks(1024).all(|chunk| {
        let escaped = |byte: u8| (byte < 0x20) | (byte == b'"') | (byte == b'\\');
        !chunk.iter().fold(false, |found, byte| found | escaped(*byte))
    })
}
