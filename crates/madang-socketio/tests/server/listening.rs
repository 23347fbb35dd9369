//! Who is called for an event, with what, and in which order.

use crate::common::{notes, serve};
use madang_socketio::proto::Args;
use madang_socketio::{
    Ack, Arguments, Bytes, Data, EventName, Failure, Namespace, NamespaceName, Socket, SocketIo, TryData,
    Value,
};
use serde::{Deserialize, Serialize};

#[tokio::test]
async fn listeners_of_one_event_are_called_in_order() {
    let io = serve().await;
    let (mut client, socket) = io.pair().await;
    let (called, mut order) = notes();
    for number in 1..=3 {
        let called = called.clone();
        socket.on("go", move || {
            let _ = called.send(number);
            async {}
        });
    }
    assert_eq!(socket.listener_count("go"), 3);
    socket.on("end", async || ());
    client.say(r#"2["go"]"#).await;
    assert_eq!(
        [order.next().await, order.next().await, order.next().await],
        [1, 2, 3]
    );
}

#[tokio::test]
async fn once_is_once() {
    let io = serve().await;
    let (mut client, socket) = io.pair().await;
    let (called, mut order) = notes();
    let every = called.clone();
    socket.once("go", move |Data(n): Data<u8>| {
        let _ = called.send(("once", n));
        async {}
    });
    socket.on("go", move |Data(n): Data<u8>| {
        let _ = every.send(("every", n));
        async {}
    });
    client.say(r#"2["go",1]"#).await;
    client.say(r#"2["go",2]"#).await;
    let heard = [order.next().await, order.next().await, order.next().await];
    assert_eq!(heard, [("once", 1), ("every", 1), ("every", 2)]);
    assert_eq!(socket.listener_count("go"), 1);
}

#[tokio::test]
async fn off_takes_listeners_off() {
    let io = serve().await;
    let (mut client, socket) = io.pair().await;
    let first = socket.on("go", async || 1);
    socket.on("go", async || 2);
    socket.on("gone", async || 3);
    socket.off_listener(first);
    socket.off("gone");
    client.say(r#"20["gone"]"#).await;
    client.say(r#"21["go"]"#).await;
    assert_eq!(client.hear().await, "31[2]");
    socket.remove_all_listeners();
    assert_eq!(socket.listener_count("go"), 0);
}

#[tokio::test]
async fn arguments_are_of_any_shape() {
    #[derive(Deserialize, Serialize)]
    struct Upload {
        name: String,
        content: Bytes,
    }
    let io = serve().await;
    let (mut client, socket) = io.pair().await;
    socket.on("one", async |Data(text): Data<String>| text);
    socket.on("two", async |Data((a, b)): Data<(u8, Option<u8>)>| (b, a));
    socket.on("all", async |Data(Arguments(all)): Data<Arguments>| all.len());
    socket.on("raw", async |args: Args| args.len());
    socket.on("any", async |Data(value): Data<Value>| value);
    socket.on("try", async |TryData(read): TryData<u8>| read.is_err());
    socket.on("upload", async |Data(mut upload): Data<Upload>| {
        upload.name.push_str(".bak");
        Data(upload)
    });
    for (said, heard) in [
        (r#"20["one","마당"]"#, r#"30["마당"]"#),
        (r#"21["two",1,2]"#, "31[2,1]"),
        (r#"22["two",1]"#, "32[null,1]"),
        (r#"23["all",1,"2",{"three":3}]"#, "33[3]"),
        (r#"24["raw",1,2]"#, "34[2]"),
        (
            r#"25["any",{"b":[1,null],"a":1.5}]"#,
            r#"35[{"b":[1,null],"a":1.5}]"#,
        ),
        (r#"26["try","text"]"#, "36[true]"),
    ] {
        client.say(said).await;
        assert_eq!(client.hear().await, heard);
    }
    client
        .say(r#"51-7["upload",{"name":"a","content":{"_placeholder":true,"num":0}}]"#)
        .await;
    client.say_binary(&[1, 2, 3]).await;
    assert_eq!(
        client.hear().await,
        r#"61-7[{"name":"a.bak","content":{"_placeholder":true,"num":0}}]"#
    );
    assert_eq!(client.hear_binary().await, [1, 2, 3]);
}

#[tokio::test]
async fn handlers_get_whatever_they_ask_for() {
    let io = serve().await;
    io.ns(
        "/chat",
        async |socket: Socket, io: SocketIo, namespace: Namespace, name: NamespaceName| {
            assert_eq!(io.path(), "/socket.io");
            assert_eq!(namespace.name(), &*name);
            socket.on(
                "hello",
                async |socket: Socket, event: EventName, name: NamespaceName, Data(n): Data<u8>, ack: Ack| {
                    assert!(ack.is_wanted());
                    ack.send((socket.id(), &*event, &*name, n))
                },
            );
        },
    );
    let mut client = io.join("/chat").await;
    client.say(r#"2/chat,0["hello",1]"#).await;
    let sid = client.sid.clone();
    assert_eq!(
        client.hear().await,
        format!(r#"3/chat,0["{sid}","hello","/chat",1]"#)
    );
}

#[tokio::test]
async fn a_number_is_an_event_name_too() {
    let io = serve().await;
    let (mut client, socket) = io.pair().await;
    socket.on("7", async |Data(n): Data<u8>| n);
    client.say("20[7,8]").await;
    assert_eq!(client.hear().await, "30[8]");
}

#[tokio::test]
async fn a_panic_an_error_and_a_wrong_argument_cost_one_event() {
    let io = serve().await;
    let (mut client, socket) = io.pair().await;
    socket.on("panic", async || -> () { panic!("as told") });
    socket.on("panic later", async || -> () {
        tokio::task::yield_now().await;
        panic!("as told")
    });
    socket.on("error", async || Err::<(), _>("as told"));
    socket.on("number", async |Data(n): Data<u8>| n);
    socket.on("good", async || Ok::<_, std::io::Error>("good"));
    for event in ["panic", "panic later", "error", "number"] {
        client.say(&format!(r#"20["{event}"]"#)).await;
    }
    client.say(r#"21["good"]"#).await;
    assert_eq!(client.hear().await, r#"31["good"]"#);
    assert!(socket.connected());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn events_are_begun_in_the_order_in_which_they_came() {
    const EVENTS: u32 = 1_000;
    let io = serve().await;
    let (mut client, socket) = io.pair().await;
    let (called, mut order) = notes();
    socket.on("go", move |Data(n): Data<u32>| {
        let called = called.clone();
        async move {
            let _ = called.send(n);
            tokio::task::yield_now().await;
        }
    });
    for n in 0..EVENTS {
        client.say(&format!(r#"2["go",{n}]"#)).await;
    }
    for n in 0..EVENTS {
        assert_eq!(order.next().await, n);
    }
}

#[tokio::test]
async fn any_listeners_hear_every_event_first() {
    let io = serve().await;
    let (mut client, socket) = io.pair().await;
    let (called, mut order) = notes();
    let hear = |who: &'static str| {
        let called = called.clone();
        move |name: EventName, Data(args): Data<Arguments>| {
            let _ = called.send(format!("{who} {} {}", &*name, args.0.len()));
            async {}
        }
    };
    let last = socket.on_any(hear("last"));
    let first = socket.prepend_any(hear("first"));
    assert_eq!(socket.listeners_any(), [first, last]);
    let named = socket.on("go", hear("named"));
    socket.off_any(Some(named));
    client.say(r#"2["go",1,2]"#).await;
    let heard = [order.next().await, order.next().await, order.next().await];
    assert_eq!(heard, ["first go 2", "last go 2", "named go 2"]);
    socket.off_any(Some(first));
    client.say(r#"2["other"]"#).await;
    assert_eq!(order.next().await, "last other 0");
    socket.off_any(None);
    assert!(socket.listeners_any().is_empty());
}

#[tokio::test]
async fn outgoing_listeners_hear_what_is_sent() {
    let io = serve().await;
    let (mut client, socket) = io.pair().await;
    let (called, mut order) = notes();
    let hear = |who: &'static str| {
        let called = called.clone();
        move |name: EventName, Data(args): Data<Arguments<u8>>| {
            let _ = called.send(format!("{who} {} {:?}", &*name, args.0));
            async {}
        }
    };
    let last = socket.on_any_outgoing(hear("last"));
    let first = socket.prepend_any_outgoing(hear("first"));
    assert_eq!(socket.listeners_any_outgoing(), [first, last]);
    socket.emit("one", (1, 2)).unwrap();
    assert_eq!(order.so_far(), ["first one [1, 2]", "last one [1, 2]"]);
    socket.off_any_outgoing(Some(first));
    io.emit("all", 3).unwrap();
    assert_eq!(order.so_far(), ["last all [3]"], "a broadcast too");
    socket.broadcast().emit("others", 4).unwrap();
    assert!(order.so_far().is_empty(), "which isn't for it");
    socket.off_any_outgoing(None);
    assert!(socket.listeners_any_outgoing().is_empty());
    socket.emit("two", 5).unwrap();
    assert!(order.so_far().is_empty());
    assert_eq!(client.hear().await, r#"2["one",1,2]"#);
}

#[tokio::test]
async fn middlewares_of_a_socket_may_refuse_events() {
    let io = serve().await;
    let (mut client, socket) = io.pair().await;
    let (failed, mut errors) = notes();
    socket.use_(async |name: EventName| {
        tokio::task::yield_now().await;
        if &*name == "secret" {
            Err("not for you")
        } else {
            Ok(())
        }
    });
    socket.on_error(move |failure: Failure| {
        let _ = failed.send(failure.to_string());
        async {}
    });
    socket.on("secret", async || "never");
    socket.on("open", async || "always");
    client.say(r#"20["secret"]"#).await;
    assert_eq!(errors.next().await, "not for you");
    client.say(r#"21["open"]"#).await;
    assert_eq!(client.hear().await, r#"31["always"]"#);
}

#[tokio::test]
async fn reserved_names_cannot_be_listened_to_or_sent() {
    let io = serve().await;
    let (mut client, socket) = io.pair().await;
    for name in [
        "connect",
        "connect_error",
        "disconnect",
        "disconnecting",
        "newListener",
        "removeListener",
    ] {
        socket.on(name, async || ());
        assert_eq!(socket.listener_count(name), 0);
        assert_eq!(socket.emit(name, ()).unwrap_err().code(), "sio_emit_reserved");
        assert_eq!(io.emit(name, ()).unwrap_err().code(), "sio_emit_reserved");
        assert!(io.event(name, ()).is_err());
    }
    client.say(r#"2["disconnect"]"#).await;
    assert!(
        client.hear_end().await.is_empty(),
        "a client that sends one is sent away"
    );
}

#[tokio::test]
async fn whoever_breaks_the_protocol_is_told_on() {
    let io = serve().await;
    let (mut client, socket) = io.pair().await;
    let (failed, mut errors) = notes();
    let gone = failed.clone();
    socket.on_error(move |failure: Failure| {
        let _ = failed.send(failure.to_string());
        async {}
    });
    socket.on_disconnect(move |reason: madang_socketio::DisconnectReason| {
        let _ = gone.send(reason.to_string());
        async {}
    });
    client.say("9").await;
    assert!(client.hear_end().await.is_empty());
    assert_eq!(errors.next().await, "unknown packet type 9");
    assert_eq!(errors.next().await, "forced close");
}
