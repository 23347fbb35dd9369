//! What one client, and all of them, can have a server keep.

/// Bounds of a server. Change a field of [`Limits::default`] and give it to [`limits`](crate::SocketIoBuilder::limits). What is bounded elsewhere: bytes that
/// wait for a client ([`send_limit`](madang_engineio::Config::send_limit)), bytes of a message
/// ([`max_http_buffer_size`](madang_engineio::Config::max_http_buffer_size)), attachments of a packet
/// ([`max_attachments`](crate::SocketIoBuilder::max_attachments)), rooms of a socket ([`rooms_per_member`](madang_hub::Limits::rooms_per_member)), what is
/// remembered for those who come back ([`ConnectionStateRecovery`](crate::ConnectionStateRecovery)).
///
/// ```
/// use madang_socketio::{Limits, SocketIo};
///
/// let mut limits = Limits::default();
/// limits.pending_acks = 16; // questions that a client hasn't answered
/// limits.child_namespaces = 100;
/// let io = SocketIo::builder().limits(limits).build();
/// assert_eq!(io.limits().pending_acks, 16);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Namespaces that one client may be in, or on its way into; it is refused any further one. Default 64: several times what a page uses, and a
    /// client that asks for a thousand costs what it may be in.
    pub namespaces_per_client: usize,
    /// Namespaces that the clients' names may bring to life, for each matcher of them. Any further name is an unknown namespace. Default 10,000: at about a
    /// kilobyte each, ten megabytes. With [`cleanup_empty_child_namespaces`](crate::SocketIoBuilder::cleanup_empty_child_namespaces) those in use count.
    pub child_namespaces: usize,
    /// Acknowledgements that one socket may owe; asking for one more fails. Default 1,000: more unanswered questions mean that the client doesn't answer.
    pub pending_acks: usize,
    /// Broadcasts of one namespace whose acknowledgements are being collected; one more fails. Default 1,000: each lists the sockets that haven't answered.
    pub pending_broadcasts: usize,
    /// Events without a listener that are kept while the connection's handler hasn't finished; further ones are dropped, as are all without a listener
    /// afterwards. Default 64: what a client sends in the time of one query to a database.
    pub held_events: usize,
    /// Listeners and middlewares of one socket, of all kinds. One more isn't added, and an error is logged: it is the application that adds
    /// one for each event and removes none. Default 1,024.
    pub listeners: usize,
    /// Requests to the other servers of a cluster that wait for their answers; one more fails. Default 1,000, as few as there should be.
    pub pending_requests: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            namespaces_per_client: 64,
            child_namespaces: 10_000,
            pending_acks: crate::proto::DEFAULT_MAX_PENDING_ACKS,
            pending_broadcasts: 1_000,
            held_events: 64,
            listeners: 1_024,
            pending_requests: 1_000,
        }
    }
}
