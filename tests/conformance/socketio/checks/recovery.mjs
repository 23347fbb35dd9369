// Connection state recovery, as 4.6 and later clients do it: what was missed comes before `connect`, and id, rooms and data are kept.
import { Client, fresh, noise, overLine, pause, using } from "./client.mjs";
import { ok, same, within } from "./report.mjs";

/** The server appends an offset to the arguments, which clients don't hide. */
const given = (args) => args.slice(0, -1);

/**
 * @param {import("./report.mjs").Report} report
 * @param {import("./client.mjs").Setting} setting
 */
export async function recovery(report, setting) {
  const { binary } = setting;
  const check = (name, run, options) => report.check(name, () => overLine(setting, run), options);

  await check("what was missed comes in order before connect, and id, rooms and data are kept", (line) =>
    lost(setting, line, "/", {}, async ({ client, away, room }) => {
      await client.ask("set data", "key", { kept: true });
      const order = [];
      client.socket.on("broadcast", (index) => order.push(index));
      client.socket.on("connect", () => order.push("connect"));
      const id = client.id;
      await away(async (sender) => {
        for (const index of [0, 1, 2]) await sender.ask("broadcast", room, index, binary(noise(index * 1000)));
        await sender.ask("broadcast", id, 3, "to its own room");
      });
      same([client.socket.recovered, client.id], [true, id], "recovered, id");
      for (const index of [0, 1, 2]) same(given(await client.take("broadcast")), [index, noise(index * 1000)]);
      same(given(await client.take("broadcast")), [3, "to its own room"]);
      same(order, [0, 1, 2, 3, "connect"], "the order");
      same(await client.ask("rooms"), [[id, room].sort()]);
      same(await client.ask("get data", "key"), [{ kept: true }]);
      same(client.count("welcome"), 0, "welcomes");
    }),
  );
  await check("it goes on after a recovery, and recovers twice", (line) =>
    lost(setting, line, "/", {}, async ({ client, away, room, sender }) => {
      for (const round of [1, 2, 3]) {
        await away((sender) => sender.ask("broadcast", room, "missed", round));
        ok(client.socket.recovered, `not recovered in round ${round}`);
        same(given(await client.take("broadcast")), ["missed", round]);
        await sender.ask("broadcast", room, "there", round);
        same(given(await client.take("broadcast")), ["there", round]);
        client.emit("echo", round);
        same(given(await client.take("echo")), [round]);
      }
      await client.ask("ack");
      same(client.count("broadcast"), 0, "doubles");
    }),
  );
  await check("twice without an event between", (line) =>
    lost(setting, line, "/", {}, async ({ client, away, room }) => {
      const id = client.id;
      await away(async () => {});
      ok(client.socket.recovered, "not recovered at first");
      await away((sender) => sender.ask("broadcast", room, 1));
      same([client.socket.recovered, client.id], [true, id], "recovered, id");
      same(given(await client.take("broadcast")), [1]);
      await client.ask("ack");
      same(client.count("broadcast"), 0, "doubles");
    }),
  );
  await check(
    "without an event received before",
    (line) =>
      lost(setting, line, "/quiet", {}, async ({ client, away, room }) => {
        const id = client.id;
        await away((sender) => sender.ask("broadcast", room, "first"));
        same([client.socket.recovered, client.id], [true, id], "recovered, id");
        same(given(await client.take("broadcast")), ["first"]);
      }),
    { notNode: "it knows where to go on only from an event" },
  );
  await check(
    "a user's string isn't an offset",
    (line) =>
      lost(setting, line, "/", {}, async ({ client, away, room, sender }) => {
        await sender.ask("broadcast", room, "before");
        await client.take("broadcast");
        while (client.count("volatile") === 0) {
          await sender.ask("volatile", room, "price", "AAPL");
          await pause(10);
        }
        await away((sender) => sender.ask("broadcast", room, "missed"));
        ok(client.socket.recovered, "not recovered");
        same(given(await client.take("broadcast")), ["missed"]);
        same(client.count("broadcast"), 0, "doubles");
      }),
    { notNode: "it appends no offset to volatile events, so that the client takes their last string for one" },
  );
  await check("two namespaces on one connection", (line) =>
    lost(setting, line, "/", {}, async ({ client, away, room, sender }) => {
      const [chat, other] = [
        new Client(setting, "/chat", { manager: client.socket.io }),
        new Client(setting, "/chat", { manager: sender.socket.io }),
      ];
      await Promise.all([chat.take("connect"), other.take("connect"), chat.take("welcome")]);
      await chat.ask("join", room);
      await away(async (sender) => {
        await other.ask("broadcast", room, "chat");
        await sender.ask("broadcast", room, "main");
      });
      await chat.take("connect");
      same([client.socket.recovered, chat.socket.recovered], [true, true], "recovered");
      same([given(await client.take("broadcast")), given(await chat.take("broadcast"))], [["main"], ["chat"]]);
    }),
  );
  await check("past the middleware", (line) =>
    lost(setting, line, "/guarded", { auth: { token: "yes" } }, async ({ client, away, room, sender }) => {
      await sender.ask("broadcast", room, "before");
      await client.take("broadcast");
      client.socket.auth = { token: "no more" };
      await away((sender) => sender.ask("broadcast", room, "missed"));
      ok(client.socket.recovered, "not recovered");
      same(given(await client.take("broadcast")), ["missed"]);
    }),
  );
  await check("after a heartbeat that never came", (line) =>
    lost(setting, line, "/", {}, async ({ client, room, sender }) => {
      const id = client.id;
      await sender.ask("join", `watch:${id}`);
      await line.tell("hold");
      same((await sender.take("gone")).slice(0, 2), [id, "ping timeout"], "the server's reason");
      same(await client.disconnected(), "ping timeout", "the client's reason");
      await sender.ask("broadcast", room, "missed");
      await line.tell("drop");
      await line.tell("release");
      await client.take("connect");
      same([client.socket.recovered, client.id], [true, id], "recovered, id");
      same(given(await client.take("broadcast")), ["missed"]);
    }),
  );
  await check("never after a disconnect on purpose", (line) =>
    lost(setting, line, "/", {}, async ({ client, room, sender }) => {
      for (const disconnect of [() => client.socket.disconnect(), () => client.emit("disconnect me", false)]) {
        const id = client.id;
        await sender.ask("join", `watch:${id}`);
        disconnect();
        await Promise.all([client.disconnected(), sender.take("gone")]);
        await sender.ask("broadcast", room, "missed");
        client.socket.connect();
        await client.take("connect");
        ok(!client.socket.recovered && client.id !== id, "recovered");
        same([await client.ask("rooms"), client.count("broadcast")], [[[client.id]], 0]);
      }
    }),
  );
  await check("never with a session that isn't there", async () => {
    const client = new Client(setting, "/", { auth: { pid: "nobody's", offset: "nowhere" } });
    await using([client], async () => {
      await client.ready();
      ok(!client.socket.recovered, "recovered");
      same(given(await client.take("welcome"))[0].auth, { pid: "nobody's", offset: "nowhere" });
      same(await client.ask("ack", 1), [1]);
    });
  });
}

/**
 * A client on a line that can be lost, and a sender that can't, in one room. `away` loses the line, does something, and waits
 * until the client is back.
 */
async function lost(setting, line, namespace, options, use) {
  const client = new Client(setting, namespace, { ...options, url: line.url });
  const sender = new Client(setting, namespace, options);
  await using([client, sender], async () => {
    await Promise.all([client.ready(), sender.ready()]);
    if (namespace === "/") same(given(await client.take("welcome"))[0].id, client.id);
    const room = fresh("recovery");
    await client.ask("join", room);
    const away = async (run) => {
      const { id } = client;
      await sender.ask("join", `watch:${id}`);
      await line.tell("refuse");
      await line.tell("drop");
      await Promise.all([client.disconnected(), within(sender.take("gone"), "gone")]);
      await run(sender);
      await line.tell("accept");
      await client.take("connect");
      if (setting.transport === "upgrade") await client.upgraded();
    };
    await use({ client, sender, away, room });
  });
}
