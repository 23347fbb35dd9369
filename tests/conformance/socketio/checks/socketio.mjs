// What every version of socket.io-client must be able to do, over every transport.
import { Client, fresh, noise, overLine, pause, using } from "./client.mjs";
import { ok, same, within } from "./report.mjs";

const TEXT = "안녕하세요 😀 ñ";
const VALUES = [
  ["", TEXT, "𝄞\u0000\u001e\u2028\u2029\\\"\n</script>", "b4AAAA", "0:1:"],
  [0, -1, 1.5, 5e-324, 2 ** 53 - 1, -(2 ** 31), 255, 65536],
  [null, true, false, [], {}, [[]], [null]],
  { a: { b: [1, { c: null, "": "empty" }] }, "키": "값", _placeholder: false },
  { _placeholder: true, num: 0 },
];
/** What JavaScript's msgpack can't say. */
const JSON_ONLY = [1e21, -1e300];
/** Around every boundary of a length in any of the formats. */
const SIZES = [0, 1, 9, 10, 99, 125, 126, 127, 65_535, 65_536];
const MEGABYTE = 1_048_576;

/**
 * @param {import("./report.mjs").Report} report
 * @param {import("./client.mjs").Setting} setting
 */
export async function socketIo(report, setting) {
  await events(report, setting);
  await namespaces(report, setting);
  await rooms(report, setting);
  await endings(report, setting);
  await lines(report, setting);
}

