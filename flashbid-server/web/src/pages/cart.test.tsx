import { cleanup, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { cart, putInCart } from "../lib/cart";
import { logIn, logOut } from "../lib/session";
import { answer, campaign, order, problem, product, serve, show } from "../testing";
import { CartPage } from "./cart";

beforeEach(() => logIn("a token"));
afterEach(() => {
    logOut();
    cart.write([]);
    sessionStorage.clear();
    vi.unstubAllGlobals();
    vi.useRealTimers();
});

const on = (name: string, price: number) =>
    campaign({ format: "first_come", price, quota: 9, product: product({ name }) });
const lamp = on("Lamp", 20);
const chair = on("Chair", 35);

/** A shop that answers checkouts with `reply`. */
function shop(reply: () => Response) {
    const checkouts: { key: string | null; body: unknown }[] = [];
    serve(async (request) => {
        const { pathname } = new URL(request.url);
        const found = [lamp, chair].find((each) => pathname.endsWith(each.campaign_id));
        if (found) return answer(found);
        if (pathname.startsWith("/api/v1/orders/")) return problem("UNKNOWN_ORDER", 404);
        expect(pathname).toBe("/api/v1/carts");
        checkouts.push({ key: request.headers.get("Idempotency-Key"), body: await request.clone().json() });
        return reply();
    });
    return checkouts;
}

test("what is in the cart is bought at once, and the cart is empty afterwards", async () => {
    putInCart(lamp.campaign_id, 2);
    putInCart(chair.campaign_id, 1);
    const checkouts = shop(() =>
        answer({ orders: [lamp, chair].map((each) => order({ campaign_id: each.campaign_id })) }),
    );
    show(<CartPage />);
    const buy = await screen.findByRole("button", { name: "Buy all for 75.00" });
    buy.click();
    buy.click();
    await screen.findByText(/All yours/);
    expect(checkouts.map(({ body }) => body)).toEqual([
        {
            items: [
                { campaign_id: lamp.campaign_id, quantity: 2 },
                { campaign_id: chair.campaign_id, quantity: 1 },
            ],
        },
    ]);
    expect(cart.read()).toEqual([]);
});

test("a refusal leaves the cart as it is and says why", async () => {
    putInCart(lamp.campaign_id, 1);
    shop(() => problem("SOLD_OUT", 409));
    show(<CartPage />);
    await userEvent.click(await screen.findByRole("button", { name: "Buy all for 20.00" }));
    await screen.findByText(/Sold out for the moment/);
    expect(cart.read()).toHaveLength(1);
});

test("a checkout of unknown fate is asked for as it was, and what is added meanwhile stays", async () => {
    let isAway = true;
    putInCart(lamp.campaign_id, 1);
    const checkouts = shop(() =>
        isAway
            ? problem("INTERNAL", 500)
            : answer({ orders: [order({ campaign_id: lamp.campaign_id, status: "paid" })] }),
    );
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const user = userEvent.setup({ advanceTimers: vi.advanceTimersByTime });
    show(<CartPage />);
    await user.click(await screen.findByRole("button", { name: "Buy all for 20.00" }));
    await vi.advanceTimersByTimeAsync(20_000);
    await screen.findByText(/you will not buy twice/);
    cleanup();

    putInCart(chair.campaign_id, 1);
    isAway = false;
    show(<CartPage />);
    await screen.findByText("Lamp");
    expect(screen.queryByText("Chair")).toBeNull();
    await user.click(screen.getByRole("button", { name: "Ask again" }));
    await screen.findByText(/All yours/);
    expect(new Set(checkouts.map(({ key }) => key)).size).toBe(1);
    expect(cart.read()).toEqual([{ campaign: chair.campaign_id, quantity: 1 }]);
});
