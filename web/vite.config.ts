import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

// The server embeds web/dist/assets and the templates link the entries by these fixed names with
// ?v=<version>. A chunk shared by entries carries a hash instead, since its importers name it without a version.
export default defineConfig({
  base: "/",
  plugins: [socketIoClient(), licences()],
  build: {
    outDir: "dist",
    target: ["chrome111", "firefox115", "safari16.4"],
    modulePreload: false,
    cssCodeSplit: true,
    assetsInlineLimit: 0,
    rollupOptions: {
      input: {
        account: "src/account.ts",
        chat: "src/chat.ts",
        home: "src/home.ts",
        lab: "src/lab.ts",
        market: "src/market.ts",
        operator: "src/operator.ts",
        scores: "src/scores.ts",
        seats: "src/seats.ts",
        theme: "src/theme.ts",
        style: "src/style/style.css",
        "chat-style": "src/style/chat.css",
        "lab-style": "src/style/lab.css",
        "market-style": "src/style/market.css",
        "seats-style": "src/style/seats.css",
      },
      output: {
        entryFileNames: "assets/[name].js",
        chunkFileNames: "assets/shared-[hash].js",
        assetFileNames: "assets/[name][extname]",
      },
    },
  },
  test: {
    include: ["test/**/*.test.ts"],
    // Hundreds of made-up histories take their time on a machine that does other things as well.
    testTimeout: 60_000,
    // Dates are formatted in the zone of the reader; tests fix it.
    env: { TZ: "Asia/Seoul" },
  },
});

/** What is bundled says so itself no more once it's made small, and its licence asks to go with it. */
function licences(): Plugin {
  const require = createRequire(import.meta.url);
  const text = (name: string, file: string) =>
    readFileSync(join(dirname(require.resolve(`${name}/package.json`)), file), "utf8");
  return {
    name: "licences",
    apply: "build",
    generateBundle() {
      const emit = (name: string, source: string) =>
        this.emitFile({ type: "asset", fileName: `assets/licence-${name}.txt`, source });
      emit("uplot", text("uplot", "LICENSE"));
      emit("lightweight-charts", `${CHARTS_NOTICE}\n${text("lightweight-charts", "LICENSE")}\n${CANVAS_NOTICE}`);
    },
  };
}

/** The NOTICE of Lightweight Charts, which its licence wants kept and which its package leaves out. */
const CHARTS_NOTICE = `TradingView Lightweight Charts™
Copyright (c) 2026 TradingView, Inc. https://www.tradingview.com/
`;

/** What it's built on goes into the same file; its package has no licence file. */
const CANVAS_NOTICE = `It contains fancy-canvas 2.1.0 by TradingView, Inc., under the MIT licence, and parts of tslib by Microsoft Corporation,
under the BSD Zero Clause License.
`;

/** The official client as npm has it, which the back serves: all the files that Node's server has, and their version. */
function socketIoClient(): Plugin {
  const dist = dirname(createRequire(import.meta.url).resolve("socket.io-client/dist/socket.io.js"));
  const manifest = JSON.parse(readFileSync(join(dist, "../package.json"), "utf8")) as { version: string };
  const scripts = ["socket.io.js", "socket.io.min.js", "socket.io.esm.min.js", "socket.io.msgpack.min.js"];
  return {
    name: "socket.io-client",
    apply: "build",
    generateBundle() {
      for (const name of scripts.flatMap((script) => [script, `${script}.map`])) {
        this.emitFile({ type: "asset", fileName: `socket.io/${name}`, source: readFileSync(join(dist, name)) });
      }
      this.emitFile({ type: "asset", fileName: "socket.io/version", source: manifest.version });
    },
  };
}
