import { describe, expect, it } from "vitest";
import { AccountApi, roleIn } from "../src/account/account-api";
import { order, readModeration, readOf } from "../src/chat/moderation";
import { RoomApi } from "../src/chat/room-api";
import type { Answer, Ask, AskHttp } from "../src/net/http";

/** A server that gives one answer, and what it was asked. */
function server(answer: Partial<Answer> | null) {
  const asked: Ask[] = [];
  const http: AskHttp = (ask, answered) => {
    asked.push(ask);
    answered(answer === null ? null : { status: 200, body: null, etag: null, ...answer });
    return () => {};
  };
  return { asked, http };
}

const stored = { offset: 3, author: "Lee", client_id: "x", text: "hi", at: 1 };

describe("what is asked of a room", () => {
  const room = (answer: Partial<Answer> | null, session?: string) => {
    const { asked, http } = server(answer);
    return { asked, api: new RoomApi("마당", http, () => session) };
  };
  const PATH = `/api/rooms/${encodeURIComponent("마당")}`;

  it("asks for a part of the history", async () => {
    const { asked, api } = room({ body: { messages: [stored], epoch: "e", more: true, more_after: true } });
    const value = { messages: [stored], epoch: "e", more: true, moreAfter: true };
    expect(await api.around(3, 10)).toEqual({ ok: true, value });
    await api.before(3, 10);
    await api.after(3, "e", 10);
    expect(asked.map(({ path, query }) => [path, query])).toEqual([
      [`${PATH}/messages`, { around: 3, limit: 10 }],
      [`${PATH}/messages`, { before: 3, limit: 10 }],
      [`${PATH}/messages`, { after: 3, epoch: "e", limit: 10 }],
    ]);
  });

  it("searches, reports, and asks what is unread in the session's name", async () => {
    const search = room({ body: { messages: [stored], more: false } });
    expect(await search.api.search("hi", 9, 20)).toEqual({ ok: true, value: { messages: [stored], more: false } });
    expect(search.asked).toMatchObject([{ path: `${PATH}/search`, query: { q: "hi", before: 9, limit: 20 } }]);
    const report = room({ status: 201, body: {} }, "secret");
    expect((await report.api.report(3, "rude")).ok).toBe(true);
    expect(report.asked).toMatchObject([{ method: "POST", body: { offset: 3, reason: "rude", session: "secret" } }]);
    const rooms = [{ room: "a", read: 1, offset: 9, unread: 8, mentions: 1 }];
    const unread = room({ body: { rooms } }, "secret");
    expect(await unread.api.unread(["a", "b"], "Kim")).toEqual({ ok: true, value: rooms });
    expect(unread.asked).toMatchObject([{ bearer: "secret", query: { rooms: "a,b", name: "Kim" } }]);
  });

  it.each([
    [null, { ok: false, code: "no_answer" }],
    [
      { status: 403, body: { code: "banned", retry_after_ms: 5 } },
      { ok: false, code: "banned", retryAfterMs: 5 },
    ],
    [
      { status: 500, body: "oops" },
      { ok: false, code: "other" },
    ],
    [
      { status: 200, body: { messages: [{ offset: "3" }] } },
      { ok: false, code: "other" },
    ],
  ])("says what is wrong with %j", async (answer, result) => {
    expect(await room(answer).api.search("hi", undefined, 20)).toEqual(result);
  });

  it("keeps order, and leaves out records that it doesn't know", async () => {
    const sanction = { id: 1, kind: "ban", name: "Lee", by: "Kim", reason: "rude", until: null };
    const report = { id: 2, offset: 3, author: "Lee", text: "!", reason: "", by: "Park", at: 5 };
    const body = {
      moderators: ["Park", 7],
      sanctions: [sanction, { kind: "exile", name: "Lee" }],
      settings: { slow_seconds: 5, words: ["a", 1] },
      reports: [report, {}],
      log: [{ id: 1, action: "ban", name: "Lee", by: "Kim", reason: "rude", at: 5 }, 7],
      more: "of the future",
    };
    const { asked, api } = room({ body });
    expect(await readOf(api)).toEqual({
      ok: true,
      value: {
        moderators: ["Park"],
        sanctions: [{ kind: "ban", name: "Lee", by: "Kim", reason: "rude" }],
        ...{ slowSeconds: 5, words: ["a"], reports: [report] },
        log: [{ action: "ban", name: "Lee", by: "Kim", reason: "rude", at: 5 }],
      },
    });
    await order(api, { action: "mute", name: "Lee", seconds: 60 });
    expect(asked[1]).toMatchObject({ path: `${PATH}/moderation`, body: { action: "mute", name: "Lee", seconds: 60 } });
    await order(api, { action: "role", name: "김 씨", role: "moderator" });
    const role = { method: "PUT", path: `${PATH}/roles/${encodeURIComponent("김 씨")}`, body: { role: "moderator" } };
    expect(asked[2]).toMatchObject(role);
    expect(readModeration({})).toBeNull();
  });
});

describe("one's own account", () => {
  it("is asked for; nobody signed in is an answer, too", async () => {
    const rooms = [{ room: "a", role: "moderator" }, {}];
    const account = server({ body: { name: "Kim", role: "member", rooms } });
    const value = { name: "Kim", role: "member", rooms: [{ room: "a", role: "moderator" }] };
    expect(await new AccountApi(account.http).me()).toEqual({ ok: true, value });
    const nobody = server({ status: 401, body: { code: "sign_in_required" } });
    expect(await new AccountApi(nobody.http).me()).toEqual({ ok: true, value: null });
    expect(await new AccountApi(server(null).http).me()).toEqual({ ok: false, code: "no_answer" });
  });

  it("says what it may do where", () => {
    const member = { name: "Kim", role: "member" as const, rooms: [{ room: "a", role: "moderator" as const }] };
    expect([roleIn(member, "a"), roleIn(member, "b")]).toEqual(["moderator", "member"]);
    expect(roleIn({ ...member, role: "admin" }, "b")).toBe("admin");
  });

  it("makes tokens, lists them and takes them back", async () => {
    const made = server({ status: 201, body: { token: "mdg_x", label: "bot", id: 4 } });
    expect(await new AccountApi(made.http).makeToken("bot")).toEqual({ ok: true, value: { id: 4, secret: "mdg_x" } });
    const tokens = [{ id: 4, label: "bot", created_at: 1, last_used_at: null }, { id: {} }];
    const list = server({ body: { tokens } });
    const api = new AccountApi(list.http);
    expect(await api.tokens()).toEqual({ ok: true, value: [{ id: 4, label: "bot", createdAt: 1 }] });
    await api.revokeToken(4);
    await api.changePassword("old", "new");
    await api.signOut();
    expect(list.asked.slice(1).map(({ method, path, body }) => [method, path, body])).toEqual([
      ["DELETE", "/api/account/tokens/4", undefined],
      ["POST", "/api/account/password", { password: "old", new_password: "new" }],
      ["POST", "/api/sign-out", {}],
    ]);
  });
});
