// A ranked sale as two people see it, from joining to the result.
import assert from "node:assert/strict";
import { after, test } from "node:test";

import { bidIn, closeBrowser, House, ownRank, pause, shownRanking, until } from "./house.mjs";

after(closeBrowser);

async function joinIn(page, name) {
    await page.getByRole("link", { name: "Join", exact: true }).first().click();
    await page.getByLabel("Name in rankings").fill(name);
    await page.getByLabel("Email").fill(`${name}@example.com`);
    await page.getByLabel("Password").fill("password of a tester");
    await page.getByRole("button", { name: "Join" }).click();
    await page.getByText(name, { exact: true }).first().waitFor();
}

test(
    "two people bid against each other, each sees the own rank live, and one of them wins",
    { timeout: 120_000 },
    async (t) => {
        const house = await House.open(t);
        const sale = await house.sale({ stock: 1, quota: 1, gamma: "0", beta: "0", lasts: 20 });
        const bob = await house.page(sale.path, { token: (await house.person("bob")).token });
        // One has an account; the other joins in the browser, logs out and in again.
        const ada = await house.page(sale.path, { forgive: /status of 401/ });
        await joinIn(ada, "ada");
        await ada.getByRole("button", { name: "Log out" }).click();
        await ada.getByRole("link", { name: "Log in", exact: true }).click();
        await ada.getByLabel("Email").fill("ada@example.com");
        await ada.getByLabel("Password").fill("not the password");
        await ada.getByRole("button", { name: "Log in" }).click();
        await ada.getByText("Email or password is wrong").waitFor();
        await ada.getByLabel("Password").fill("password of a tester");
        await ada.getByRole("button", { name: "Log in" }).click();

        await bidIn(ada, "20");
        await until(async () => (await ownRank(ada)) === 1, "the first bid leads");
        await bob.getByText("20.01 would win now").waitFor();
        await bob.getByRole("button", { name: "Use it" }).click();
        assert.equal(
            await bob.getByLabel("Your price").inputValue(),
            "20.01",
            "a cent more than the best would win",
        );
        await bidIn(bob, "20.01");
        await until(async () => (await ownRank(bob)) === 1, "the higher bid leads");
        await bob.getByText("You are winning").waitFor();
        // Nobody touches the first page: it is told.
        await until(async () => (await ownRank(ada)) === 2, "the first bidder sees that it was passed");
        await ada.getByText("You are not winning").waitFor();
        assert.deepEqual(await shownRanking(ada), ["1 bob"], "only the winning places are listed");
        assert.match(await bob.locator('[data-testid="rank-row"][data-mine]').innerText(), /bob.*You/s);
        assert.match(
            await ada.locator('[data-testid="rank-row"][data-mine]').innerText(),
            /2.*You are here/s,
        );
        assert.match(await ada.getByTestId("winning-line").innerText(), /winning place ends here/);

        await ada.getByText("Not this time").waitFor({ timeout: 30_000 });
        await ada.getByText(/You came in at rank 2; 1 won/).waitFor();
        await bob.getByText("You won!").waitFor();
        await bob.getByText(/Rank 1 with 20.01/).waitFor();
        // Confetti is a canvas over everything, which goes away by itself.
        await until(() => bob.locator("body > canvas").count(), "confetti for the winner");
        assert.equal(await ada.locator("body > canvas").count(), 0, "and none for the other");
        await until(
            async () => (await bob.locator("body > canvas").count()) === 0,
            "the confetti has come down",
        );
        await bob.getByRole("link", { name: "To my orders" }).click();
        await bob.getByRole("button", { name: "Pay 20.01" }).click();
        await bob.getByText("Paid", { exact: true }).waitFor();
        // The end is told again to whoever connects; only the moment itself is celebrated.
        await bob.goto(house.base + sale.path);
        await bob.getByText("Rank 1 with 20.01, and paid.").waitFor();
        await bob.waitForTimeout(1_000);
        assert.equal(await bob.locator("body > canvas").count(), 0, "no confetti for a later look");
        await ada.getByRole("link", { name: "My orders" }).click();
        await ada.getByText("No orders yet").waitFor();
    },
);

test("a double click, and Enter held down, place one bid each", { timeout: 60_000 }, async (t) => {
    const house = await House.open(t);
    const sale = await house.sale();
    const { token } = await house.person("eve");
    const page = await house.page(sale.path, { token });
    // On a slow network there is time to click again.
    await page.route("**/api/v1/bids", async (route) => {
        await pause(400);
        await route.continue();
    });
    await page.getByLabel("Your price").fill("11");
    await page.getByRole("button", { name: "Place bid" }).dblclick();
    await page.getByText(/^Bid accepted.*11\.00/).waitFor();
    await page.getByLabel("Your price").fill("12");
    for (let repeat = 0; repeat < 10; repeat += 1) await page.keyboard.down("Enter");
    await page.keyboard.up("Enter");
    await page.getByText(/^Bid accepted.*12\.00/).waitFor();
    await pause(1_000);
    const { bids } = await house.history(sale, token);
    assert.deepEqual(
        bids.map((bid) => bid.price),
        [12, 11],
    );
});

