// What the examples of the documentation are tried with: a page in this process, which polls without a network.

#[allow(dead_code)]
struct Page {
    io: madang_socketio::SocketIo,
    sid: String,
    unread: std::collections::VecDeque<String>,
}

#[allow(dead_code)]
impl Page {
    /// In the main namespace.
    async fn open(io: &madang_socketio::SocketIo) -> Self {
        let mut page = Self::outside(io).await;
        page.send("0").await;
        assert!(page.receive().await.starts_with("0{\"sid\":"));
        page
    }

    /// In no namespace yet.
    async fn outside(io: &madang_socketio::SocketIo) -> Self {
        let mut page = Self { io: io.clone(), sid: String::new(), unread: Default::default() };
        let open = page.request("GET", "").await;
        let (_, sid) = open.split_once("\"sid\":\"").expect("a handshake");
        page.sid = sid.split('"').next().unwrap_or_default().to_owned();
        page
    }

    /// Sends a packet of Socket.IO.
    async fn send(&self, packet: &str) {
        assert_eq!(self.request("POST", &format!("4{packet}")).await, "ok");
    }

    /// The next packet of Socket.IO.
    async fn receive(&mut self) -> String {
        loop {
            while let Some(packet) = self.unread.pop_front() {
                if let Some(packet) = packet.strip_prefix('4') {
                    return packet.to_owned();
                }
                assert_ne!(packet, "1", "the session has ended");
            }
            let answer = self.request("GET", "").await;
            self.unread.extend(answer.split('\u{1e}').map(str::to_owned));
        }
    }

    async fn request(&self, method: &str, body: &str) -> String {
        use http_body_util::BodyExt as _;

        let session = if self.sid.is_empty() { String::new() } else { format!("&sid={}", self.sid) };
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}/?EIO=4&transport=polling{session}", self.io.path()))
            .header("user-agent", "page")
            .body(http_body_util::Full::new(bytes::Bytes::copy_from_slice(body.as_bytes())))
            .expect("a request");
        let body = self.io.respond(request).await.into_body().collect().await.expect("a body");
        String::from_utf8_lossy(&body.to_bytes()).into_owned()
    }
}