async function events(report, setting) {
  const { version, binary, transport } = setting;
  const values = setting.msgpack ? VALUES : [...VALUES, JSON_ONLY];
  const client = new Client(setting, "/", { query: { who: "me & you +%" } });
  const check = (name, run) => report.check(name, run);

  const connected = await check("connect, with a welcome", async () => {
    await client.ready();
    ok(client.socket.connected, "not connected");
    const [welcome] = await client.take("welcome");
    // The id is the client's own in protocol 3, the server's in 4, and the same on both sides in either.
    same(welcome.id, client.id, "ids");
    same(welcome.namespace, "/");
    same(welcome.query.who, "me & you +%", "the query");
    same(welcome.query.EIO, version < 3 ? "3" : "4", "protocols");
    if (version >= 3) ok(client.id !== client.engine.id, "the session's secret id is shown as socket.id");
  });
  if (!connected) throw new Error("no connection to go on with");
  await check("the transport", async () => {
    const name = transport === "polling" ? "polling" : "websocket";
    same(client.engine.transport.name, name, "the client's");
    same(await client.ask("transport"), [name], "the server's");
  });
  await check("text and unicode", async () => {
    client.emit("echo", ...values);
    same(await client.take("echo"), values);
    client.emit("echo");
    same(await client.take("echo"), []);
    // Over polling, Socket.IO 1 encodes text as UTF-8 twice, and nothing in its handshake tells it from 2, which doesn't:
    // it understands its own text only, with Node's server, too.
    if (version >= 2 || transport !== "polling") same(await client.ask("text"), [TEXT], "the server's own");
  });
  await check("acknowledgement by the server", async () => {
    same(await client.ask("ack", ...values), values);
    same(await client.ask("ack"), []);
    const numbers = Array.from({ length: 20 }, (_, index) => index);
    same(await Promise.all(numbers.map((number) => client.ask("ack", number))), numbers.map((number) => [number]));
  });
  await check("acknowledgement by the client", async () => {
    client.emit("call me", 1, TEXT, { a: [null] });
    same(await client.take("called"), [1, TEXT, { a: [null] }], "the call");
    same(await client.take("answered"), [{ a: [null] }, TEXT, 1], "the answer");
    client.emit("call me");
    same([await client.take("called"), await client.take("answered")], [[], []], "nothing");
  });
  await check("binary of every size", async () => {
    for (const size of SIZES) {
      client.emit("echo", binary(noise(size)), size);
      same(await client.take("echo"), [noise(size), size]);
    }
  });
  await check("1 MB of binary and of text", async () => {
    same(await client.ask("ack", binary(noise(MEGABYTE))), [noise(MEGABYTE)]);
    const text = TEXT.repeat(MEGABYTE / 32);
    client.emit("echo", text);
    same(await client.take("echo"), [text]);
  });
  await check("several attachments", async () => {
    const bytes = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((size) => noise(size * 7));
    const nested = (wrap) => [
      { first: wrap(bytes[0]), deep: { list: [wrap(bytes[1]), TEXT, wrap(bytes[2]), null] } },
      wrap(bytes[3]),
      [[wrap(bytes[4])], wrap(bytes[5]), wrap(bytes[6]), { 7: wrap(bytes[7]), 8: wrap(bytes[8]) }],
      wrap(bytes[9]),
    ];
    client.emit("echo", ...nested(binary));
    same(await client.take("echo"), nested((one) => one));
  });
  await check("binary in acknowledgements both ways", async () => {
    same(await client.ask("ack", { a: binary(noise(70_000)), b: [binary(noise(5))] }), [{ a: noise(70_000), b: [noise(5)] }]);
    client.emit("call me", binary(noise(300)), "x", { y: binary(noise(66_000)) });
    same(await client.take("called"), [noise(300), "x", { y: noise(66_000) }], "the call");
    same(await client.take("answered"), [{ y: noise(66_000) }, "x", noise(300)], "the answer");
  });
  await check("1,000 events in order, binary among them", async () => {
    const sent = Array.from({ length: 1000 }, (_, index) => (index % 50 === 49 ? noise(index) : index));
    for (const one of sent) client.emit("echo", one instanceof Uint8Array ? binary(one) : one);
    const received = [];
    for (const _ of sent) received.push((await client.take("echo"))[0]);
    same(received, sent);
  });
  await check("data of the socket", async () => {
    same(await client.ask("get data", "name"), [null]);
    same(await client.ask("set data", "name", { text: TEXT }), []);
    same(await client.ask("get data", "name"), [{ text: TEXT }]);
  });
  await check("no answer where none is due", async () => {
    let answered = 0;
    client.socket.emit("ignore", 1, () => answered++);
    client.emit("no such event", 1, binary(noise(3)));
    client.emit("ack", "without an acknowledgement");
    same(await client.ask("ack", "after"), ["after"]);
    same(await client.ask("forbidden"), [["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"]]);
    same([answered, client.count("echo")], [0, 0], "answers");
  });
  if (version >= 4.6) {
    await check("timeouts, promises and retries", async () => {
      same(await client.socket.timeout(5_000).emitWithAck("ack", "a promise"), "a promise");
      const late = await client.socket.timeout(100).emitWithAck("ignore").then(() => "answered", (error) => error.message);
      same(late, "operation has timed out");
      await using([new Client(setting, "/quiet", { retries: 2, ackTimeout: 500 })], async (sure) => {
        const outcome = new Promise((resolve) => sure.emit("ignore", (error) => resolve(error?.message)));
        const after = new Promise((resolve) => sure.emit("ack", "in its turn", (error, answer) => resolve([error, answer])));
        same(await within(outcome, "the last try"), "operation has timed out");
        same(await within(after, "the next event"), [null, "in its turn"]);
      });
    });
  }
  await check("alive after three heartbeats", async () => {
    // Protocol 4 says pong when it answers the server's ping, protocol 3 when its own was answered.
    for (let beat = 0; beat < 3; beat++) await within(new Promise((resolve) => client.engine.once("pong", resolve)), "a heartbeat");
    same(await client.ask("ack", "alive"), ["alive"]);
    ok(client.count("disconnect") === 0, "disconnected");
  });
  client.close();
}