test(
    "a price that cannot be is refused where it is typed, with what would do",
    { timeout: 60_000 },
    async (t) => {
        const house = await House.open(t);
        const sale = await house.sale({ minPrice: "10.50" });
        const { token } = await house.person("eve");
        const page = await house.page(sale.path, { token });
        for (const [typed, told] of [
            ["", "Enter a price such as 10.50"],
            ["ten", "Enter a price such as 10.50"],
            ["-11", "Enter a price such as 10.50"],
            ["10.49", "The price must be at least 10.50"],
        ]) {
            await page.getByLabel("Your price").fill(typed);
            await page.getByRole("button", { name: "Place bid" }).click();
            await page.getByText(told).waitFor();
        }
        assert.equal((await house.history(sale, token)).total, 0);
    },
);

test("the score that the form expects is the one that the server gives", { timeout: 60_000 }, async (t) => {
    const house = await House.open(t);
    // Without the share of being early, which changes while one types.
    const sale = await house.sale({ beta: "0", alpha: "1.2345", gamma: "7.77" });
    const { token } = await house.person("eve");
    const page = await house.page(sale.path, { token });
    await page.getByText("Your member weight is").waitFor();
    await page.getByLabel("Your price").fill("12.3456");
    const expected = await page.getByText(/Would score about/).innerText();
    const { score } = await house.bid(sale, "12.3456", token);
    assert.equal(expected, `Would score about ${score.toFixed(2)}`);
});

test(
    "a sale opens by itself when its time comes, and each sees the other's first bid",
    { timeout: 60_000 },
    async (t) => {
        const house = await House.open(t);
        const sale = await house.sale({ starts: 4 });
        const { token } = await house.person("eve");
        const page = await house.page(sale.path, { token });
        await page.getByText("Bidding opens when the clock reaches zero.").waitFor();
        assert.ok(await page.getByRole("button", { name: "Place bid" }).isDisabled());
        await until(() => page.getByRole("button", { name: "Place bid" }).isEnabled(), "bidding is open");
        await bidIn(page, "11");
        await until(async () => (await shownRanking(page)).join() === "1 eve", "the first row");
    },
);

test(
    "a campaign that asks for a token gets one, and one that asks for a captcha shows it",
    { timeout: 60_000 },
    async (t) => {
        const house = await House.open(t);
        const guarded = await house.sale({ name: "Guarded lamp", require_token: true });
        const sale = await house.sale({ require_token: true, require_captcha: true });
        const { token } = await house.person("eve");
        const page = await house.page(guarded.path, { token, forgive: /status of 403/ });
        await bidIn(page, "11");
        await page.goto(house.base + sale.path);
        await page.getByLabel("Your price").fill("11");
        await page.getByRole("button", { name: "Place bid" }).click();
        const dialog = page.getByRole("dialog", { name: "Are you a person?" });
        const picture = dialog.getByRole("img");
        const first = await picture.getAttribute("src");
        await dialog.getByLabel("Text in the picture").fill("not that");
        await dialog.getByRole("button", { name: "Continue" }).click();
        await dialog.getByText("That is not what the picture says").waitFor();
        await until(
            async () => (await picture.getAttribute("src")) !== first,
            "another picture after a wrong answer",
        );
        await page.keyboard.press("Escape");
        await dialog.waitFor({ state: "detached" });
        await page.getByText("This sale asks you to read a picture first.").waitFor();
        assert.equal((await house.history(sale, token)).total, 0);
    },
);

test(
    "a visitor who is not logged in sees a sale to its end, and the ranking that it ended with",
    { timeout: 60_000 },
    async (t) => {
        const house = await House.open(t);
        const sale = await house.sale({ stock: 1, quota: 1, gamma: "0", beta: "0", lasts: 8 });
        const [eve, mallory] = [await house.person("eve"), await house.person("mallory")];
        await house.bid(sale, "20", eve.token);
        const page = await house.page(sale.path);
        await page.getByText("Every 2 s. Log in to see it live.").waitFor();
        await until(async () => (await shownRanking(page)).join() === "1 eve", "the ranking is there");
        // So late that no answer of before the end knows of it.
        await pause(Date.parse(sale.end_time) - Date.now() - 150);
        await house.bid(sale, "30", mallory.token);
        await page.getByRole("heading", { name: "This sale is over" }).waitFor();
        await page.getByText("Final ranking").waitFor();
        await until(async () => (await shownRanking(page)).join() === "1 mallory", "the last bid counts");
    },
);
