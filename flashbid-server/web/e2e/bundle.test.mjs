// What a browser is sent: how much, how it may be kept, what it may do, and types that are those of the server.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { after, test } from "node:test";
import { gunzipSync } from "node:zlib";

import openapiTS, { astToString } from "openapi-typescript";

import { closeBrowser, House, SERVER } from "./house.mjs";

after(closeBrowser);

/** What the scripts of a bidder's first page may weigh, compressed. */
const BUDGET = 150_000;

const POLICY =
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
    "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** Asks as a browser does, and answers the bytes as they came. */
function ask(url, headers = {}) {
    return new Promise((done, fail) => {
        const asking = request(
            url,
            { headers: { accept: "text/html,*/*", "accept-encoding": "gzip, deflate, br", ...headers } },
            (answer) => {
                const chunks = [];
                answer.on("data", (chunk) => chunks.push(chunk));
                answer.on("end", () =>
                    done({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks) }),
                );
            },
        );
        asking.once("error", fail);
        asking.end();
    });
}

/** Every script that a page loads until it is quiet. */
async function scripts(house, path, token) {
    const page = await house.page("/no-such-page", { token, forgive: /status of 404/ });
    const found = new Set();
    page.on("request", (asked) => asked.resourceType() === "script" && found.add(asked.url()));
    await page.goto(house.base + path, { waitUntil: "networkidle" });
    return [...found];
}

test("the scripts of a bidder's first page weigh no more than 150 kB", { timeout: 60_000 }, async (t) => {
    const house = await House.open(t);
    const sale = await house.sale();
    const { token } = await house.person("eve");
    for (const path of ["/", sale.path]) {
        const loaded = await scripts(house, path, token);
        assert.ok(loaded.length > 0, "there are scripts");
        let sum = 0;
        for (const url of loaded) {
            const { body, headers } = await ask(url);
            assert.equal(headers["content-encoding"], "gzip", url);
            sum += body.length;
        }
        t.diagnostic(
            `${path === "/" ? "the list of sales" : "a sale"}: ${loaded.length} scripts, ${(sum / 1_000).toFixed(1)} kB of ${BUDGET / 1_000}`,
        );
        assert.ok(sum <= BUDGET, `${path} loads ${sum} bytes of scripts`);
    }
});

test(
    "assets are kept for good and come compressed; the page is asked for each time",
    { timeout: 30_000 },
    async (t) => {
        const house = await House.open(t);
        const page = await ask(house.base);
        assert.equal(page.status, 200);
        assert.match(page.headers["content-type"], /^text\/html/);
        assert.equal(page.headers["cache-control"], "no-cache");
        const again = await ask(house.base, { "if-none-match": page.headers.etag });
        assert.deepEqual([again.status, again.body.length], [304, 0]);

        const assets = [
            ...gunzipSync(page.body)
                .toString()
                .matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g),
        ].map(([, path]) => path);
        assert.ok(
            assets.some((path) => path.endsWith(".js")) && assets.some((path) => path.endsWith(".css")),
            assets.join(),
        );
        for (const path of assets) {
            const { status, headers, body } = await ask(house.base + path);
            assert.equal(status, 200, path);
            assert.equal(headers["cache-control"], "public, max-age=31536000, immutable", path);
            assert.equal(headers["content-encoding"], "gzip", path);
            assert.match(headers.vary, /accept-encoding/i, path);
            const plain = await ask(house.base + path, { "accept-encoding": "identity" });
            assert.equal(plain.headers["content-encoding"], undefined, path);
            assert.ok(plain.body.equals(gunzipSync(body)), path);
        }
    },
);

test("the policy lets the page do nothing with other hosts", { timeout: 30_000 }, async (t) => {
    const house = await House.open(t);
    for (const path of ["/", "/login", "/admin", "/campaigns/x", "/no-such-page"]) {
        const { headers } = await ask(house.base + path);
        assert.equal(headers["content-security-policy"], POLICY, path);
        assert.equal(headers["x-content-type-options"], "nosniff", path);
        assert.equal(headers["x-frame-options"], "DENY", path);
        assert.equal(headers["referrer-policy"], "no-referrer", path);
    }
});

test(
    "pictures of hosts that the operator does not allow are not even asked for",
    { timeout: 30_000 },
    async (t) => {
        const house = await House.open(t);
        const made = {
            name: "Elsewhere",
            stock: 1,
            min_price: "1",
            image_url: "https://pictures.example.com/lamp.jpg",
        };
        const product = await house.call("POST", "/products", made, house.admin);
        const terms = {
            product_id: product.product_id,
            start_time: new Date().toISOString(),
            end_time: new Date(Date.now() + 60_000).toISOString(),
        };
        await house.call("POST", "/campaigns", terms, house.admin);
        const page = await house.page("/");
        await page.getByRole("link", { name: "Elsewhere" }).waitFor();
        assert.equal(await page.locator("main img").count(), 0);
    },
);

test("the client's types are those of the server's own document", { timeout: 60_000 }, async (t) => {
    const house = await House.open(t);
    const served = await house.call("GET", "/openapi.json");
    const printed = JSON.parse(execFileSync(SERVER, ["openapi"], { maxBuffer: 1 << 26 }).toString());
    assert.deepEqual(served, printed, "the command prints what is served");
    const kept = readFileSync(new URL("../src/api/schema.d.ts", import.meta.url), "utf8");
    const made = astToString(await openapiTS(served));
    assert.ok(kept.endsWith(made), "src/api/schema.d.ts is out of date: run `npm run types`");
});