async function namespaces(report, setting) {
  const { version, binary } = setting;
  const first = new Client(setting);
  await first.ready();
  const beside = (namespace, auth) => new Client(setting, namespace, { manager: first.socket.io, auth });

  await report.check("namespaces on one connection", async () => {
    const chat = beside("/chat");
    const quiet = beside("/quiet");
    await Promise.all([chat.take("connect"), quiet.take("connect")]);
    const [welcome] = await chat.take("welcome");
    same([welcome.namespace, welcome.id], ["/chat", serverId(setting, chat, "/chat")], "the welcome");
    const ids = [[first, "/"], [chat, "/chat"], [quiet, "/quiet"]].map((one) => serverId(setting, ...one));
    same(new Set(ids).size, 3, "different ids");
    chat.emit("echo", "chat", binary(noise(20)));
    quiet.emit("echo", "quiet", binary(noise(30)));
    same(await quiet.take("echo"), ["quiet", noise(30)]);
    same(await chat.take("echo"), ["chat", noise(20)]);
    same([await chat.ask("ack", 1), await quiet.ask("ack", 2), await first.ask("ack", 3)], [[1], [2], [3]]);
    same([quiet.count("welcome"), first.count("echo")], [0, 0], "strays");
    chat.socket.disconnect();
    same(await chat.disconnected(), "io client disconnect");
    same(await quiet.ask("ack", "still here"), ["still here"]);
  });
  await report.check("a dynamic namespace", async () => {
    const name = `/room-${Math.random().toString(36).slice(2)}`;
    const [one, two] = [beside(name), new Client(setting, name)];
    await using([two], async () => {
      await Promise.all([one.take("connect"), two.ready()]);
      await two.ask("join", "both");
      one.emit("broadcast", "both", name);
      same(await two.take("broadcast"), [name]);
    });
  });
  await report.check("an unknown namespace is refused", async () => {
    for (const name of ["/nowhere", "/room-NO"]) {
      const [error] = await beside(name).take("refused");
      same(error.message, "Invalid namespace", name);
    }
    same(await first.ask("ack", "unharmed"), ["unharmed"]);
  });
  await report.check("a middleware's refusal has its message and data", async () => {
    const [error] = await beside("/guarded").take("refused");
    // Socket.IO 2 has either: data when there is some.
    if (version < 3) return same(error, { code: "E_TOKEN" }, "the error");
    same([error.message, error.data], ["not allowed", { code: "E_TOKEN" }], "the error");
  });
  await report.check("a middleware lets the right one in", async () => {
    const guarded = new Client(setting, "/guarded", { auth: { token: "yes" } });
    await using([guarded], async () => {
      await guarded.ready();
      same(await guarded.ask("ack", "in"), ["in"]);
    });
  });
  if (version >= 3) {
    await report.check("refused, then let in with other auth", async () => {
      await using([new Client(setting, "/guarded", { auth: { token: "no", "단어": TEXT } })], async (guarded) => {
        await guarded.take("refused");
        guarded.socket.auth = (done) => done({ token: "yes" });
        guarded.socket.connect();
        await guarded.take("connect");
        same(await guarded.ask("ack", "in"), ["in"]);
      });
    });
    await report.check("auth reaches the handshake", async () => {
      const auth = { name: TEXT, deep: [1, { a: null }] };
      await using([new Client(setting, "/chat", { auth })], async (chat) => {
        same((await chat.take("welcome"))[0].auth, auth);
      });
    });
  }
  first.close();
}

/** The socket's id; Socket.IO 1 leaves the namespace out of its own. */
function serverId({ version }, client, namespace) {
  return version < 2 && namespace !== "/" ? `${namespace}#${client.id}` : client.id;
}

