// What goes wrong on the way: the page is loaded again, the server dies, the network is cut, the device's clock is wrong.
import assert from "node:assert/strict";
import { after, test } from "node:test";

import { bidIn, closeBrowser, House, ownRank, secondsLeft, shownRanking, until } from "./house.mjs";

after(closeBrowser);

/** The page is to be right again so soon after the server answers. */
const SOON = 2_000;
/** What the browser itself says of a server that is away, or of a network that is. */
const AWAY = /net::ERR_|WebSocket connection to|status of 50[234]/;
/** What is off between two clocks that are right: one tick of the page, and the time to look. */
const TICK = 1.5;

/** Whether the page shows what the server says, in ranking, own place and countdown. */
async function isRight(house, sale, page, token) {
    const { rankings } = await house.call("GET", `/rankings/${sale.campaign_id}`);
    const { rank } = await house.call("GET", `/rankings/${sale.campaign_id}/me`, null, token);
    const left = (Date.parse(sale.end_time) - Date.now()) / 1_000;
    const shown = {
        ranking: await shownRanking(page),
        rank: await ownRank(page),
        left: await secondsLeft(page),
    };
    const state = await page.getByTestId("connection").getAttribute("data-state");
    return (
        state === "live" &&
        shown.ranking.join() === rankings.map((row) => `${row.rank} ${row.username}`).join() &&
        shown.rank === rank &&
        shown.left !== null &&
        Math.abs(shown.left - left) <= TICK
    );
}

const connection = (page, state) =>
    page.locator(`[data-testid="connection"][data-state="${state}"]`).waitFor();

/** A sale that two bid in: Eve, whose page it is, leads, and Mallory can pass her. */
async function contest(t, as = {}) {
    const house = await House.open(t);
    const sale = await house.sale({ quota: 2, gamma: "0", beta: "0" });
    const [eve, mallory] = [await house.person("eve"), await house.person("mallory")];
    await house.bid(sale, "15", mallory.token);
    const page = await house.page(sale.path, { token: eve.token, forgive: AWAY, ...as });
    await bidIn(page, "20");
    await until(() => isRight(house, sale, page, eve.token), "the page is right to begin with");
    return { house, sale, eve, mallory, page };
}

test("a page that is loaded again is as it was", { timeout: 60_000 }, async (t) => {
    const { house, sale, eve, page } = await contest(t, { forgive: undefined });
    await page.reload();
    await until(() => isRight(house, sale, page, eve.token), "it is right again", SOON);
    assert.equal((await house.history(sale, eve.token)).total, 1);
});

test(
    "a server that dies and comes back is found again, without loading the page again",
    { timeout: 60_000 },
    async (t) => {
        const { house, sale, eve, mallory, page } = await contest(t);
        await page.evaluate(() => (window.untouched = true));
        await house.kill();
        await connection(page, "lost");
        await page.getByText("Connection lost. Trying again…").waitFor();
        await house.restart();
        await house.bid(sale, "25", mallory.token);
        await until(() => isRight(house, sale, page, eve.token), "it is right again", SOON);
        assert.equal(await ownRank(page), 2, "what happened meanwhile is known");
        await bidIn(page, "30");
        await until(async () => (await ownRank(page)) === 1, "bidding goes on");
        assert.ok(await page.evaluate(() => window.untouched), "it is the same page still");
        assert.equal((await house.history(sale, eve.token)).total, 2);
    },
);

test(
    "a bid whose answer is lost with the server is asked for again and placed once",
    { timeout: 60_000 },
    async (t) => {
        const { house, sale, eve, page } = await contest(t);
        // The server takes the bid and dies before the page hears of it.
        const keys = [];
        await page.route("**/api/v1/bids", async (route) => {
            keys.push(route.request().headers()["idempotency-key"]);
            if (keys.length > 1) return route.continue();
            await route.fetch();
            await house.kill();
            await route.abort("connectionreset");
            await house.restart();
        });
        await bidIn(page, "21");
        assert.ok(keys.length >= 2, "it was asked for again");
        assert.equal(new Set(keys).size, 1, "under the same key");
        await until(() => isRight(house, sale, page, eve.token), "it is right again", SOON);
        assert.deepEqual(
            (await house.history(sale, eve.token)).bids.map((bid) => bid.price),
            [21, 20],
        );
    },
);

test(
    "a bid that is sent while the server is away for long can be asked for again by hand",
    { timeout: 90_000 },
    async (t) => {
        const { house, sale, eve, page } = await contest(t);
        const keys = [];
        page.on(
            "request",
            (request) =>
                request.url().endsWith("/api/v1/bids") && keys.push(request.headers()["idempotency-key"]),
        );
        await house.kill();
        await page.getByLabel("Your price").fill("22");
        await page.getByRole("button", { name: "Bid again" }).click();
        await page.getByText("it will not be placed twice").waitFor({ timeout: 30_000 });
        await house.restart();
        await page.getByRole("button", { name: "Ask again" }).click();
        await page.getByText(/^Bid accepted: rank 1 at 22\.00/).waitFor();
        assert.equal(new Set(keys).size, 1, "under the same key");
        assert.deepEqual(
            (await house.history(sale, eve.token)).bids.map((bid) => bid.price),
            [22, 20],
        );
    },
);

