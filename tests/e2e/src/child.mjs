import { spawn } from "node:child_process";
import { once } from "node:events";
import { PATIENCE_MS } from "./wait.mjs";

/**
 * A process of ours and what it starts itself: one process group, ended by its id. Also when the tests end in any way
 * that lets Node run a handler.
 */
export class Child {
  /** What it wrote, both streams, for the message of a test that fails. */
  output = "";
  #process;
  #exit;

  /**
   * @param {string} command
   * @param {readonly string[]} args
   * @param {import("node:child_process").SpawnOptions} [options]
   */
  constructor(command, args, options = {}) {
    this.command = command;
    this.#process = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options, detached: true });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding("utf8").on("data", (text) => {
        this.output = (this.output + text).slice(-OUTPUT_CHARS);
      });
    }
    this.#exit = new Promise((resolve) => {
      this.#process.once("error", (error) => resolve(error.message));
      this.#process.once("exit", (code, signal) => resolve(code ?? signal));
    });
    running.add(this);
    // Once it and all who hold its streams are gone, its group's id may become somebody else's.
    this.#process.once("close", () => running.delete(this));
  }

  /** One of its streams, such as standard output (1). */
  stream(number) {
    return this.#process.stdio[number];
  }

  /** The exit code, the name of the signal that ended it, or why it didn't start. */
  get exited() {
    return this.#exit;
  }

  /** Fails when it ends before `event` has happened. */
  async unlessExited(event) {
    const ended = this.#exit.then((how) => {
      throw new Error(`${this.command} ended (${how}):\n${this.output}`);
    });
    return Promise.race([event, ended]);
  }

  signal(signal) {
    this.#process.kill(signal);
  }

  /** Signals the process alone. Returns how it ended, or fails after `patience` milliseconds. */
  async end(signal, patience = PATIENCE_MS) {
    this.signal(signal);
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), patience);
    const tooLate = once(late.signal, "abort").then(() => {
      throw new Error(`${this.command} still runs ${patience} ms after ${signal}:\n${this.output}`);
    });
    try {
      return await Promise.race([this.#exit, tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends it and all it started, at once and without a word. */
  destroy() {
    if (!running.has(this) || this.#process.pid === undefined) return;
    try {
      process.kill(-this.#process.pid, "SIGKILL");
    } catch (error) {
      // Nobody is left in its group.
      if (error.code !== "ESRCH") throw error;
    }
  }
}

/** Kept for the message of a test that fails; what was written last tells most. */
const OUTPUT_CHARS = 20_000;

/** @type {Set<Child>} */
const running = new Set();

process.once("exit", () => {
  for (const child of running) child.destroy();
});
// A signal ends Node without its exit handlers, unless somebody listens. Browsers' drivers do the same for theirs.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(1));