async function rooms(report, setting) {
  const { binary } = setting;
  const clients = [new Client(setting), new Client(setting), new Client(setting)];
  await Promise.all(clients.map((client) => client.ready()));
  const [one, two, three] = clients;
  const room = fresh("room");

  await report.check("rooms", async () => {
    for (const client of clients) await client.ask("join", room);
    same(await one.ask("rooms"), [[one.id, room].sort()]);
    one.emit("broadcast", room, TEXT, { a: binary(noise(40)) });
    for (const client of [two, three]) same(await client.take("broadcast"), [TEXT, { a: noise(40) }]);
    await three.ask("leave", room);
    one.emit("broadcast", room, "two alone");
    same(await two.take("broadcast"), ["two alone"]);
    one.emit("broadcast", three.id, "three alone");
    same(await three.take("broadcast"), ["three alone"], "the room of the socket's id");
    for (const client of clients) await client.ask("ack");
    same(clients.map((client) => client.count("broadcast")), [0, 0, 0], "strays");
  });
  await report.check("a broadcast with acknowledgements", async () => {
    await three.ask("join", room);
    const [error, answers] = await one.ask("call room", room, "who", 1);
    same(error, null);
    same(answers, [1, 1, 1]);
    two.answer = () => {};
    const [late, some] = await one.ask("call room", room, "who", 2);
    same([late, some], ["operation has timed out", [2, 2]], "with one who never answers");
  });
  await report.check("volatile", async () => {
    // With polling one is lost whenever no request waits, as it should be: the second of two may be, the first of many isn't.
    await within(
      (async () => {
        while (one.count("volatile") === 0) {
          await one.ask("volatile", null, TEXT, 7);
          await pause(10);
        }
      })(),
      "a volatile event",
    );
    for (const args of one.all("volatile")) same(args, [TEXT, 7]);
  });
  for (const client of clients) client.close();

  const { crowd: size = 50 } = setting;
  await report.check(`100 broadcasts to ${size} clients in order`, async () => {
    const crowd = Array.from({ length: size }, () => new Client(setting));
    const sender = new Client(setting);
    await using([sender, ...crowd], async () => {
      await Promise.all([sender, ...crowd].map((client) => client.ready()));
      const room = fresh("crowd");
      await Promise.all(crowd.map((client) => client.ask("join", room)));
      const args = (index, wrap) => [index, TEXT, ...(index % 20 === 19 ? [wrap(noise(index))] : [])];
      for (let index = 0; index < 100; index++) sender.emit("broadcast", room, ...args(index, binary));
      const expected = Array.from({ length: 100 }, (_, index) => args(index, (one) => one));
      for (const client of crowd) {
        const received = [];
        for (const _ of expected) received.push(await client.take("broadcast"));
        same(received, expected);
      }
      await Promise.all(crowd.map((client) => client.ask("ack")));
      same(crowd.map((client) => client.count("broadcast")).filter((count) => count > 0), [], "doubles");
    });
  });
}

/** Who ends it, and what both sides say of it. */
async function endings(report, setting) {
  const { version } = setting;
  const ends = async (reconnection, end, use) => {
    const [client, watcher] = [new Client(setting, "/", { reconnection }), new Client(setting)];
    await using([client, watcher], async () => {
      await Promise.all([client.ready(), watcher.ready()]);
      const id = client.id;
      await watcher.ask("join", `watch:${id}`);
      end(client);
      const [gone, reason] = await watcher.take("gone");
      same(gone, id);
      await use(await client.disconnected(), reason, client);
    });
  };
  await report.check("the client disconnects", () =>
    ends(
      true,
      (client) => client.socket.disconnect(),
      (ours, theirs) => same([ours, theirs], ["io client disconnect", "client namespace disconnect"], "reasons"),
    ),
  );
  await report.check("the client closes the connection", () =>
    ends(
      false,
      (client) => client.engine.close(),
      (ours, theirs) => same([ours, theirs], ["forced close", "transport close"], "reasons"),
    ),
  );
  await report.check("the server disconnects the socket", () =>
    ends(
      true,
      (client) => client.emit("disconnect me", false),
      async (ours, theirs, client) => {
        same([ours, theirs], ["io server disconnect", "server namespace disconnect"], "reasons");
        // It stays away until told to come back; the connection is still there.
        ok(!client.socket.connected, "connected");
        client.socket.connect();
        await client.take("connect");
        same(await client.ask("ack", "again"), ["again"]);
      },
    ),
  );
  await report.check("the server disconnects all of a connection", () =>
    ends(
      false,
      (client) => client.emit("disconnect me", true),
      (ours, theirs) => same([ours, theirs], ["io server disconnect", "server namespace disconnect"], "reasons"),
    ),
  );
  await report.check("the server closes the transport, and the client comes back", () =>
    ends(
      true,
      (client) => client.emit("close transport"),
      async (ours, theirs, client) => {
        same(theirs, "forced close", "the server's reason");
        same(ours, "transport close", "the client's reason");
        await client.take("connect");
        same(await client.ask("ack", version), [version]);
      },
    ),
  );
}

