import { KINDS, type ViolationKind } from "../chat/auditor";
import { fill, type Texts } from "../i18n/texts";
import { byId, setText } from "./dom";

/** Says how often the stream broke a promise; by the numbers, since never is what should be seen. */
export class AuditLine {
  readonly #line = byId("audit", "p");

  constructor(private readonly texts: Texts) {}

  show(counts: Readonly<Record<ViolationKind, number>>): void {
    setText(this.#line, fill(this.texts.chat.audit, counts));
    for (const kind of KINDS) this.#line.dataset[kind] = String(counts[kind]);
    this.#line.classList.toggle(
      "bad",
      KINDS.some((kind) => counts[kind] > 0),
    );
  }
}
