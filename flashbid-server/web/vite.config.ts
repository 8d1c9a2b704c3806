import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = process.env.FLASHBID_URL ?? "http://127.0.0.1:8000";

export default defineConfig({
    plugins: [react(), tailwindcss()],
    build: {
        target: "es2022",
        // The content security policy allows no script or picture within the page itself.
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
    },
    server: {
        proxy: { "/api": server, "/ws": { target: server, ws: true }, "/metrics": server },
    },
    test: {
        environment: "jsdom",
        include: ["src/**/*.test.{ts,tsx}"],
        setupFiles: ["src/test-setup.ts"],
        restoreMocks: true,
    },
});
