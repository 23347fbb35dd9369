import type { AskHttp } from "../net/http";
import type { Violation } from "./auditor";

/** Reports sent per page: one fault may repeat with every message, and a few tell as much as all. */
export const MAX_REPORTS = 20;

/** How long a report may take, in milliseconds; nobody waits for it. */
const PATIENCE_MS = 10_000;

/** Tells the server of violations, each once. Whether that works changes nothing for the page. */
export function auditReport(room: string, transport: string, http: AskHttp): (violation: Violation) => void {
  let left = MAX_REPORTS;
  return (violation) => {
    if (left === 0) return;
    left -= 1;
    const body = { room, transport, ...violation };
    http({ method: "POST", path: "/api/audit", body, keepalive: true, patienceMs: PATIENCE_MS }, () => {});
  };
}
