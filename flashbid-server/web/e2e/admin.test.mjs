// What an administrator does: makes a product and sales of it, watches them, and brings new units.
import assert from "node:assert/strict";
import { after, test } from "node:test";

import { bidIn, closeBrowser, House, until } from "./house.mjs";

after(closeBrowser);

/** A figure of the watch page by its name. */
const figure = (page, name) =>
    page
        .locator("dl > div")
        .filter({ has: page.locator("dt", { hasText: new RegExp(`^${name}$`) }) })
        .locator("dd");

/** The newest figure of each chart of the watch page; a dash where there is none. */
const plotted = (page) => page.locator("figure > p.text-2xl").allInnerTexts();

/** Whether each chart has a figure: what it is drawn from is what the server measures. */
async function isPlotted(page) {
    const values = await plotted(page);
    return values.length === 6 && values.every((value) => /^\d/.test(value));
}

/** The id of the campaign whose watch page is open. */
const watched = (page) => new URL(page.url()).pathname.split("/").at(-1);

async function makeProduct(page, { name, stock, price }) {
    await page
        .getByRole("navigation", { name: "Administration" })
        .getByRole("link", { name: "New product" })
        .click();
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Description").fill("Made by hand.");
    await page.getByLabel("Units in stock").fill(stock);
    await page.getByLabel("Reserve price").fill(price);
    await page.getByRole("button", { name: "Create product" }).click();
    await page.getByText("Created. Now make a campaign for it.").waitFor();
}

test(
    "a product and a ranked sale of it are made in the browser, watched while people bid, and settled",
    { timeout: 120_000 },
    async (t) => {
        const house = await House.open(t);
        const [eve, mallory] = [await house.person("eve"), await house.person("mallory")];
        const admin = await house.page("/login?next=/admin");
        await admin.getByLabel("Email").fill("root@example.com");
        await admin.getByLabel("Password").fill("password of root");
        await admin.getByRole("button", { name: "Log in" }).click();
        await admin.getByRole("heading", { name: "Overview" }).waitFor();
        await admin.getByText("No campaigns yet").waitFor();

        await admin
            .getByRole("navigation", { name: "Administration" })
            .getByRole("link", { name: "New product" })
            .click();
        await admin.getByRole("button", { name: "Create product" }).click();
        await admin.getByText("Enter 1 to 255 characters.").waitFor();
        assert.equal(
            await admin.evaluate(() => document.activeElement?.getAttribute("aria-invalid")),
            "true",
            "the first mistake has the focus",
        );
        await makeProduct(admin, { name: "Aurora lamp", stock: "3", price: "10" });

        await admin.getByLabel("Units to sell").fill("1");
        await admin.getByLabel("β: being early").fill("0");
        await admin.getByLabel("γ: membership").fill("0");
        await admin.getByLabel("End", { exact: true }).fill(await local(admin, 20_000));
        await admin.getByRole("button", { name: "Create campaign" }).dblclick();
        await admin.waitForURL(/\/admin\/campaigns\/[0-9a-f-]{36}$/);
        const id = watched(admin);
        assert.equal((await house.call("GET", "/campaigns")).total, 1, "a double click makes one campaign");
        await admin.getByText("Running", { exact: true }).waitFor();

        // A bidder finds it by itself on the first page.
        const bidder = await house.page("/", { token: eve.token });
        await bidder
            .getByRole("region", { name: "Running now" })
            .getByRole("link", { name: "Aurora lamp" })
            .click();
        await bidIn(bidder, "20");
        await house.bid({ campaign_id: id }, "25", mallory.token);
        await until(
            async () => (await figure(admin, "Bidders").innerText()) === "2",
            "the bidders are counted",
        );
        await until(
            async () => (await figure(admin, "Highest bid").innerText()) === "25.00",
            "the highest bid is shown",
        );
        await until(() => isPlotted(admin), "each chart has a figure");
        // A bid now is seen as a rate above zero, among those of two seconds.
        await until(async () => {
            await house.bid({ campaign_id: id }, "26", mallory.token);
            return Number((await plotted(admin))[0]) > 0;
        }, "bids are counted");
        await admin.getByText("No orders yet").waitFor();

        await admin.getByText("Settled", { exact: true }).waitFor({ timeout: 40_000 });
        await admin.getByTestId("admin-order").waitFor();
        assert.equal(await admin.getByTestId("verdict").getAttribute("data-consistent"), "true");
        const [order] = (await house.call("GET", "/orders", null, mallory.token)).orders;
        await house.call("POST", `/orders/${order.order_id}/pay`, {}, mallory.token);
        await admin.locator('[data-testid="admin-order"][data-status="paid"]').waitFor();
    },
);

