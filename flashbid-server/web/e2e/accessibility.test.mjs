// Every page as people see it who read another language, need contrast, use a phone, or no mouse.
// FLASHBID_SCREENSHOTS=folder keeps a picture of each; FLASHBID_README_SCREENSHOTS=1 makes those of the README anew.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";

import { bidIn, closeBrowser, DESKTOP, House, pause, PHONE, until, WORKSPACE } from "./house.mjs";

after(closeBrowser);

const AXE = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const ALBUM = process.env.FLASHBID_SCREENSHOTS;
const README = process.env.FLASHBID_README_SCREENSHOTS === "1";

/** A shop with something of everything, and the people who look at it. */
async function shop(t) {
    const house = await House.open(t);
    const [eve, mallory, noel] = await Promise.all(
        ["eve", "mallory", "noel"].map((name) => house.person(name)),
    );
    const plain = { gamma: "0", beta: "0" };
    const running = await house.sale({ name: "Aurora lamp", stock: 2, lasts: 3_600, ...plain });
    const soon = await house.sale({ name: "Borealis lamp", starts: 3_600, lasts: 7_200 });
    const over = await house.sale({ name: "Comet lamp", stock: 1, lasts: 2, ...plain });
    const buying = await house.sale({
        name: "Chair",
        stock: 5,
        format: "first_come",
        price: "79",
        per_buyer_limit: 3,
        lasts: 3_600,
    });
    const soldOut = await house.sale({
        name: "Stool",
        stock: 1,
        format: "first_come",
        price: "39.5",
        lasts: 3_600,
    });
    const guarded = await house.sale({
        name: "Guarded lamp",
        require_token: true,
        require_captcha: true,
        lasts: 3_600,
    });
    await house.bid(over, 30, eve.token);
    await house.bid(over, 20, mallory.token);
    for (let each = 1; each <= 24; each += 1)
        await house.bid(running, 100 + each, (await house.person(`bidder${each}`)).token);
    await house.bid(running, 500, eve.token);
    await house.bid(running, 20, mallory.token);
    for (const sale of [buying, soldOut])
        await house.call("POST", "/purchases", { campaign_id: sale.campaign_id }, eve.token);
    await until(
        async () => (await house.call("GET", "/orders", null, eve.token)).total === 3,
        "the orders are written",
    );
    const { orders } = await house.call("GET", "/orders", null, eve.token);
    await house.call(
        "POST",
        `/orders/${orders.find((order) => order.campaign_id === soldOut.campaign_id).order_id}/pay`,
        {},
        eve.token,
    );
    const lines = [buying, soldOut].map((sale) => ({ campaign: sale.campaign_id, quantity: 1 }));
    return {
        house,
        eve,
        mallory,
        noel,
        running,
        soon,
        over,
        buying,
        soldOut,
        guarded,
        cart: JSON.stringify(lines),
    };
}

/**
 * The pages, as who sees them. `ready` waits until there is what matters there; `act` brings the page to a state that has
 * no address; `main` is what people came for.
 */
