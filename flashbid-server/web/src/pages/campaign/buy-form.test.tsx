import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { CampaignDetails, Order, UnitsLeft } from "../../api/client";
import { cart } from "../../lib/cart";
import { logIn, logOut } from "../../lib/session";
import { answer, campaign, order, problem, serve, show } from "../../testing";
import { BuyForm } from "./buy-form";

const quantity = () => screen.getByLabelText("Quantity") as HTMLInputElement;
const buy = (name: RegExp = /^Buy for/) => screen.getByRole("button", { name }) as HTMLButtonElement;
const sale = (changes: Partial<CampaignDetails> = {}) =>
    campaign({ format: "first_come", price: 20, ...changes });

beforeEach(() => logIn("a token"));
afterEach(() => {
    logOut();
    cart.write([]);
    sessionStorage.clear();
    vi.unstubAllGlobals();
    vi.useRealTimers();
});

/** A shop whose purchases are answered by `reply`, and whose one order is there once it is bought. */
function shop(reply: () => Response | Promise<Response>, bought: Order = order()) {
    const purchases: { key: string | null; body: unknown }[] = [];
    serve(async (request) => {
        const { pathname } = new URL(request.url);
        if (pathname === "/api/v1/orders")
            return answer({ orders: purchases.length ? [bought] : [], total: 1 });
        if (pathname === "/api/v1/purchases/a-hold")
            return answer({ hold_id: "a-hold", status: "ordered", order_id: bought.order_id });
        expect(pathname).toBe("/api/v1/purchases");
        purchases.push({ key: request.headers.get("Idempotency-Key"), body: await request.clone().json() });
        return reply();
    });
    return purchases;
}

const left = (available: number): UnitsLeft => ({ available, held: 2 - available, sold: 0 });

test("two clicks at once buy once, and the order to be paid shows up", async () => {
    const on = sale({ per_buyer_limit: 3 });
    const purchases = shop(
        () => answer({ hold_id: "a-hold", status: "held" }, 202),
        order({ campaign_id: on.campaign_id, quantity: 2, final_price: 40 }),
    );
    show(<BuyForm campaign={on} units={left(2)} phase="active" />);
    await userEvent.clear(quantity());
    await userEvent.type(quantity(), "2");
    const button = buy();
    expect(button.textContent).toBe("Buy for 40.00");
    button.click();
    button.click();
    await screen.findByRole("button", { name: "Pay 40.00" });
    expect(purchases).toHaveLength(1);
    expect(purchases[0]!.body).toEqual({ campaign_id: on.campaign_id, quantity: 2 });
});

test("what is no quantity, or more than one buyer may have, cannot be bought", async () => {
    const purchases = shop(() => answer({}));
    show(<BuyForm campaign={sale({ per_buyer_limit: 3 })} units={left(2)} phase="active" />);
    for (const [text, words] of [
        ["4", "at most 3"],
        ["0", "whole number from 1"],
        ["1.5", "whole number from 1"],
    ] as const) {
        await userEvent.clear(quantity());
        await userEvent.type(quantity(), text);
        expect(screen.getByRole("alert").textContent).toContain(words);
        expect(buy().disabled).toBe(true);
    }
    expect(purchases).toHaveLength(0);
});

test("sold out is said, with the hope that there is, and nothing can be bought", () => {
    shop(() => answer({}));
    show(<BuyForm campaign={sale()} units={left(0)} phase="active" />);
    expect(screen.getByText("Sold out for the moment")).toBeTruthy();
    expect(screen.getByText(/Unpaid units come back/)).toBeTruthy();
    expect(buy(/Sold out/).disabled).toBe(true);
});

// The units may be this buyer's own: sold out or not, what became of them can be asked.
test("a purchase whose answer was lost is asked for again as it was", async () => {
    let isAway = true;
    const on = sale();
    const purchases = shop(
        () => (isAway ? problem("INTERNAL", 500) : answer({ hold_id: "a-hold", status: "held" }, 202)),
        order({ campaign_id: on.campaign_id }),
    );
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const user = userEvent.setup({ advanceTimers: vi.advanceTimersByTime });
    const form = show(<BuyForm campaign={on} units={left(1)} phase="active" />);
    await user.click(buy());
    await vi.advanceTimersByTimeAsync(20_000);
    await screen.findByText(/you will not buy twice/);
    expect(quantity().disabled).toBe(true);
    isAway = false;
    form.again(<BuyForm campaign={on} units={left(0)} phase="active" />);
    await user.click(buy(/^Ask again$/));
    await screen.findByRole("button", { name: "Pay 700.00" });
    expect(new Set(purchases.map(({ key }) => key)).size).toBe(1);
});

test("what is put in the cart is there with its quantity", async () => {
    shop(() => answer({}));
    const on = sale();
    show(<BuyForm campaign={on} units={left(2)} phase="active" />);
    await userEvent.click(screen.getByRole("button", { name: "Add to cart" }));
    expect(cart.read()).toEqual([{ campaign: on.campaign_id, quantity: 1 }]);
    expect(screen.getByRole("link", { name: /In your cart/ }).getAttribute("href")).toBe("/cart");
});
