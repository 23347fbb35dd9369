import type { Texts } from "../../i18n/texts";
import type { Snapshot } from "../../seats/protocol";
import { byId, make } from "../dom";
import { markOf, type Shown, WHEELCHAIR } from "./plan";
import { draw } from "./svg";

/** What the signs on the plan mean. */
export function showLegend(mode: Snapshot["mode"], { seats }: Texts): void {
  const looks = ["free", "chosen", "mine", "booked", "held", "sold", "blocked"] as const;
  const items = looks.map((look) => item(look, seats[`look_${look}`]));
  const more = mode === "seats" ? [item("free", seats.accessible, "accessible")] : [item("unfit", seats.look_unfit)];
  byId("legend", "ul").replaceChildren(...items, ...more);
}

function item(look: Shown["look"], text: string, more = ""): HTMLLIElement {
  const picture = draw("svg", { class: "key", viewBox: "-0.62 -0.62 1.24 1.24", "aria-hidden": "true" });
  const spot = draw("g", { class: `spot ${more}`, "data-look": look });
  spot.append(draw("rect", { class: "body", x: -0.5, y: -0.5, width: 1, height: 1, rx: 0.28 }), markOf(look));
  if (more !== "") spot.append(draw("path", { class: "wheelchair", d: WHEELCHAIR }));
  picture.append(spot);
  return make("li", "", picture, text);
}
