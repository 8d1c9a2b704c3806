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
// Where time is measured nothing else runs; of the others two at once.
const isTimed = (file) => /^(load|resilience)\./.test(file);
const runs = [
    { of: files.filter((file) => !isTimed(file)), atOnce: 2 },
    { of: files.filter(isTimed), atOnce: 1 },
];
let failed = 0;
for (const { of, atOnce } of runs.filter(({ of }) => of.length > 0)) {
    const options = ["--test", `--test-concurrency=${atOnce}`, "--test-reporter=spec"];
    const tests = spawn(process.execPath, [...options, ...of.map((file) => join(folder, file))], {
        stdio: "inherit",
    });
    const code = await new Promise((done) => tests.once("exit", (code) => done(code ?? 1)));
    failed ||= code;
}
process.exit(failed);