/** A line that breaks, holds and gathers. */
async function lines(report, setting) {
  const { transport } = setting;
  await report.check("reconnection, and what was emitted meanwhile", () =>
    overLine(setting, async (line) => {
      const [client, watcher] = [new Client(setting, "/", { url: line.url }), new Client(setting)];
      await using([client, watcher], async () => {
        await Promise.all([client.ready(), watcher.ready()]);
        const [{ id }] = await client.take("welcome");
        await watcher.ask("join", `watch:${id}`);
        await line.tell("refuse");
        await line.tell("drop");
        ok(/^transport (close|error)$/.test(await client.disconnected()), "the client's reason");
        // Between two requests nothing is there to be lost: then only the heartbeat tells.
        const reasons = transport === "polling" ? /^(transport (close|error)|ping timeout)$/ : /^transport (close|error)$/;
        const [, reason] = await watcher.take("gone");
        ok(reasons.test(reason), `the server's reason: ${reason}`);
        let failed = 0;
        client.socket.io.on("reconnect_attempt", () => failed++);
        client.emit("echo", "meanwhile", 1);
        const answer = client.ask("ack", "meanwhile", 2);
        await within((async () => { while (failed < 2) await pause(10); })(), "two attempts");
        await line.tell("accept");
        await client.take("connect");
        const [again] = await client.take("welcome");
        ok(again.id !== id && again.id === client.id, "a new id");
        same(await client.take("echo"), ["meanwhile", 1]);
        same(await answer, ["meanwhile", 2]);
      });
    }),
  );
  await report.check("CONNECT's answer and the first event in one segment", () =>
    overLine(setting, async (line) => {
      await line.tell("gather");
      const client = new Client(setting, "/chat", { url: line.url });
      await using([client], async () => {
        await client.ready();
        const [welcome] = await client.take("welcome");
        same([welcome.namespace, welcome.id], ["/chat", serverId(setting, client, "/chat")]);
        same(await client.ask("ack", 1), [1]);
      });
    }),
  );
  await report.check("a line that holds: nothing lost, nothing twice, volatile dropped", () =>
    overLine(setting, async (line) => {
      const [client, sender] = [new Client(setting, "/", { url: line.url }), new Client(setting)];
      await using([client, sender], async () => {
        await Promise.all([client.ready(), sender.ready()]);
        const room = fresh("held");
        await client.ask("join", room);
        await line.tell("hold");
        const ballast = "x".repeat(200_000);
        for (let index = 0; index < 60; index++) {
          await sender.ask("volatile", room, index, ballast);
          if (index % 6 === 0) await sender.ask("broadcast", room, index);
        }
        await line.tell("release");
        for (let index = 0; index < 60; index += 6) same(await client.take("broadcast"), [index]);
        await client.ask("ack");
        const kept = client.all("volatile").map(([index]) => index);
        same(kept, [...kept].sort((a, b) => a - b), "their order");
        ok(kept.length < 60, `all volatile events waited (${transport})`);
        same(client.count("broadcast"), 0, "doubles");
      });
    }),
  );
}
