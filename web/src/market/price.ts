import type { Quote } from "./protocol";

/** Writes a price as people read it. It stays an integer all the way, so that no digit is ever invented. */
export function formatPrice(price: number, scale: number): string {
  const digits = String(Math.abs(Math.round(price))).padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale).replace(/\B(?=(\d{3})+$)/g, ",");
  const sign = price < 0 && /[1-9]/.test(digits) ? "−" : "";
  return scale === 0 ? sign + whole : `${sign}${whole}.${digits.slice(-scale)}`;
}

/** How far a price has come since the day before; since the day's opening where there was none. */
export interface Change {
  /** Scaled as the price. */
  by: number;
  /** Hundredths of a per cent. */
  share: number;
}

export function changeOf({ price, previousClose, open }: Quote): Change {
  const before = previousClose ?? open;
  const by = price - before;
  return { by, share: before === 0 ? 0 : Math.round((by * 10_000) / before) };
}

/** With its sign, also where it's `+`: the colour mustn't be all that tells. */
export function formatSigned(value: number, scale: number): string {
  return value > 0 ? `+${formatPrice(value, scale)}` : formatPrice(value, scale);
}

/** Such as `+1.25 %`. */
export function formatShare(share: number): string {
  return `${formatSigned(share, 2)} %`;
}
