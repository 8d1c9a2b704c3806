// Runs the browser's tests, one file after another: `node e2e/run.mjs [ranked load …]`.
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { CHROMIUM, SERVER } from "./house.mjs";

for (const [what, path, remedy] of [
    ["the server", SERVER, "cargo build -p flashbid-server, or set FLASHBID_SERVER"],
    ["a browser", CHROMIUM, "apt-get install chromium, or set CHROMIUM"],
]) {
    if (!existsSync(path)) {
        console.error(`e2e: ${what} is not at ${path}: ${remedy}`);
        process.exit(1);
    }
}

const folder = fileURLToPath(new URL(".", import.meta.url));
const wanted = process.argv.slice(2);
const files = readdirSync(folder)
    .filter((file) => file.endsWith(".test.mjs"))
    .filter((file) => wanted.length === 0 || wanted.some((name) => file.startsWith(name)))
    .sort();
if (files.length === 0) {
    console.error(`e2e: no test is called ${wanted.join(" or ")}`);
    process.exit(1);
}
const options = ["--test", "--test-concurrency=1", "--test-reporter=spec"];
const run = spawn(process.execPath, [...options, ...files.map((file) => join(folder, file))], {
    stdio: "inherit",
});
run.once("exit", (code) => process.exit(code ?? 1));
