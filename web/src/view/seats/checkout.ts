import { fill } from "../../i18n/texts";
import type { Booth } from "../../seats/booth";
import type { Hold, Payment } from "../../seats/protocol";
import type { ServerTime } from "../../seats/server-time";
import type { Telling } from "../../seats/telling";
import { byId, setText } from "../dom";

/** The dialog that pays by the pretend provider. */
export class Checkout {
  readonly #dialog = byId("checkout", "dialog");
  #paying: { hold: Hold; payment: Payment } | null = null;

  constructor(
    private readonly telling: Telling,
    private readonly booth: Booth,
    private readonly time: ServerTime,
  ) {
    byId("pay", "button").addEventListener("click", () => void this.#pay("succeeded"));
    byId("pay-fail", "button").addEventListener("click", () => void this.#pay("failed"));
    this.#dialog.addEventListener("close", () => {
      this.#paying = null;
    });
  }

  async open(hold: Hold): Promise<void> {
    const payment = await this.booth.checkout(hold);
    if (payment === null) return;
    this.#paying = { hold, payment };
    setText(byId("checkout-what", "p"), this.telling.places(hold.places));
    setText(byId("checkout-amount", "p"), this.telling.money(payment.amount, payment.currency));
    this.tick();
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  /** Another second is over. What is paid after the last one is refunded, which the pretend provider lets anybody try. */
  tick(): void {
    if (this.#paying === null) return;
    const hold = this.booth.open.find(({ hold }) => hold === this.#paying?.hold.hold);
    const seconds = hold === undefined ? 0 : this.time.secondsUntil(hold.expires_at);
    const time = this.telling.duration(seconds);
    setText(byId("checkout-time", "p"), fill(this.telling.texts.seats.time_left, { time }));
  }

  async #pay(status: "succeeded" | "failed"): Promise<void> {
    const paying = this.#paying;
    if (paying === null || this.booth.isBusy(paying.hold.hold)) return;
    this.#dialog.close();
    await this.booth.pay(paying.hold, paying.payment, status);
  }
}