function pages({ house, eve, mallory, noel, running, soon, over, buying, soldOut, guarded, cart }, words) {
    const button = (name) => (page) => page.getByRole("button", { name });
    const link = (name) => (page) => page.getByRole("link", { name });
    const admin = house.admin;
    return [
        { name: "home", path: "/", main: link("Aurora lamp") },
        { name: "sale", path: running.path, token: eve.token, main: button(words.bidAgain), isLive: true },
        {
            name: "sale-losing",
            path: running.path,
            token: mallory.token,
            main: button(words.bidAgain),
            isLive: true,
        },
        {
            name: "sale-visitor",
            path: running.path,
            main: (page) => page.locator("main").getByRole("link", { name: words.logInToBid }),
        },
        { name: "sale-before", path: soon.path, token: eve.token, main: button(words.placeBid) },
        { name: "sale-won", path: over.path, token: eve.token, main: link(words.toOrders) },
        {
            name: "sale-lost",
            path: over.path,
            token: mallory.token,
            main: (page) => page.getByTestId("result"),
        },
        {
            name: "sale-malformed",
            path: running.path,
            token: noel.token,
            main: button(words.placeBid),
            act: async (page) => {
                await page.getByLabel(words.price).fill("?");
                await page.getByRole("button", { name: words.placeBid }).click();
                await page.getByRole("alert").waitFor();
            },
        },
        {
            name: "captcha",
            path: guarded.path,
            token: noel.token,
            main: (page) => page.getByRole("dialog").getByRole("button").first(),
            act: async (page) => {
                await page.getByLabel(words.price).fill("50");
                await page.getByRole("button", { name: words.placeBid }).click();
                await page.getByRole("dialog").getByRole("img").waitFor();
            },
        },
        { name: "first-come", path: buying.path, token: noel.token, main: button(words.buy) },
        { name: "first-come-mine", path: buying.path, token: eve.token, main: button(words.pay) },
        { name: "first-come-sold-out", path: soldOut.path, token: noel.token, main: button(words.soldOut) },
        {
            name: "login",
            path: "/login?next=/orders",
            main: (page) => page.locator("main form button[type=submit]"),
        },
        {
            name: "login-malformed",
            path: "/login",
            main: (page) => page.locator("main form button[type=submit]"),
            act: async (page) => {
                await page.locator("main form button[type=submit]").click();
                await page.getByRole("alert").first().waitFor();
            },
        },
        {
            name: "register",
            path: "/register",
            main: (page) => page.locator("main form button[type=submit]"),
        },
        {
            name: "cart-empty",
            path: "/cart",
            token: noel.token,
            main: (page) => page.locator("main").getByRole("link"),
        },
        { name: "cart", path: "/cart", token: noel.token, cart, main: button(words.buyAll) },
        {
            name: "orders-empty",
            path: "/orders",
            token: noel.token,
            main: (page) => page.locator("main").getByRole("link"),
        },
        {
            name: "orders",
            path: "/orders",
            token: eve.token,
            main: (page) => button(words.pay)(page).first(),
        },
        {
            name: "orders-cancel",
            path: "/orders",
            token: eve.token,
            main: (page) => page.getByRole("dialog").getByRole("button").first(),
            act: async (page) => {
                await page.getByRole("button", { name: words.cancel }).first().click();
                await page.getByRole("dialog").waitFor();
            },
        },
        {
            name: "bids-empty",
            path: "/bids",
            token: noel.token,
            main: (page) => page.locator("main").getByRole("link"),
        },
        { name: "bids", path: "/bids", token: eve.token, main: link("Aurora lamp") },
        { name: "not-found", path: "/no-such-page", main: (page) => page.locator("main p").first() },
        {
            name: "no-sale",
            path: "/campaigns/00000000-0000-7000-8000-000000000000",
            main: (page) => page.locator("main p").first(),
        },
        {
            name: "admin",
            path: "/admin",
            token: admin,
            main: (page) => page.locator('main section a[href="/admin/campaigns/new"]'),
        },
        {
            name: "admin-product",
            path: "/admin/products/new",
            token: admin,
            main: (page) => page.locator("main form button[type=submit]"),
        },
        {
            name: "admin-campaign",
            path: "/admin/campaigns/new",
            token: admin,
            main: (page) => page.locator("main form button[type=submit]"),
        },
        {
            name: "admin-watch-ranked",
            path: `/admin${running.path}`,
            token: admin,
            main: (page) => page.getByTestId("verdict"),
        },
        {
            name: "admin-watch-first-come",
            path: `/admin${buying.path}`,
            token: admin,
            main: (page) => page.getByTestId("verdict"),
        },
        {
            name: "admin-watch-over",
            path: `/admin${over.path}`,
            token: admin,
            main: (page) => page.getByTestId("verdict"),
        },
        {
            name: "admin-problems",
            path: "/admin/problems",
            token: admin,
            main: (page) => page.locator("main section").first(),
        },
    ];
}

const WORDS = {
    en: {
        placeBid: "Place bid",
        bidAgain: "Bid again",
        price: "Your price",
        logInToBid: "Log in to bid",
        toOrders: "To my orders",
        buy: "Buy for 79.00",
        pay: /^Pay /,
        soldOut: "Sold out",
        buyAll: /^Buy all for/,
        cancel: "Cancel",
    },
    "zh-TW": {
        placeBid: "送出出價",
        bidAgain: "再次出價",
        price: "出價金額",
        logInToBid: "登入後出價",
        toOrders: "查看我的訂單",
        buy: "以 79.00 購買",
        pay: /^付款/,
        soldOut: "已售完",
        buyAll: /全部購買$/,
        cancel: "取消訂單",
    },
};

/** What axe calls serious or critical, each with the elements it is about. */
async function violations(page) {
    await page.evaluate(AXE);
    const look = () =>
        page.evaluate(async () => {
            const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
            const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
            const why = (node) => [...node.any, ...node.all, ...node.none].map((check) => check.message);
            return grave.map(({ id, impact, nodes }) => ({
                id,
                impact,
                nodes: nodes.map((node) => `${node.html.slice(0, 200)} – ${why(node).join("; ")}`),
            }));
        });
    const found = await look();
    if (found.length === 0) return found;
    // On a busy machine an element may not have been painted in its theme yet; what is wrong stays wrong.
    await pause(1_000);
    return look();
}

