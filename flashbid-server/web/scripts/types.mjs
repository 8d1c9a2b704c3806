// Makes the API client's types from the server's own document; with `--check` it only tells whether they are right.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

import openapiTS, { astToString } from "openapi-typescript";

const workspace = new URL("../../..", import.meta.url).pathname;
const file = new URL("../src/api/schema.d.ts", import.meta.url);
const server = process.env.FLASHBID_SERVER;
const document = server
    ? execFileSync(server, ["openapi"], { maxBuffer: 1 << 24 })
    : execFileSync("cargo", ["run", "--quiet", "--locked", "-p", "flashbid-server", "--", "openapi"], {
          cwd: workspace,
          maxBuffer: 1 << 24,
          stdio: ["ignore", "pipe", "inherit"],
      });
const head = "// Made by `npm run types` from the server's OpenAPI document: not to be edited.\n\n";
const types = head + astToString(await openapiTS(JSON.parse(document.toString())));
if (!process.argv.includes("--check")) writeFileSync(file, types);
else if (readFileSync(file, "utf8") !== types) {
    console.error("types: src/api/schema.d.ts is not what the server's document says; run `npm run types`");
    process.exitCode = 1;
}
