//! A way to a database that a test can cut, as when its server ends, and mend.

use std::net::SocketAddr;
use std::sync::Arc;

use madang_server::config::DatabaseUrl;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

/// A port that leads to another while it isn't cut.
pub struct Cut {
    addr: SocketAddr,
    behind: SocketAddr,
    /// While there is something here, connections are let through.
    open: Arc<Mutex<JoinSet<()>>>,
}

impl Cut {
    /// Before the server of this database; also how the database is reached through it.
    pub async fn before(url: &DatabaseUrl) -> (Self, DatabaseUrl) {
        let (front, rest) = url.as_str().split_once('@').expect("an address with a user");
        let (server, path) = rest.split_once('/').expect("an address with a name");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let cut = Self {
            addr: listener.local_addr().unwrap(),
            behind: server.parse().unwrap(),
            open: Arc::default(),
        };
        let through = format!("{front}@{}/{path}", cut.addr).parse().unwrap();
        cut.lead(listener).await;
        (cut, through)
    }

    /// Every connection ends, and nobody gets another.
    pub async fn cut(&self) {
        self.open.lock().await.shutdown().await;
    }

    /// The server is there again.
    pub async fn mend(&self) {
        let listener = TcpListener::bind(self.addr).await.unwrap();
        self.lead(listener).await;
    }

    async fn lead(&self, listener: TcpListener) {
        let (behind, open) = (self.behind, self.open.clone());
        let mut tasks = self.open.lock().await;
        tasks.spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                open.lock().await.spawn(async move {
                    if let Ok(mut far) = TcpStream::connect(behind).await {
                        // How a connection through here ends is for its two ends to say.
                        let _ = copy_bidirectional(&mut near, &mut far).await;
                    }
                });
            }
        });
    }
}
