//! What the application keeps with a socket.

use super::Socket;
use crate::shared::lock;
use serde::Serialize;
use serde_json::Value;
use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex};

/// A value of the application's, and how it is told to others.
#[derive(Clone)]
pub(crate) struct Datum {
    value: Arc<dyn Any + Send + Sync>,
    json: fn(&(dyn Any + Send + Sync)) -> Value,
}

impl Datum {
    pub(crate) fn new<T: Serialize + Send + Sync + 'static>(value: T) -> Self {
        Self {
            value: Arc::new(value),
            json: |value| {
                let value = value.downcast_ref::<T>();
                let json = value.map(serde_json::to_value).transpose();
                json.unwrap_or_else(|error| {
                    tracing::error!(%error, "the data of a socket isn't JSON");
                    None
                })
                .unwrap_or_default()
            },
        }
    }

    pub(crate) fn json(&self) -> Value {
        (self.json)(&*self.value)
    }
}

impl Socket {
    /// What was [set](Self::set_data) last, if it is a `T`.
    ///
    /// ```
    /// # use madang_socketio::Socket;
    /// #[derive(serde::Serialize, serde::Deserialize)]
    /// struct User {
    ///     name: String,
    /// }
    ///
    /// # fn connected(socket: Socket) {
    /// socket.set_data(User { name: "kim".to_owned() });
    /// assert_eq!(socket.data::<User>().unwrap().name, "kim");
    /// # }
    /// ```
    pub fn data<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let datum = lock(&self.inner.data).clone()?;
        datum.value.downcast().ok()
    }

    /// Keeps a value with the socket, in the place of the one before it: Node's `socket.data`. It comes back with the socket when its state is recovered, and
    /// [`fetch_sockets`](crate::Namespace::fetch_sockets) shows it, as JSON, to other servers too. What changes often goes in behind a lock of its own.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use madang_socketio::SocketIo;
    /// # let io = SocketIo::new();
    /// # let page = Page::open(&io).await;
    /// # let socket = io.sockets().remove(0);
    /// socket.set_data("kim".to_owned());
    /// assert_eq!(*socket.data::<String>().unwrap(), "kim");
    /// socket.set_data(7_u32); // in its place
    /// assert!(socket.data::<String>().is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_data<T: Serialize + Send + Sync + 'static>(&self, value: T) {
        let datum = Datum::new(value);
        let before = lock(&self.inner.data).replace(datum);
        // Not under the lock, since it may be the application's code that drops it.
        drop(before);
    }

    /// The same, as JSON.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use madang_socketio::SocketIo;
    /// # let io = SocketIo::new();
    /// # let page = Page::open(&io).await;
    /// # let socket = io.sockets().remove(0);
    /// assert!(socket.data_json().is_null());
    /// socket.set_data(vec![1, 2]);
    /// assert_eq!(socket.data_json(), serde_json::json!([1, 2]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn data_json(&self) -> Value {
        let datum = lock(&self.inner.data).clone();
        datum.map(|datum| datum.json()).unwrap_or_default()
    }

    pub(crate) fn datum(&self) -> Option<Datum> {
        lock(&self.inner.data).clone()
    }

    /// What is kept with the socket by type, never to leave this process: what layers in front of the server put into the request's extensions, to begin with.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use madang_socketio::SocketIo;
    /// # use std::sync::Arc;
    /// # use std::sync::atomic::{AtomicU32, Ordering};
    /// # let io = SocketIo::new();
    /// # let page = Page::open(&io).await;
    /// # let socket = io.sockets().remove(0);
    /// let strikes = Arc::new(AtomicU32::new(0));
    /// socket.extensions().insert(strikes.clone()); // handlers get it as `Extension<Arc<AtomicU32>>`
    /// strikes.fetch_add(1, Ordering::Relaxed);
    /// # assert_eq!(socket.extensions().get::<Arc<AtomicU32>>().unwrap().load(Ordering::Relaxed), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn extensions(&self) -> &Extensions {
        &self.inner.extensions
    }
}

/// Values by their types, for [`Extension`](crate::Extension).
///
/// ```
/// use madang_socketio::Extensions;
///
/// let extensions = Extensions::default();
/// assert_eq!(extensions.insert("kim"), None);
/// assert_eq!(extensions.insert("lee"), Some("kim"));
/// assert_eq!(extensions.get::<&str>(), Some("lee"));
/// assert_eq!(extensions.remove::<&str>(), Some("lee"));
/// assert_eq!(extensions.get::<&str>(), None);
/// ```
#[derive(Default)]
pub struct Extensions(Mutex<http::Extensions>);

impl Extensions {
    pub(crate) fn new(extensions: http::Extensions) -> Self {
        Self(Mutex::new(extensions))
    }

    /// A clone of the value of this type.
    pub fn get<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        lock(&self.0).get().cloned()
    }

    /// Puts a value in, and returns the one of its type before it.
    pub fn insert<T: Clone + Send + Sync + 'static>(&self, value: T) -> Option<T> {
        lock(&self.0).insert(value)
    }

    /// Takes the value of this type out.
    pub fn remove<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        lock(&self.0).remove()
    }

    pub(crate) fn all(&self) -> http::Extensions {
        lock(&self.0).clone()
    }
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extensions").finish_non_exhaustive()
    }
}
