import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Child } from "./child.mjs";
import { freePort } from "./ports.mjs";
import { eventually } from "./wait.mjs";

/** The real program, `madang serve`, in a folder of its own with a fresh SQLite file and no settings but the ports, and those of a test. */
export class Program {
  #folder;
  #backPort;
  #frontPort;
  #settings;
  /** @type {Child} */
  #child;

  /** Where it runs: `MADANG_PROGRAM`, the program's path. `settings` are further flags. */
  static async start(settings = []) {
    const program = new Program();
    program.#settings = settings;
    program.#folder = await mkdtemp(join(tmpdir(), "madang-e2e-"));
    program.#backPort = await freePort();
    program.#frontPort = await freePort();
    try {
      await program.start();
    } catch (error) {
      await program.close();
      throw error;
    }
    return program;
  }

  /** The front's origin. */
  get front() {
    return `http://127.0.0.1:${this.#frontPort}`;
  }

  /** The back's origin. */
  get back() {
    return `http://127.0.0.1:${this.#backPort}`;
  }

  /** Starts it, again on the same ports and file after `kill` or `stop`, and waits until it answers. */
  async start() {
    const path = process.env.MADANG_PROGRAM;
    assert.ok(path, "MADANG_PROGRAM must name the program: see tests/e2e/README.md");
    const ports = [`--back-addr=127.0.0.1:${this.#backPort}`, `--front-addr=127.0.0.1:${this.#frontPort}`];
    // All browsers have one address here.
    const args = ["serve", ...ports, "--max-seats-per-address=0", ...this.#settings];
    this.#child = new Child(path, args, this.#surroundings);
    await this.#child.unlessExited(eventually(() => this.#answers()));
  }

  /** From now on it does nothing, while the system keeps its connections. Only `kill` is left to do. */
  freeze() {
    this.#child.signal("SIGSTOP");
  }

  /** Puts a file into its folder, for a command that reads one. */
  async write(name, text) {
    await writeFile(join(this.#folder, name), text);
  }

  /** Runs another of its commands in the same folder, with `input` as its standard input. Returns what it wrote. */
  async run(args, input = "") {
    const child = new Child(process.env.MADANG_PROGRAM, args, { ...this.#surroundings, stdio: ["pipe", "pipe", "pipe"] });
    child.stream(0).end(input);
    assert.equal(await child.exited, 0, child.output);
    return child.output;
  }

  /** As a power cut would. */
  async kill() {
    assert.equal(await this.#child.end("SIGKILL"), "SIGKILL");
  }

  /** As a process supervisor would; fails if it takes longer than `patience` milliseconds. Returns the exit code. */
  async stop(patience) {
    return this.#child.end("SIGTERM", patience);
  }

  /** Ends it and removes what it wrote. */
  async close() {
    await this.#child?.end("SIGKILL");
    await rm(this.#folder, { recursive: true });
  }

  get #surroundings() {
    // Whoever runs the tests may have settings of their own.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("MADANG_")));
    return { cwd: this.#folder, env };
  }

  async #answers() {
    for (const url of [`http://127.0.0.1:${this.#backPort}/readyz`, `${this.front}/`]) {
      const status = await fetch(url).then(
        (answer) => answer.arrayBuffer().then(() => answer.status),
        (error) => error.cause?.code ?? error,
      );
      assert.equal(status, 200, `${url}: ${status}`);
    }
  }
}