for (const [language, theme] of Object.keys(WORDS).flatMap((language) =>
    ["light", "dark"].map((theme) => [language, theme]),
)) {
    test(
        `every page is accessible and fits, ${theme} and in ${language}`,
        { timeout: 600_000 },
        async (t) => {
            const all = await shop(t);
            const { house } = all;
            const wrong = [];
            for (const [device, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
                /** @type {Map<string, import("playwright-core").Page>} */
                const open = new Map();
                for (const { name, path, token, cart = "[]", main, act, isLive } of pages(
                    all,
                    WORDS[language],
                )) {
                    const at = `${name}, ${device}`;
                    const who = token ?? "nobody";
                    // One window for each who looks, so that most pages find a warm cache.
                    if (!open.has(who)) {
                        const looks = {
                            token,
                            theme,
                            language,
                            viewport,
                            stillness: true,
                            forgive: /status of 404/,
                        };
                        open.set(who, await house.page("/cart", looks));
                    }
                    const page = open.get(who);
                    await page.evaluate((cart) => localStorage.setItem("flashbid.cart", cart), cart);
                    try {
                        await page.goto(house.base + path);
                        if (act) await act(page);
                        await main(page).first().waitFor();
                        if (isLive)
                            await page.locator('[data-testid="connection"][data-state="live"]').waitFor();
                        await until(
                            async () => (await page.locator(".animate-pulse").count()) === 0,
                            "everything is loaded",
                        );
                        if (ALBUM) {
                            const folder = join(ALBUM, `${device}-${theme}-${language}`);
                            mkdirSync(folder, { recursive: true });
                            await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
                        }
                        for (const violation of await violations(page)) wrong.push({ at, ...violation });
                        const [inner, outer] = await page.evaluate(() => [
                            document.documentElement.scrollWidth,
                            document.documentElement.clientWidth,
                        ]);
                        if (inner > outer)
                            wrong.push({
                                at,
                                id: "scrolls sideways",
                                inner,
                                outer,
                                by: await page.evaluate(widest),
                            });
                        const box = await main(page).first().boundingBox();
                        if (!box || box.x < 0 || box.x + box.width > viewport.width + 0.5)
                            wrong.push({ at, id: "what matters is out of sight", box });
                    } catch (error) {
                        wrong.push({ at, id: "does not come to what it is for", error: error.message });
                    }
                }
                for (const page of open.values()) await page.context().close();
            }
            assert.deepEqual(wrong, []);
        },
    );
}

/** Within the page: what reaches out of it furthest. */
function widest() {
    const width = document.documentElement.clientWidth;
    const all = [...document.querySelectorAll("body *")].filter(
        (element) => element.getBoundingClientRect().right > width + 0.5,
    );
    return all.slice(0, 3).map((element) => element.outerHTML.slice(0, 160));
}

test(
    "on a phone one joins through the menu, bids, and sees the ranking in full width",
    { timeout: 60_000 },
    async (t) => {
        const house = await House.open(t);
        const sale = await house.sale();
        const page = await house.page(sale.path, { viewport: PHONE });
        await page.getByRole("button", { name: "Menu" }).click();
        await page.getByRole("link", { name: "Join", exact: true }).click();
        await page.getByLabel("Name in rankings").fill("ada");
        await page.getByLabel("Email").fill("ada@example.com");
        await page.getByLabel("Password").fill("password of a tester");
        await page.getByRole("button", { name: "Join", exact: true }).click();
        await bidIn(page, "11");
        assert.equal(await page.locator("#menu").count(), 0, "the menu is closed when one is back");
        await page.getByText("You are winning").waitFor();
        await page.getByTestId("rank-row").waitFor();
        const [row, table] = await page.evaluate(() => {
            const row = document.querySelector('tr[data-testid="rank-row"]');
            const cells = [...row.cells].map((cell) => cell.getBoundingClientRect().right);
            return [Math.max(...cells), row.closest("table").getBoundingClientRect().right];
        });
        assert.ok(
            Math.abs(row - table) < 2,
            `the ranking takes the whole width: its rows end at ${row}, it at ${table}`,
        );
        await page.getByRole("button", { name: "Menu" }).click();
        await page.getByRole("link", { name: "My bids" }).click();
        await page.getByRole("heading", { name: "My bids" }).waitFor();
        await page.getByRole("link", { name: "Aurora lamp" }).waitFor();
    },
);

test(
    "whoever has no mouse logs in and bids by Tab and Enter, and sees where the focus is",
    { timeout: 60_000 },
    async (t) => {
        const house = await House.open(t);
        const sale = await house.sale();
        const { email, password, token } = await house.person("eve");
        const page = await house.page(sale.path);
        await page.getByRole("heading", { name: "Your bid" }).waitFor();
        /** Goes on with Tab to what is called so. */
        const tabTo = async (name) => {
            const seen = [];
            for (let presses = 0; presses < 60; presses += 1) {
                await page.keyboard.press("Tab");
                const focus = await page.evaluate(() => {
                    const element = document.activeElement;
                    if (!element || element === document.body) return null;
                    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
                    const name =
                        element.labels?.[0]?.textContent ??
                        element.getAttribute("aria-label") ??
                        element.textContent;
                    return {
                        name: name.trim(),
                        isMarked: (outlineStyle !== "none" && outlineWidth !== "0px") || boxShadow !== "none",
                    };
                });
                if (!focus) continue;
                assert.ok(focus.isMarked, `one sees that the focus is at ${focus.name}`);
                if (focus.name === name) return;
                seen.push(focus.name);
            }
            assert.fail(`Tab leads to ${seen.join(", ")} and not to ${name}`);
        };
        await page.keyboard.press("Tab");
        assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to content");
        await page.keyboard.press("Enter");
        await tabTo("Log in to bid");
        await page.keyboard.press("Enter");
        await page.getByRole("heading", { name: "Welcome back" }).waitFor();
        await tabTo("Email");
        await page.keyboard.type(email);
        await tabTo("Password");
        await page.keyboard.type(password);
        await tabTo("Log in");
        await page.keyboard.press("Enter");
        await page.getByLabel("Your price").waitFor();
        await tabTo("Use it");
        await page.keyboard.press("Enter");
        await tabTo("Your price");
        assert.equal(await page.getByLabel("Your price").inputValue(), "10.00");
        await page.keyboard.press("Enter");
        await page.getByText(/^Bid accepted/).waitFor();
        assert.equal((await house.history(sale, token)).total, 1);
        // The next bid is typed where the last one was.
        assert.ok(await page.getByLabel("Your price").evaluate((field) => field === document.activeElement));
        assert.equal(await page.title(), "Aurora lamp – FlashBid");
        await page.getByRole("link", { name: "My bids" }).click();
        await page.getByRole("heading", { name: "My bids" }).waitFor();
        assert.equal(await page.title(), "My bids – FlashBid");
        assert.equal(
            await page.evaluate(() => document.activeElement.id),
            "main",
            "a new page is read from its top",
        );
    },
);

test("the theme and the language are chosen in the page and kept", { timeout: 60_000 }, async (t) => {
    const house = await House.open(t);
    const page = await house.page("/");
    await page.getByRole("heading", { name: "Timed sales, live" }).waitFor();
    await page.getByLabel("Theme").selectOption("dark");
    await page.getByLabel("Language").selectOption("zh-TW");
    await page.reload();
    await page.locator('html.dark[lang="zh-TW"]').waitFor({ state: "attached" });
    assert.equal(await page.getByRole("heading", { name: "Timed sales, live" }).count(), 0);
});

if (README) {
    for (const theme of ["light", "dark"]) {
        test(`the README's picture of a ${theme} sale`, { timeout: 120_000 }, async (t) => {
            const house = await House.open(t);
            const sale = await house.sale({
                name: "Aurora lamp",
                stock: 6,
                quota: 6,
                lasts: 225,
                beta: "0",
            });
            const names =
                "Ada Grace Alan Edsger Barbara Donald Frances Ken Margaret Niklaus Radia Tony".split(" ");
            const people = await Promise.all(names.map((name) => house.person(name)));
            const page = await house.page(sale.path, {
                token: people[0].token,
                theme,
                viewport: { width: 1280, height: 1040 },
            });
            for (let round = 0; round < 40; round += 1) {
                await house.bid(
                    sale,
                    (100 + round * 4 + Math.random() * 60).toFixed(2),
                    people[round % people.length].token,
                );
                await page.waitForTimeout(500);
            }
            await bidIn(page, "262");
            await page.waitForTimeout(2_000);
            const folder = join(WORKSPACE, "docs/screenshots");
            mkdirSync(folder, { recursive: true });
            await page.evaluate(() => window.scrollTo(0, 0));
            await page.screenshot({ path: join(folder, `sale-${theme}.png`) });
        });
    }
}
