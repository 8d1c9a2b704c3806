import { screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { CampaignDetails, Order } from "../../api/client";
import type { CampaignEnded } from "../../lib/feed";
import { logIn, logOut } from "../../lib/session";
import { answer, campaign, order, serve, show } from "../../testing";
import { Result } from "./result";

beforeEach(() => logIn("a token"));
afterEach(() => {
    logOut();
    vi.unstubAllGlobals();
});

const over = (changes: Partial<CampaignDetails> = {}) =>
    campaign({ status: "ended", settled: true, quota: 3, ...changes });
const end = (rank: number): CampaignEnded => ({
    is_winner: rank <= 3,
    final_rank: rank,
    final_score: 700,
    final_price: 700,
});

function showResult(sale: CampaignDetails, ended: CampaignEnded | null, orders: Partial<Order>[] = []) {
    const own = orders.map((each) => order({ campaign_id: sale.campaign_id, ...each }));
    serve(() => answer({ orders: [order({ status: "paid" }), ...own], total: own.length + 1 }));
    show(<Result campaign={sale} own={null} ended={ended} wasWatched={false} me="me" />);
}

// The feed tells at the end who won; what became of it since, only the order knows.
test.each<[string, number | null, Partial<Order>, RegExp]>([
    ["is to pay", 2, { final_rank: 2 }, /Rank 2 with 700.00. Your order is waiting to be paid/],
    ["has paid", 2, { final_rank: 2, status: "paid" }, /Rank 2 with 700.00, and paid/],
    ["did not pay", 2, { final_rank: 2, status: "expired" }, /the unit went to others/],
    ["gave it up", 2, { final_rank: 2, status: "cancelled" }, /Your order is cancelled/],
    ["paid too late", 2, { final_rank: 2, status: "refund_due" }, /will be refunded/],
    ["follows another", 4, { final_rank: 4 }, /A winner did not pay, and you are next at rank 4/],
    ["followed and paid", 4, { final_rank: 4, status: "paid" }, /Rank 4 with 700.00, and paid/],
])("a bidder who %s is told so", async (_, rank, made, words) => {
    showResult(over(), rank === null ? null : end(rank), [made]);
    await screen.findByText(words);
});

test("who did not win is told the rank, and may hope where the next are offered what is not paid", async () => {
    showResult(over({ runners_up: { places: 2, payment_deadline: 60 } }), end(5));
    await screen.findByText("You came in at rank 5; 3 won. Nothing is charged.");
    expect(screen.getByText(/may still be offered to you/)).toBeTruthy();
});

test("beyond the places that are offered there is nothing to hope for", async () => {
    showResult(over({ runners_up: { places: 2, payment_deadline: 60 } }), end(6));
    await screen.findByText(/You came in at rank 6/);
    expect(screen.queryByText(/may still be offered to you/)).toBeNull();
});

test.each<[Order["status"][], string]>([
    [["cancelled"], "You gave it up"],
    [["cancelled", "paid"], "You got yours"],
    [["expired", "pending_payment"], "You got yours"],
])("a buyer with orders that are %s is told what counts", async (statuses, words) => {
    const sale = over({ format: "first_come", price: 700 });
    showResult(
        sale,
        null,
        statuses.map((status) => ({ status })),
    );
    await screen.findByText(words);
});

test("who took no part is told no more than that, once it is known", async () => {
    showResult(over(), null);
    expect(screen.queryByText("You did not take part in it.")).toBeNull();
    await screen.findByText("You did not take part in it.");
});

// Without a feed nobody tells the end: the order is asked for, and was not there yet when the sale ended.
test("who is in a winning place is told of no loss before the order is there", async () => {
    const sale = over();
    const own = {
        campaign_id: sale.campaign_id,
        user_id: "me",
        rank: 1,
        score: 700,
        is_winning: true,
        total_participants: 9,
    };
    serve(() => answer({ orders: [], total: 0 }));
    const shown = show(<Result campaign={sale} own={own} ended={null} wasWatched me="me" />);
    await new Promise((done) => setTimeout(done, 100));
    expect(screen.getByText("Counting the result…")).toBeTruthy();
    shown.again(
        <Result
            campaign={sale}
            own={{ ...own, rank: 4, is_winning: false }}
            ended={null}
            wasWatched
            me="me"
        />,
    );
    await screen.findByText("You came in at rank 4; 3 won. Nothing is charged.");
});
