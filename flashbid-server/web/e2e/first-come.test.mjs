// Buying first-come: held, paid, not paid, sold again; and several sales at once.
import assert from "node:assert/strict";
import { after, test } from "node:test";

import { closeBrowser, House, until } from "./house.mjs";

after(closeBrowser);

const units = async (page) => {
    const shown = page.getByTestId("units");
    const [available, held, sold] = await Promise.all(
        ["available", "held", "sold"].map((kind) => shown.getAttribute(`data-${kind}`)),
    );
    return { available: Number(available), held: Number(held), sold: Number(sold) };
};

test(
    "a unit is bought and paid; another is not paid in time, comes back and is sold again",
    { timeout: 120_000 },
    async (t) => {
        const house = await House.open(t);
        const sale = await house.sale({
            stock: 2,
            format: "first_come",
            price: "79",
            per_buyer_limit: 2,
            payment_deadline: 6,
            lasts: 300,
        });
        const [ada, bob] = await Promise.all(
            ["ada", "bob"].map(async (name) =>
                house.page(sale.path, { token: (await house.person(name)).token, forgive: /status of 409/ }),
            ),
        );
        await ada.getByRole("button", { name: "Buy for 79.00" }).click();
        await ada.getByRole("button", { name: "Pay 79.00" }).waitFor();
        await ada.getByTestId("pay-by").getByRole("timer").waitFor();
        await until(async () => (await units(bob)).available === 1, "the other sees one unit go");
        await ada.getByRole("button", { name: "Pay 79.00" }).click();
        await ada.getByText("Paid", { exact: true }).waitFor();

        await bob.getByRole("button", { name: "Buy for 79.00" }).click();
        await bob.getByRole("button", { name: "Pay 79.00" }).waitFor();
        await ada.getByText("Sold out for the moment").waitFor();
        assert.ok(await ada.getByRole("button", { name: "Sold out" }).isDisabled());
        // Nobody pays it: the time runs out, and both are told.
        await bob.getByText("Not paid in time").waitFor({ timeout: 30_000 });
        await until(async () => (await units(ada)).available === 1, "the unit is back", 30_000);
        await ada.getByRole("button", { name: "Buy for 79.00" }).click();
        await ada.getByRole("button", { name: "Pay 79.00" }).click();
        await until(async () => (await units(bob)).sold === 2, "both units are sold");
        assert.deepEqual(await units(bob), { available: 0, held: 0, sold: 2 });
    },
);

test(
    "what is given up goes back after a question, and a limit is told in words",
    { timeout: 60_000 },
    async (t) => {
        const house = await House.open(t);
        const sale = await house.sale({
            stock: 5,
            format: "first_come",
            price: "5.50",
            per_buyer_limit: 2,
            lasts: 300,
        });
        const { token } = await house.person("eve");
        const page = await house.page(sale.path, { token, forgive: /status of 409/ });
        await page.getByLabel("Quantity").fill("3");
        await page.getByText("You can have at most 2").waitFor();
        await page.getByLabel("Quantity").fill("2");
        await page.getByRole("button", { name: "Buy for 11.00" }).dblclick();
        await page.getByRole("button", { name: "Pay 11.00" }).waitFor();
        assert.equal((await house.call("GET", "/orders", null, token)).total, 1, "a double click buys once");
        await page.getByLabel("Quantity").fill("1");
        await page.getByRole("button", { name: "Buy for 5.50" }).click();
        await page.getByText("You already have as many as one buyer may have").waitFor();
        await page.getByRole("button", { name: "Cancel" }).click();
        await page.getByRole("dialog").getByRole("button", { name: "Keep it" }).click();
        assert.equal(
            await page.evaluate(() => document.activeElement.textContent),
            "Cancel",
            "the focus is back at what asked",
        );
        await page.getByRole("button", { name: "Cancel" }).click();
        await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
        await page.getByText("Cancelled", { exact: true }).waitFor();
        await until(async () => (await units(page)).available === 5, "the units are back");
    },
);

test("a cart buys several sales at once, or none of them", { timeout: 60_000 }, async (t) => {
    const house = await House.open(t);
    const lamp = await house.sale({ name: "Lamp", stock: 3, format: "first_come", price: "20", lasts: 300 });
    const chair = await house.sale({
        name: "Chair",
        stock: 1,
        format: "first_come",
        price: "35.25",
        lasts: 300,
    });
    const { token } = await house.person("eve");
    const page = await house.page(lamp.path, { token, forgive: /status of 409/ });
    await page.getByLabel("Quantity").fill("2");
    await page.getByRole("button", { name: "Add to cart" }).click();
    await page.goto(house.base + chair.path);
    await page.getByRole("button", { name: "Add to cart" }).click();
    await page.getByRole("link", { name: /To the cart/ }).click();
    await page.getByRole("button", { name: "Buy all for 75.25" }).waitFor();

    // Somebody else takes the only chair: the lamp is not bought either.
    const other = await house.person("other");
    const { hold_id: hold } = await house.call(
        "POST",
        "/purchases",
        { campaign_id: chair.campaign_id },
        other.token,
    );
    await page.getByRole("button", { name: "Buy all for 75.25" }).click();
    await page.getByText("Sold out for the moment").waitFor();
    assert.equal((await house.call("GET", "/orders", null, token)).total, 0);

    const order = await until(
        async () => (await house.call("GET", `/purchases/${hold}`, null, other.token)).order_id,
        "the other's order",
    );
    await house.call("POST", `/orders/${order}/cancel`, null, other.token);
    await page.getByRole("button", { name: "Buy all for 75.25" }).dblclick();
    await page.getByText("All yours").waitFor();
    assert.equal(await page.getByRole("button", { name: /^Pay / }).count(), 2);
    assert.equal((await house.call("GET", "/orders", null, token)).total, 2);
    await page.getByRole("link", { name: "My orders" }).click();
    await page.getByRole("button", { name: "Pay 40.00" }).click();
    await page.getByText("Paid", { exact: true }).waitFor();
});
