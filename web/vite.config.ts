import { defineConfig } from "vitest/config";

// The server embeds web/dist/assets and the templates link the entries by these fixed names with
// ?v=<version>. A chunk shared by entries carries a hash instead, since its importers name it without a version.
export default defineConfig({
  base: "/",
  build: {
    outDir: "dist",
    target: ["chrome111", "firefox115", "safari16.4"],
    modulePreload: false,
    cssCodeSplit: true,
    assetsInlineLimit: 0,
    rollupOptions: {
      input: {
        chat: "src/chat.ts",
        home: "src/home.ts",
        theme: "src/theme.ts",
        style: "src/style/style.css",
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
    // Dates are formatted in the zone of the reader; tests fix it.
    env: { TZ: "Asia/Seoul" },
  },
});
