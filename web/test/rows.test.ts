import { describe, expect, it } from "vitest";
import { GROUP_MS, layOut, type MessageRow, type Viewer } from "../src/chat/rows";
import { Timeline } from "../src/chat/timeline";

const day = new Intl.DateTimeFormat("en-CA", { dateStyle: "short", timeZone: "Asia/Seoul" });
const viewer: Viewer = {
  name: "Kim",
  isOwn: (id) => id.startsWith("mine-"),
  dayOf: (at) => day.format(at),
  skipped: false,
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

  it("have keys of their own, also when a clock runs backwards over midnight", () => {
    const keys = layOut(timelineOf(["a", noon], ["b", noon - 86_400_000], ["c", noon]), viewer).map((row) => row.key);
    expect(new Set(keys).size).toBe(keys.length);
  });
});
