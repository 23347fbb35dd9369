//! Bodies of answers.

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The body of an answer: all of it at once.
///
/// ```
/// use bytes::Bytes;
/// use madang_engineio::Body;
///
/// let answer = http::Response::new(Body::from(Bytes::from_static(b"ok")));
/// assert_eq!(http_body::Body::size_hint(answer.body()).exact(), Some(2));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Body(Bytes);

impl Body {
    pub(crate) fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = std::mem::take(&mut self.0);
        Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.len() as u64)
    }
}

/// The body of an answer of a [layered](crate::EngineIoLayer) service: ours or the inner service's.
///
/// ```
/// use http_body::Body as _;
/// use madang_engineio::{Body, LayerBody};
///
/// let ours: LayerBody<String> = LayerBody::Ours(Body::default());
/// let inner = LayerBody::Inner(Box::pin("a page".to_owned()));
/// assert_eq!((ours.size_hint().exact(), inner.size_hint().exact()), (Some(0), Some(6)));
/// ```
#[derive(Debug)]
pub enum LayerBody<B> {
    /// An answer of Engine.IO's.
    Ours(Body),
    /// An answer of the service inside.
    Inner(Pin<Box<B>>),
}

impl<B: http_body::Body<Data = Bytes>> http_body::Body for LayerBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.get_mut() {
            Self::Ours(body) => Pin::new(body)
                .poll_frame(cx)
                .map(|frame| frame.map(|frame| frame.map_err(|never| match never {}))),
            Self::Inner(body) => body.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Ours(body) => body.is_end_stream(),
            Self::Inner(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Ours(body) => body.size_hint(),
            Self::Inner(body) => body.size_hint(),
        }
    }
}