test(
    "a first-come sale is watched as it sells out, compared with the ledger, and restocked",
    { timeout: 120_000 },
    async (t) => {
        const house = await House.open(t);
        const [eve, mallory] = [await house.person("eve"), await house.person("mallory")];
        const admin = await house.page("/admin", { token: house.admin });
        await makeProduct(admin, { name: "Chair", stock: "2", price: "30" });
        await admin.getByRole("radio", { name: "First come" }).check();
        await admin.getByLabel("Price of a unit").fill("35.50");
        await admin.getByLabel("Units each buyer may have").fill("1");
        await admin.getByRole("button", { name: "5 min" }).click();
        await admin.getByRole("button", { name: "Create campaign" }).click();
        await admin.waitForURL(/\/admin\/campaigns\/[0-9a-f-]{36}$/);
        const id = watched(admin);

        // How long purchases take is known from the difference of two looks.
        await until(async () => /^\d/.test((await plotted(admin))[0]), "the charts are being drawn");
        const orders = [];
        for (const buyer of [eve, mallory]) {
            const { hold_id: hold } = await house.call(
                "POST",
                "/purchases",
                { campaign_id: id },
                buyer.token,
            );
            const path = `/purchases/${hold}`;
            orders.push(
                await until(
                    async () => (await house.call("GET", path, null, buyer.token)).order_id,
                    "the order",
                ),
            );
        }
        await until(async () => (await figure(admin, "Available").innerText()) === "0", "it is sold out");
        await until(async () => (await figure(admin, "Held").innerText()) === "2", "both are held");
        await until(() => isPlotted(admin), "each chart has a figure");
        await house.call("POST", `/orders/${orders[0]}/pay`, {}, eve.token);
        await until(async () => (await figure(admin, "Sold").innerText()) === "1", "one is sold");
        await admin.locator('[data-testid="admin-order"][data-status="paid"]').waitFor();
        assert.equal(await admin.getByTestId("admin-order").count(), 2);
        assert.equal(await admin.getByTestId("verdict").getAttribute("data-consistent"), "true");
        await admin.getByRole("button", { name: "Dry run" }).click();
        await admin.getByText("Everything agrees.").waitFor();

        // Protection is switched on while it runs, and holds for the next request.
        await admin.getByLabel("Request token needed").click();
        await until(
            async () => (await house.call("GET", `/campaigns/${id}`)).require_token,
            "a token is needed",
        );

        await admin.getByRole("link", { name: "Overview" }).first().click();
        await admin.getByText("Low stock").waitFor();
        await admin.getByTestId("product-row").getByRole("button", { name: "Change stock of Chair" }).click();
        const dialog = admin.getByRole("dialog", { name: "Stock of Chair" });
        await dialog.getByLabel("Units", { exact: true }).fill("20");
        await dialog.getByText("Stock afterwards: 22").waitFor();
        await dialog.getByRole("button", { name: "Save" }).dblclick();
        await dialog.getByText("Saved: 22 in stock, 20 available.").waitFor();
        await dialog.getByRole("button", { name: "Close" }).click();
        await dialog.waitFor({ state: "detached" });
        const { products } = await house.call("GET", "/products");
        assert.equal(products[0].stock, 22, "it is counted once");
        await admin.getByRole("button", { name: "Sync all" }).click();
        await admin.getByText("1 campaign agrees with the ledger.").waitFor();
        await admin.getByRole("link", { name: "Problems" }).click();
        await admin.getByText("No dead letters").waitFor();
        await admin.getByText("No discrepancies").waitFor();
    },
);

test("who is no administrator sees no administration", { timeout: 60_000 }, async (t) => {
    const house = await House.open(t);
    const page = await house.page("/", { token: (await house.person("eve")).token });
    await page.getByRole("link", { name: "My bids" }).waitFor();
    assert.equal(await page.getByRole("link", { name: "Admin" }).count(), 0);
    await page.goto(`${house.base}/admin`);
    await page.getByText("There is nothing here").waitFor();
});

/** A moment that lies so many milliseconds ahead, as the page's field takes it. */
function local(page, ahead) {
    return page.evaluate((ahead) => {
        const at = new Date(Date.now() + ahead);
        const two = (value) => String(value).padStart(2, "0");
        const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
        return `${day}T${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
    }, ahead);
}
