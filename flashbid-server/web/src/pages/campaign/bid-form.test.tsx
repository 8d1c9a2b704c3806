import { cleanup, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { CampaignDetails, OwnRanking, Ranking } from "../../api/client";
import type { Live } from "../../lib/live";
import type { Phase } from "../../lib/phase";
import { logIn, logOut } from "../../lib/session";
import { answer, campaign, problem, serve, show } from "../../testing";
import { BidForm } from "./bid-form";

const price = () => screen.getByLabelText("Your price");
const button = (name: string) => screen.getByRole("button", { name });

beforeEach(() => logIn("a token"));
afterEach(() => {
    logOut();
    sessionStorage.clear();
    vi.unstubAllGlobals();
    vi.useRealTimers();
});

/** Answers what is bid with `reply`, and everything else of the page. */
function serveBids(reply: (bid: Request) => Response | Promise<Response>) {
    const bids: { key: string | null; token: string | null; body: unknown }[] = [];
    serve(async (request) => {
        const { pathname } = new URL(request.url);
        if (pathname.endsWith("/history")) return answer({ bids: [], total: 0 });
        if (pathname.endsWith("/tokens")) return answer({ token: `token ${bids.length}` });
        expect(pathname).toBe("/api/v1/bids");
        bids.push({
            key: request.headers.get("Idempotency-Key"),
            token: request.headers.get("X-Request-Token"),
            body: await request.clone().json(),
        });
        return reply(request);
    });
    return bids;
}

function showForm({
    sale = campaign(),
    toBeat = null,
    isKnown = true,
    own = null,
    phase = "active",
}: {
    sale?: CampaignDetails;
    /** The score of the last winning place. */
    toBeat?: number | null;
    isKnown?: boolean;
    own?: OwnRanking | null;
    phase?: Phase;
} = {}) {
    const ranking: Ranking = {
        campaign_id: sale.campaign_id,
        rankings: [],
        total_participants: 0,
        min_winning_score: toBeat,
        sequence: 1,
        updated_at: "2026-01-01T00:00:00.000Z",
    };
    const live: Live = {
        connection: "live",
        ranking: isKnown ? ranking : null,
        problem: null,
        units: null,
        ended: null,
    };
    show(<BidForm campaign={sale} live={live} own={own} me={null} phase={phase} />);
    return sale;
}

const place = (sale: CampaignDetails, rank: number): OwnRanking => ({
    campaign_id: sale.campaign_id,
    user_id: crypto.randomUUID(),
    rank,
    score: 700,
    is_winning: rank <= sale.quota,
    total_participants: 9,
});

test("two clicks at once place one bid", async () => {
    const bids = serveBids(async () => {
        await new Promise((done) => setTimeout(done, 20));
        return answer({ rank: 1, price: 700 });
    });
    const sale = showForm();
    await userEvent.type(price(), "700");
    const place = button("Place bid");
    place.click();
    place.click();
    await screen.findByText("Bid accepted: rank 1 at 700.00.");
    expect(bids).toHaveLength(1);
    expect(bids[0]!.body).toEqual({ campaign_id: sale.campaign_id, price: "700.00" });
    expect(bids[0]!.key).toMatch(/^[0-9a-f]{32}$/);
});

test("what is no price, or too low, is told and not sent", async () => {
    const bids = serveBids(() => answer({}));
    showForm();
    await userEvent.click(button("Place bid"));
    expect(screen.getByRole("alert").textContent).toContain("Enter a price such as 500");
    await userEvent.type(price(), "499.9999");
    await userEvent.click(button("Place bid"));
    expect(screen.getByRole("alert").textContent).toContain("at least 500.00");
    expect(bids).toHaveLength(0);
});

test("the price that would win now is the one that beats the last winning place, and can be taken", async () => {
    serveBids(() => answer({}));
    showForm({ toBeat: 612.5 });
    expect(screen.getByText(/612\.51 would win now/)).toBeTruthy();
    await userEvent.click(button("Use it"));
    expect((price() as HTMLInputElement).value).toBe("612.51");
});

test("while there are fewer bidders than units the least price wins", () => {
    serveBids(() => answer({}));
    showForm();
    expect(screen.getByText(/Fewer people bid than there are units: 500.00 would win now/)).toBeTruthy();
});

test("no price is said to win while nothing is known of the ranking, and before the sale begins", () => {
    serveBids(() => answer({}));
    showForm({ isKnown: false });
    showForm({ phase: "pending" });
    expect(screen.queryByText(/would win now/)).toBeNull();
    expect(screen.queryByRole("button", { name: "Use it" })).toBeNull();
});

test("who wins is told so and is not asked for more; who does not win is", () => {
    serveBids(() => answer({}));
    const sale = campaign();
    showForm({ sale, toBeat: 612, own: place(sale, 2) });
    expect(screen.getByTestId("own-rank").textContent).toContain("You are winning");
    expect(screen.queryByText(/would win now/)).toBeNull();
});

test("a bid below the reader's own is warned of, for only the latest counts", async () => {
    serveBids(() => answer({}));
    const sale = campaign();
    showForm({ sale, toBeat: 800, own: place(sale, 3) });
    expect(screen.getByTestId("own-rank").textContent).toContain("You are not winning");
    await userEvent.type(price(), "650");
    expect(screen.getByText(/would replace your better bid/)).toBeTruthy();
});

test("a refusal says in plain words what to do, and the next bid is another", async () => {
    const bids = serveBids(() => problem("PRICE_TOO_LOW", 400));
    showForm();
    await userEvent.type(price(), "700");
    await userEvent.click(button("Place bid"));
    await screen.findByText("The price is too low for this sale. Raise it and bid again.");
    await userEvent.click(button("Place bid"));
    await waitFor(() => expect(bids).toHaveLength(2));
    expect(bids[0]!.key).not.toBe(bids[1]!.key);
});

test("a sale that wants a token gets one, and the same bid keeps its own", async () => {
    const bids = serveBids(() =>
        bids.length < 2 ? problem("OVERLOADED", 503) : answer({ rank: 1, price: 700 }),
    );
    showForm({ sale: campaign({ require_token: true }) });
    await userEvent.type(price(), "700");
    await userEvent.click(button("Place bid"));
    await screen.findByText("Bid accepted: rank 1 at 700.00.");
    expect(bids.map((bid) => bid.token)).toEqual(["token 0", "token 0"]);
    expect(new Set(bids.map((bid) => bid.key)).size).toBe(1);
});

// Without it whoever loads the page again and bids once more has two bids.
test("a bid whose fate is not known is still that after the page is loaded again", async () => {
    let isAway = true;
    const bids = serveBids(() => (isAway ? problem("INTERNAL", 500) : answer({ rank: 1, price: 700 })));
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const user = userEvent.setup({ advanceTimers: vi.advanceTimersByTime });
    const sale = showForm();
    await user.type(price(), "700");
    await user.click(button("Place bid"));
    await vi.advanceTimersByTimeAsync(20_000);
    await screen.findByText(/it will not be placed twice/);
    cleanup();

    isAway = false;
    showForm({ sale });
    expect(screen.getByText(/it will not be placed twice/)).toBeTruthy();
    expect((price() as HTMLInputElement).value).toBe("700.00");
    await user.click(button("Ask again"));
    await screen.findByText("Bid accepted: rank 1 at 700.00.");
    expect(new Set(bids.map((bid) => bid.key)).size).toBe(1);
    cleanup();

    showForm({ sale });
    expect(button("Place bid")).toBeTruthy();
});

test("a bid whose fate is not known is not the next reader's", async () => {
    serveBids(() => new Promise(() => undefined));
    const sale = showForm();
    await userEvent.type(price(), "700");
    await userEvent.click(button("Place bid"));
    await screen.findByRole("button", { name: "Placing…" });
    cleanup();
    logIn("the token of another");
    showForm({ sale });
    expect(screen.queryByText(/it will not be placed twice/)).toBeNull();
});

test("who is not logged in is shown the way in, with the way back", () => {
    logOut();
    serveBids(() => answer({}));
    const sale = showForm();
    const link = screen.getByRole("link", { name: "Log in to bid" });
    expect(link.getAttribute("href")).toBe(`/login?next=/campaigns/${sale.campaign_id}`);
    expect(screen.queryByRole("button", { name: "Place bid" })).toBeNull();
});
