import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { Order } from "../api/client";
import { logIn, logOut } from "../lib/session";
import { answer, order, problem, serve, show } from "../testing";
import { OrderCard } from "./order-card";

beforeEach(() => logIn("a token"));
afterEach(() => {
    logOut();
    vi.unstubAllGlobals();
});

function shop(reply: (path: string) => Response) {
    const asked: string[] = [];
    serve((request) => {
        const { pathname } = new URL(request.url);
        asked.push(pathname);
        return reply(pathname);
    });
    return asked;
}

const click = (name: RegExp) => userEvent.click(screen.getByRole("button", { name }));

test("paying asks for it once more where the answer was lost", async () => {
    const due = order();
    const asked = shop(() =>
        asked.length < 2 ? problem("INTERNAL", 500) : answer({ ...due, status: "paid" }),
    );
    show(<OrderCard order={due} isWithin />);
    await click(/^Pay 700.00$/);
    await waitFor(() => expect(asked).toHaveLength(2));
    expect(new Set(asked)).toEqual(new Set([`/api/v1/orders/${due.order_id}/pay`]));
    expect(screen.queryByRole("alert")).toBeNull();
});

test("giving an order up is asked about first", async () => {
    const due = order();
    const asked = shop(() => answer({ ...due, status: "cancelled" }));
    show(<OrderCard order={due} isWithin />);
    await click(/^Cancel$/);
    await click(/^Keep it$/);
    expect(asked).toHaveLength(0);
    await click(/^Cancel$/);
    const dialog = screen.getByRole("dialog");
    expect(dialog.textContent).toContain("Your unit goes back");
    await userEvent.click(dialog.querySelector("button")!);
    await waitFor(() => expect(asked).toEqual([`/api/v1/orders/${due.order_id}/cancel`]));
});

test("a declined payment says what to do", async () => {
    shop(() => problem("PAYMENT_DECLINED", 402));
    show(<OrderCard order={order()} isWithin />);
    await click(/^Pay 700.00$/);
    await screen.findByText("The payment was declined. Use another means of payment.");
});

test.each<[Order["status"], string]>([
    ["paid", "Paid"],
    ["cancelled", "Cancelled"],
    ["expired", "Not paid in time"],
    ["refund_due", "Paid too late: will be refunded"],
])("nothing is to be done about an order that is %s", (status, words) => {
    shop(() => answer({}));
    show(<OrderCard order={order({ status })} isWithin />);
    expect(screen.getByText(words)).toBeTruthy();
    expect(screen.queryByRole("button")).toBeNull();
});

test("the deadline is counted down to, and said when it is over", () => {
    shop(() => answer({}));
    show(<OrderCard order={order({ pay_by: new Date(Date.now() - 1_000).toISOString() })} isWithin />);
    expect(screen.getByTestId("pay-by").textContent).toBe("The time to pay is over");
});
