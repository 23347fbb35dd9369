import type { ChatClient } from "../chat/client";
import { order } from "../chat/moderation";
import type { Result, RoomApi } from "../chat/room-api";
import type { MessageRow } from "../chat/rows";
import { fill, type Texts } from "../i18n/texts";
import { AskDialog } from "./ask-dialog";
import type { Context } from "./composer";
import { isolate } from "./dom";
import type { Deed } from "./message-menu";
import { cut } from "./message-view";
import type { Notice } from "./notice";

/** Does what the menu of a message offers, and asks first where others will feel it. */
export class Deeds {
  readonly #ask: AskDialog;

  /** `write` begins an answer or a change, `goTo` leads to a message. */
  constructor(
    private readonly texts: Texts,
    private readonly client: Pick<ChatClient, "delete">,
    private readonly api: RoomApi,
    private readonly notice: Notice,
    private readonly write: (context: Context) => void,
    private readonly goTo: (offset: number) => void,
  ) {
    this.#ask = new AskDialog(texts);
  }

  /** What may be done with a message by who looks, who may keep order here. */
  allowed({ own, answered }: MessageRow, keepsOrder: boolean): Deed[] {
    const lead: Deed[] = answered === undefined ? [] : ["answered"];
    if (own) return [...lead, "reply", "edit", "delete"];
    return keepsOrder ? [...lead, "reply", "delete", "report", "mute", "ban"] : [...lead, "reply", "report"];
  }

  do(deed: Deed, { offset, author, text, answered }: MessageRow): void {
    if (offset === undefined) return;
    const about = `${isolate(author)}: ${isolate(cut(text))}`;
    switch (deed) {
      case "answered":
        return answered === undefined ? undefined : this.goTo(answered.offset);
      case "reply":
      case "edit":
        return this.write({ kind: deed, offset, author, text });
      case "delete":
        return this.#delete(offset, about);
      case "report":
        return this.#report(offset, about);
      case "mute":
      case "ban":
        return this.#sanction(deed, offset, author, about);
    }
  }

  #delete(offset: number, about: string): void {
    const { message } = this.texts;
    const question = { title: message.delete_title, about, button: message.delete };
    this.#ask.ask(question, async () => this.client.delete(offset));
  }

  #report(offset: number, about: string): void {
    const { message } = this.texts;
    const question = { title: message.report_title, about, button: message.report_do, reason: "needed" as const };
    this.#ask.ask(question, async ({ reason }) => {
      const result = await this.api.report(offset, reason);
      if (result.ok) this.notice.say(message.reported);
      return problemOf(result);
    });
  }

  #sanction(action: "mute" | "ban", offset: number, name: string, about: string): void {
    const { moderation } = this.texts;
    const title = fill(moderation[`${action}_title`], { name: isolate(name) });
    const question = { title, about, button: moderation[`${action}_do`], time: true, reason: "asked" as const };
    this.#ask.ask(question, async ({ seconds, reason }) => {
      const limits = { ...(seconds === undefined ? {} : { seconds }), ...(reason === "" ? {} : { reason }) };
      return problemOf(await order(this.api, { action, name, offset, ...limits }));
    });
  }
}

function problemOf(result: Result<unknown>): string | null {
  return result.ok ? null : result.code;
}
