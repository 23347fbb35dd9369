//! Servers of one process as a cluster.

use crate::adapter::{Adapter, ClusterMessage, ServerLink};
use crate::shared::lock;
use std::sync::{Arc, Mutex};

/// The [`Adapter`] of servers in one process: on several ports, of several runtimes, in tests.
///
/// ```
/// use madang_socketio::{Cluster, SocketIo};
///
/// let cluster = Cluster::new();
/// let one = SocketIo::builder().adapter(cluster.clone()).build();
/// let two = SocketIo::builder().adapter(cluster).build();
/// one.emit("news", "for the clients of both").unwrap();
/// # let _ = two;
/// ```
#[derive(Debug, Default)]
pub struct Cluster {
    links: Mutex<Vec<ServerLink>>,
}

impl Cluster {
    /// Without servers.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/page.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use madang_socketio::{Cluster, SocketIo};
    /// let cluster = Cluster::new();
    /// let one = SocketIo::builder().adapter(cluster.clone()).build();
    /// let two = SocketIo::builder().adapter(cluster).build();
    /// # let mut page = Page::open(&two).await;
    /// one.emit("news", "from the other server")?;
    /// # assert_eq!(page.receive().await, r#"2["news","from the other server"]"#);
    /// assert_eq!(one.fetch_sockets().await?.len(), 1); // a client of `two`
    /// # Ok(())
    /// # }
    /// ```
    pub fn new() -> Arc<Self> {
        Arc::default()
    }
}

impl Adapter for Cluster {
    fn attach(&self, link: ServerLink) {
        lock(&self.links).push(link);
    }

    fn server_count(&self) -> usize {
        let links = lock(&self.links);
        links.iter().filter(|link| link.is_alive()).count()
    }

    fn send(&self, message: ClusterMessage) {
        let links = {
            let mut links = lock(&self.links);
            links.retain(ServerLink::is_alive);
            links.clone()
        };
        // Whoever receives may answer at once.
        for link in links {
            link.receive(message.clone());
        }
    }

    fn close(&self, uid: u64) {
        lock(&self.links).retain(|link| link.uid() != uid);
    }
}
