import { describe, expect, it } from "vitest";
import { NOBODY } from "../src/chat/reading";
import { GROUP_MS, layOut, type MessageRow, type Viewer } from "../src/chat/rows";
import { Timeline } from "../src/chat/timeline";

const day = new Intl.DateTimeFormat("en-CA", { dateStyle: "short", timeZone: "Asia/Seoul" });
const viewer: Viewer = {
  name: "Kim",
  isOwn: (id) => id.startsWith("mine-"),
  dayOf: (at) => day.format(at),
  skipped: false,
  readUpTo: 0,
  readBy: () => NOBODY,
  find: () => undefined,
};
const noon = Date.parse("2026-03-01T12:00:00+09:00");

function timelineOf(...messages: [author: string, at: number, id?: string][]): Timeline {
  const timeline = new Timeline();
  const page = messages.map(([author, at, id], index) => ({
    offset: index + 1,
    author,
    at,
    client_id: id ?? `x-${index}`,
    text: `${index + 1}`,
  }));
  timeline.open(page, 0, false);
  return timeline;
}
const groups = (timeline: Timeline) =>
  layOut(timeline, viewer)
    .filter((row): row is MessageRow => row.kind === "message")
    .map((row) => row.first);

describe("the rows of the list", () => {
  it("group what one author says within a while", () => {
    expect(
      groups(timelineOf(["Lee", noon], ["Lee", noon + 1000], ["Park", noon + 2000], ["Lee", noon + 3000])),
    ).toEqual([true, false, true, true]);
    expect(groups(timelineOf(["Lee", noon], ["Lee", noon + GROUP_MS]))).toEqual([true, true]);
  });

  it("tell two people of one name apart when one of them is the viewer", () => {
    expect(groups(timelineOf(["Kim", noon, "mine-1"], ["Kim", noon + 1000, "x-1"]))).toEqual([true, true]);
  });

  it("start each day of the viewer's zone with its line", () => {
    const before = Date.parse("2026-03-01T23:59:59+09:00");
    const kinds = layOut(timelineOf(["Lee", before], ["Lee", before + 1000]), viewer).map((row) => row.kind);
    expect(kinds).toEqual(["day", "message", "day", "message"]);
  });

  it("end with what is pending, under the viewer's name", () => {
    const timeline = timelineOf(["Lee", noon]);
    timeline.add("mine-9", "soon", noon + 1000);
    expect(layOut(timeline, viewer).at(-1)).toMatchObject({ author: "Kim", own: true, state: "queued", text: "soon" });
  });

  describe("breaks", () => {
    const message = (offset: number) => ({
      offset,
      author: "Lee",
      client_id: `x-${offset}`,
      text: `${offset}`,
      at: noon,
    });
    const breaks = (timeline: Timeline, skipped = false) =>
      layOut(timeline, { ...viewer, skipped }).flatMap((row) =>
        row.kind === "break" ? [row.why] : row.kind === "message" ? [row.text] : [],
      );

    it("say where the server has nothing any more, and not where something is on its way", () => {
      const timeline = new Timeline();
      timeline.open([message(1)], 1, false);
      timeline.receive(message(3));
      expect(breaks(timeline), "an own one may belong there").toEqual(["1", "3"]);
      timeline.extend(1, [message(3), message(6)]);
      expect(breaks(timeline)).toEqual(["1", "missing", "3", "missing", "6"]);
      timeline.receive(message(2));
      expect(breaks(timeline)).toEqual(["1", "2", "3", "missing", "6"]);
    });

    it("also at an empty answer: what the room is known to have had is gone", () => {
      const timeline = new Timeline();
      timeline.open([message(1)], 1, false);
      timeline.tell(4);
      timeline.extend(1, [], 4);
      timeline.receive(message(5));
      expect(breaks(timeline)).toEqual(["1", "missing", "5"]);
    });

    it("say what is being fetched, before what came after it", () => {
      const timeline = new Timeline();
      timeline.open([message(1)], 1, false);
      timeline.add("mine-1", "mine", noon);
      expect(breaks(timeline, true)).toEqual(["1", "skipped", "mine"]);
      timeline.receive(message(4));
      expect(breaks(timeline, true)).toEqual(["1", "skipped", "4", "mine"]);
    });

    it("say that the room has begun anew, above all that is of the new beginning", () => {
      const timeline = new Timeline();
      timeline.open([message(1)], 1, false);
      timeline.restart();
      timeline.open([message(1)], 1, false);
      expect(breaks(timeline)).toEqual(["restarted", "1"]);
      timeline.restart();
      timeline.restart();
      expect(breaks(timeline), "and once again, before anything is said").toEqual(["restarted"]);
    });

    it("say nothing of it where nothing was before", () => {
      const timeline = new Timeline();
      timeline.open([], 0, false);
      timeline.restart();
      timeline.open([message(1)], 1, false);
      expect(breaks(timeline)).toEqual(["1"]);
      timeline.reset();
      timeline.restart();
      expect(breaks(timeline), "though the list was let go of before").toEqual(["restarted"]);
    });
  });

  it("have keys of their own, also when a clock runs backwards over midnight", () => {
    const keys = layOut(timelineOf(["a", noon], ["b", noon - 86_400_000], ["c", noon]), viewer).map((row) => row.key);
    expect(new Set(keys).size).toBe(keys.length);
  });
});
