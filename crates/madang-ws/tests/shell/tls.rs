//! `wss://`: our client against our server inside TLS, with a certificate that the test signs itself.

use crate::common::listen;
use madang_hub::{Hub, RoomName};
use madang_ws::client::{ClientConfig, ConnectError};
use madang_ws::server::{ServerConfig, accept};
use madang_ws::{CloseCode, Error, Message, WebSocket};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{self, RootCertStore};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// A server for `localhost`, and a client that trusts it.
fn keys() -> (TlsAcceptor, Arc<rustls::ClientConfig>) {
    let issued = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = issued.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(issued.signing_key.serialize_der().into());
    let server = rustls::ServerConfig::builder_with_provider(default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let client = rustls::ClientConfig::builder_with_provider(default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (TlsAcceptor::from(Arc::new(server)), Arc::new(client))
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor) -> WebSocket {
    let (stream, _) = listener.accept().await.unwrap();
    let stream = acceptor.accept(stream).await.unwrap();
    accept(stream, &ServerConfig::default()).await.unwrap().0
}

async fn connected() -> (WebSocket, WebSocket) {
    let (acceptor, tls) = keys();
    let (listener, addr) = listen().await;
    let config = ClientConfig {
        tls: Some(tls),
        ..ClientConfig::default()
    };
    let url = format!("wss://{}/", addr.replace("127.0.0.1", "localhost"));
    let (server, client) = tokio::join!(serve(listener, acceptor), config.connect(&url));
    (server, client.unwrap().0)
}

#[tokio::test]
async fn messages_go_both_ways() {
    let (server, mut client) = connected().await;
    let serving = tokio::spawn(crate::common::echo(server));
    for len in [0, 1, 1000, 300_000] {
        let message = Message::from(vec![7; len]);
        client.send(message.clone()).await.unwrap();
        assert_eq!(client.recv().await.unwrap().unwrap(), message);
    }
    client.close(CloseCode::NORMAL, "").await.unwrap();
    serving.await.unwrap();
}

#[tokio::test]
async fn a_room_reaches_it_and_nothing_stays_in_the_record_layer() {
    let (mut server, mut client) = connected().await;
    let (hub, flusher) = Hub::new();
    tokio::spawn(flusher);
    let yard = RoomName::try_from("yard").unwrap();
    let member = server.enter(&hub);
    member.join(&yard).unwrap();
    let receiving = tokio::spawn(async move { server.recv().await.is_none() });
    // More than may be queued at once, and far more than the socket takes.
    let large = Message::from(vec![7; 3 << 20]);
    hub.to(&yard).publish(large.clone().into());
    hub.to(&yard).publish(Message::from("small").into());
    assert_eq!(client.recv().await.unwrap().unwrap(), large);
    assert_eq!(client.recv().await.unwrap().unwrap(), "small".into());
    for n in 0..100 {
        hub.to(&yard).publish(Message::from(format!("{n}")).into());
        assert_eq!(client.recv().await.unwrap().unwrap(), format!("{n}").into());
    }
    client.close(CloseCode::NORMAL, "").await.unwrap();
    assert!(receiving.await.unwrap());
}

#[tokio::test]
async fn an_end_without_goodbye_is_a_lost_connection() {
    let (mut server, client) = connected().await;
    drop(client);
    assert!(matches!(server.recv().await, Some(Err(Error::Lost))));
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_opens_nothing() {
    let (acceptor, _) = keys();
    let (_, other) = keys();
    for tls in [Some(other), None] {
        let (listener, addr) = listen().await;
        let acceptor = acceptor.clone();
        let serving = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            acceptor.accept(stream).await.is_err()
        });
        let config = ClientConfig {
            tls,
            ..ClientConfig::default()
        };
        let url = format!("wss://{}/", addr.replace("127.0.0.1", "localhost"));
        let error = config.connect(&url).await.unwrap_err();
        assert!(matches!(error, ConnectError::Io(_)), "{error:?}");
        assert!(error.to_string().contains("certificate"), "{error}");
        assert!(serving.await.unwrap());
    }
}

#[tokio::test]
async fn any_tls_stream_will_do() {
    let (acceptor, tls) = keys();
    let (listener, addr) = listen().await;
    let connecting = async {
        let stream = tokio::net::TcpStream::connect(addr).await.unwrap();
        let name = "localhost".try_into().unwrap();
        let stream = TlsConnector::from(tls).connect(name, stream).await.unwrap();
        ClientConfig::default()
            .connect_over(stream, "wss://localhost/")
            .await
            .unwrap()
            .0
    };
    let (mut server, mut client) = tokio::join!(serve(listener, acceptor), connecting);
    server.send("hello").await.unwrap();
    assert_eq!(client.recv().await.unwrap().unwrap(), "hello".into());
}
