import { screen, within } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import type { CampaignDetails } from "../api/client";
import { answer, campaign, problem, product, serve, show } from "../testing";
import { HomePage } from "./home";

afterEach(() => vi.unstubAllGlobals());

const named = (name: string, changes: Partial<CampaignDetails>) =>
    campaign({ product: product({ name }), ...changes });

const running = named("Lamp", {});
const coming = named("Chair", {
    status: "pending",
    start_time: new Date(Date.now() + 60_000).toISOString(),
});
const leader = { rank: 1, user_id: "ada", username: "Ada", price: 612.5, score: 700 };
const over = named("Stool", { status: "ended", settled: true });

/** A shop with one sale of each kind; the newest of its list are as given. */
function shop(newest: CampaignDetails[], isThere = () => true) {
    serve((request) => {
        const { pathname, searchParams } = new URL(request.url);
        if (!isThere()) return problem("STORE_UNAVAILABLE", 503);
        if (pathname.startsWith("/api/v1/rankings/"))
            return answer({ rankings: [leader], total_participants: 9 });
        const one = [running, coming, over].find((each) => pathname.endsWith(each.campaign_id));
        if (one) return answer(one);
        if (pathname === "/api/v1/site") return answer({ now: new Date().toISOString(), picture_hosts: [] });
        const listed = searchParams.get("running") === "true" ? [running] : newest;
        return answer({ campaigns: listed, total: listed.length });
    });
}

const links = (region: string) =>
    within(screen.getByRole("region", { name: region }))
        .getAllByRole("link")
        .map((link) => link.textContent);

test("each sale is where it belongs, once", async () => {
    shop([over, coming, running]);
    show(<HomePage />);
    await screen.findByText("Lamp");
    expect(links("Running now")).toEqual(["Lamp"]);
    expect(links("Coming up")).toEqual(["Chair"]);
    expect(links("Over")).toEqual(["Stool"]);
});

test("a card of a running sale says who leads it", async () => {
    shop([over, coming, running]);
    show(<HomePage />);
    const leaders = await screen.findByRole("list", { name: "Leading now" });
    expect(leaders.textContent).toBe("1Ada612.50");
});

test("what runs is shown however much was announced after it", async () => {
    shop([coming]);
    show(<HomePage />);
    await screen.findByText("Lamp");
    expect(links("Running now")).toEqual(["Lamp"]);
});

test("a shop that cannot be asked says so, and asks again when it is told to", async () => {
    let isThere = false;
    shop([running], () => isThere);
    show(<HomePage />);
    const retry = await screen.findByRole("button", { name: "Try again" });
    isThere = true;
    retry.click();
    await screen.findByText("Lamp");
});
