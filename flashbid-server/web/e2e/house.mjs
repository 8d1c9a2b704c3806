// A server, a browser and the people of a test. Whatever a test starts is stopped when it is over.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

/** @typedef {import("node:test").TestContext} TestContext */
/** @typedef {import("playwright-core").Page} Page */

export const WORKSPACE = fileURLToPath(new URL("../../..", import.meta.url));
export const SERVER = process.env.FLASHBID_SERVER ?? join(WORKSPACE, "target/debug/flashbid-server");
export const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

const SECRET = "a secret of the browser's tests, long enough";
const ADMIN = { email: "root@example.com", password: "password of root" };

/** Longer than anything takes that is not broken. */
export const PATIENCE = 15_000;
/** How long a server may take to stop by itself. */
const STOPPING = 5_000;

export const PHONE = { width: 390, height: 844 };
export const DESKTOP = { width: 1280, height: 900 };

/** @type {Promise<import("playwright-core").Browser> | undefined} */
let shared;

/** One browser for all tests of a file. */
export function browser() {
    shared ??= chromium.launch({
        executablePath: CHROMIUM,
        args: [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ],
    });
    return shared;
}

export async function closeBrowser() {
    await (await shared)?.close();
    shared = undefined;
}

/** A real server on a free port, with a ledger in a folder of its own, and the pages that look at it. */
export class House {
    /** @type {(() => Promise<void>)[]} */
    #pages = [];
    /** @type {string[]} */
    #faults = [];

    /**
     * @param {TestContext} t
     * @param {{ options?: string[], seed?: string[] }} [terms] the server's options, and what `seed` is told beforehand
     */
    static async open(t, { options = [], seed } = {}) {
        const house = new House();
        house.folder = mkdtempSync(join(tmpdir(), "flashbid-e2e-"));
        house.options = options;
        t.after(() => house.close(t));
        house.seeded = seed && house.seed(seed);
        await house.start("127.0.0.1:0");
        const session = await house.call("POST", "/auth/login", ADMIN);
        house.admin = session.access_token;
        return house;
    }

    /** Makes users and a running sale at once, before there is a server. */
    seed(options) {
        const printed = execFileSync(
            SERVER,
            ["seed", ...options, "--ledger", "sqlite:flashbid.db"],
            this.#surroundings(),
        );
        return JSON.parse(printed.toString());
    }