test(
    "a network that is cut is told at once, and what was missed is there when it is back",
    { timeout: 60_000 },
    async (t) => {
        const { house, sale, eve, mallory, page } = await contest(t);
        await page.context().setOffline(true);
        await connection(page, "lost");
        await house.bid(sale, "25", mallory.token);
        assert.equal(await ownRank(page), 1, "the last that is known stays in sight");
        await page.context().setOffline(false);
        await until(() => isRight(house, sale, page, eve.token), "it is right again", SOON);
        assert.equal(await ownRank(page), 2);
        assert.equal((await house.history(sale, eve.token)).total, 1);
    },
);

test(
    "a bid that is made without a network is placed once when it is back",
    { timeout: 60_000 },
    async (t) => {
        const { house, sale, eve, page } = await contest(t);
        await page.context().setOffline(true);
        await page.getByLabel("Your price").fill("23");
        await page.getByRole("button", { name: "Bid again" }).click();
        await connection(page, "lost");
        await page.context().setOffline(false);
        await page.getByText(/^Bid accepted: rank 1 at 23\.00/).waitFor();
        await until(() => isRight(house, sale, page, eve.token), "it is right again", SOON);
        assert.deepEqual(
            (await house.history(sale, eve.token)).bids.map((bid) => bid.price),
            [23, 20],
        );
    },
);

test(
    "where no WebSocket gets through, both kinds of sale are followed all the same",
    { timeout: 60_000 },
    async (t) => {
        const house = await House.open(t);
        const [eve, mallory] = [await house.person("eve"), await house.person("mallory")];
        const ranked = await house.sale({ quota: 2, gamma: "0", beta: "0", lasts: 20 });
        const chairs = await house.sale({ name: "Chair", stock: 3, format: "first_come", price: "20" });
        const without = async (sale) => {
            const page = await house.page("/", { token: eve.token, forgive: AWAY });
            await page.routeWebSocket(/./, (socket) => socket.close({ code: 1011 }));
            await page.goto(house.base + sale.path);
            await connection(page, "lost");
            return page;
        };
        const page = await without(ranked);
        await bidIn(page, "20");
        await until(async () => (await ownRank(page)) === 1, "the own bid is there");
        await house.bid(ranked, "25", mallory.token);
        await until(async () => (await ownRank(page)) === 2, "the other's bid is seen", SOON + 1_000);
        assert.deepEqual(await shownRanking(page), ["1 mallory", "2 eve"]);

        const shop = await without(chairs);
        await shop.locator('[data-testid="units"][data-available="3"]').waitFor();
        const bought = { campaign_id: chairs.campaign_id, quantity: 3 };
        await house.call("POST", "/purchases", bought, mallory.token);
        await shop.locator('[data-testid="units"][data-available="0"]').waitFor({ timeout: SOON + 1_000 });
        await shop.getByText("Sold out for the moment").waitFor();

        await page.getByText("You won!").waitFor({ timeout: 30_000 });
        await page.getByText(/^Rank 2 with 20\.00\. Your order/).waitFor();
    },
);

test("a network that swallows everything without a word is noticed", { timeout: 60_000 }, async (t) => {
    // The server stands still: its sockets stay open, and nothing comes through them.
    const { house, sale, eve, mallory, page } = await contest(t);
    house.process.kill("SIGSTOP");
    try {
        await connection(page, "lost");
    } finally {
        house.process.kill("SIGCONT");
    }
    await house.bid(sale, "25", mallory.token);
    await until(() => isRight(house, sale, page, eve.token), "it is right again", SOON);
    assert.equal(await ownRank(page), 2);
});

for (const [which, by] of [
    ["ten minutes fast", 600_000],
    ["ten minutes slow", -600_000],
]) {
    test(`a device whose clock is ${which} counts down by the server's`, { timeout: 60_000 }, async (t) => {
        const { house, sale, eve, page } = await contest(t, {
            script: `(${shiftClock})(${by})`,
            forgive: undefined,
        });
        const off = (await page.evaluate(() => Date.now())) - Date.now();
        assert.ok(Math.abs(off - by) < 5_000, "the page's clock is wrong indeed");
        await page.reload();
        await until(() => isRight(house, sale, page, eve.token), "it is right again", SOON);
        await page.getByRole("link", { name: "All sales" }).click();
        await page
            .getByRole("region", { name: "Running now" })
            .getByRole("link", { name: "Aurora lamp" })
            .waitFor();
    });
}

/** Makes the page's clock wrong by so many milliseconds. */
function shiftClock(by) {
    const Right = Date;
    globalThis.Date = class extends Right {
        constructor(...given) {
            if (given.length === 0) super(Right.now() + by);
            else super(...given);
        }
        static now() {
            return Right.now() + by;
        }
    };
}