    #surroundings() {
        return {
            cwd: this.folder,
            env: {
                PATH: process.env.PATH,
                FLASHBID_ADMIN_EMAIL: ADMIN.email,
                FLASHBID_ADMIN_PASSWORD: ADMIN.password,
            },
            maxBuffer: 1 << 28,
        };
    }

    async start(listen) {
        const options = [
            ["--listen", listen],
            ["--hot", "memory"],
            ["--ledger", "sqlite:flashbid.db"],
            ["--jwt-secret", SECRET],
            ["--settlement-interval", "100ms"],
            // The whole crowd of a test comes from one address.
            ["--limit-ip", "off"],
            ["--limit-user", "off"],
            ["--limit-purchase-ip", "off"],
            ["--limit-purchase-user", "off"],
            ["--log", "warn"],
        ];
        if (!this.options.includes("--ranking-interval")) options.push(["--ranking-interval", "250ms"]);
        const server = spawn(SERVER, [...options.flat(), ...this.options], {
            ...this.#surroundings(),
            stdio: ["ignore", "pipe", "pipe"],
        });
        this.process = server;
        let said = "";
        this.address = await new Promise((done, fail) => {
            const listenTo = (chunk) => {
                said += chunk;
                const found = /http:\/\/([\d.]+:\d+)/.exec(said);
                if (found) done(found[1]);
            };
            server.stdout.on("data", listenTo);
            server.stderr.on("data", listenTo);
            server.once("error", fail);
            server.once("exit", (code) => fail(new Error(`the server ended with ${code}: ${said}`)));
        });
        this.base = `http://${this.address}`;
    }

    /** Ends the server as a power cut would. */
    async kill() {
        await this.#end("SIGKILL");
    }

    /** Starts it again where it was, with the ledger that it left. */
    async restart() {
        await this.start(this.address);
    }

    async #end(signal) {
        const server = this.process;
        if (!server || server.exitCode !== null || server.signalCode !== null) return;
        const gone = new Promise((done) => server.once("exit", done));
        server.kill(signal);
        const late = setTimeout(() => server.kill("SIGKILL"), STOPPING);
        await gone;
        clearTimeout(late);
    }

    /** Closes pages and server, then tells what the pages complained of. @param {TestContext} t */
    async close(t) {
        for (const close of this.#pages) await close();
        await this.#end("SIGTERM");
        rmSync(this.folder, { recursive: true, force: true });
        for (const fault of this.#faults) t.diagnostic(fault);
        assert.deepEqual(this.#faults, [], "the pages were not clean");
    }

    /**
     * A page in a profile of its own, logged in as `token` if there is one. What its console says, what breaks in it and
     * what it asks of other hosts fails the test, unless `forgive` matches it.
     *
     * @param {string} path
     * @param {{ token?: string, theme?: string, language?: string, viewport?: { width: number, height: number },
     *   forgive?: RegExp, script?: string, stillness?: boolean }} [as] with
     *   `stillness`, the device asks for less motion
     * @returns {Promise<Page>}
     */
    async page(
        path,
        {
            token,
            theme = "light",
            language = "en",
            viewport = DESKTOP,
            forgive,
            script,
            stillness = false,
        } = {},
    ) {
        const context = await (
            await browser()
        ).newContext({
            viewport,
            locale: language,
            reducedMotion: stillness ? "reduce" : "no-preference",
        });
        this.#pages.push(() => context.close());
        await context.addInitScript(
            ([theme, language, token]) => {
                if (sessionStorage.getItem("begun")) return;
                sessionStorage.setItem("begun", "yes");
                localStorage.setItem("flashbid.theme", theme);
                localStorage.setItem("flashbid.language", language);
                if (token) localStorage.setItem("flashbid.token", token);
            },
            [theme, language, token ?? null],
        );
        if (script) await context.addInitScript({ content: script });
        const page = await context.newPage();
        page.setDefaultTimeout(PATIENCE);
        const fault = (text) => {
            if (!forgive?.test(text)) this.#faults.push(`${page.url()}: ${text}`);
        };
        page.on(
            "console",
            (message) =>
                message.type() === "error" && fault(`console: ${message.text()} ${message.location().url}`),
        );
        page.on("pageerror", (error) => fault(`page: ${error.stack ?? error.message}`));
        const check = (url) => {
            const { protocol, host } = new URL(url);
            if (!["data:", "blob:"].includes(protocol) && host !== this.address)
                fault(`another host: ${url}`);
        };
        page.on("request", (request) => check(request.url()));
        page.on("websocket", (socket) => check(socket.url()));
        await page.goto(this.base + path);
        return page;
    }

    /** Asks the API, and fails at any answer but a good one. */
    async call(method, path, body, token) {
        const response = await fetch(`${this.base}/api/v1${path}`, {
            method,
            headers: {
                ...(body && { "content-type": "application/json" }),
                ...(token && { authorization: `Bearer ${token}` }),
            },
            body: body && JSON.stringify(body),
        });
        const text = await response.text();
        assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
        return text ? JSON.parse(text) : null;
    }

    /** Makes an account and logs in. */
    async person(name) {
        const email = `${name}@example.com`;
        const password = "password of a tester";
        const user = await this.call("POST", "/auth/register", { email, password, username: name });
        return { ...user, email, password, token: this.token(user.user_id) };
    }

    /** A running sale, unless `terms` say otherwise. Times are in seconds from now. */
    async sale({
        name = "Aurora lamp",
        stock = 2,
        minPrice = "10",
        starts = -1,
        lasts = 300,
        ...terms
    } = {}) {
        const made = { name, stock, min_price: minPrice, description: "Made by hand." };
        const product = await this.call("POST", "/products", made, this.admin);
        const at = (seconds) => new Date(Date.now() + seconds * 1_000).toISOString();
        const campaign = await this.call(
            "POST",
            "/campaigns",
            { product_id: product.product_id, start_time: at(starts), end_time: at(lasts), ...terms },
            this.admin,
        );
        return { ...campaign, path: `/campaigns/${campaign.campaign_id}` };
    }

    bid(campaign, price, token) {
        return this.call("POST", "/bids", { campaign_id: campaign.campaign_id, price: String(price) }, token);
    }

    history(campaign, token) {
        return this.call("GET", `/bids/${campaign.campaign_id}/history`, null, token);
    }

    /** The token of a user, signed here: logging in is slow on purpose, and a crowd has no time for it. */
    token(userId) {
        const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
        const now = Math.floor(Date.now() / 1_000);
        const signed = `${part({ typ: "JWT", alg: "HS256" })}.${part({ sub: userId, iat: now, exp: now + 86_400 })}`;
        return `${signed}.${createHmac("sha256", SECRET).update(signed).digest("base64url")}`;
    }
}

/** Asks again and again until `look` answers something true, and answers that; gives up after `patience`. */
export async function until(look, what, patience = PATIENCE) {
    const end = Date.now() + patience;
    for (;;) {
        const found = await look();
        if (found) return found;
        assert.ok(Date.now() < end, `in ${patience} ms it did not come to this: ${what}`);
        await pause(50);
    }
}

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Where the page says that its reader is; `null` when it says nothing. @param {Page} page */
export function ownRank(page) {
    return page.evaluate(() => {
        const shown = document.querySelector('[data-testid="own-rank"]');
        return shown ? Number(shown.dataset.rank) : null;
    });
}

/** How many seconds the page's countdown says are left. @param {Page} page */
export function secondsLeft(page) {
    return page.evaluate(() => {
        const text = document.querySelector('[data-testid="countdown"]')?.textContent ?? "";
        const digits = /^(?:(\d+) d )?(?:(\d+):)?(\d+):(\d+)$/.exec(text.trim());
        if (!digits) return null;
        const [days, hours, minutes, seconds] = digits.slice(1).map((part) => Number(part ?? 0));
        return ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
    });
}

/** The ranking that the page shows, each row as "rank name". @param {Page} page */
export function shownRanking(page) {
    return page.evaluate(() =>
        [...document.querySelectorAll('tr[data-testid="rank-row"][data-key]')].map((row) =>
            [...row.cells]
                .slice(0, 2)
                .map((cell) => cell.firstChild.textContent.trim())
                .join(" "),
        ),
    );
}

/** Bids in the page and waits for the answer. @param {Page} page */
export async function bidIn(page, price) {
    await page.getByLabel("Your price").fill(price);
    await page.getByRole("button", { name: /^(Place bid|Bid again)$/ }).click();
    await page
        .getByText(new RegExp(`^Bid accepted: rank \\d+ at ${Number(price).toFixed(2).replace(".", "\\.")}`))
        .waitFor();
}
