import { fireEvent, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";

import { answer, product, serve, show } from "../../testing";
import { CampaignForm } from "./page";

afterEach(() => vi.unstubAllGlobals());

const fill = (label: string, value: string) =>
    fireEvent.change(screen.getByLabelText(label), { target: { value } });
const shownScore = () => screen.getByTestId("preview-score").textContent;
const kinds = () => screen.queryAllByTestId("warning").map((warning) => warning.dataset.kind);

test("the preview is the exact score of the bid, and of what it is made", () => {
    const shown = product({ min_price: 500 });
    show(<CampaignForm products={[shown]} chosen={shown.product_id} />);
    // 1 · 500 + 1000 / 60001 + 100 · 1
    expect(shownScore()).toBe("600.0166");
    fill("Price bid", "123.45");
    fill("Seconds after the start", "0.999");
    fill("Member weight", "0.50");
    // 123.45 + 1000 / 1000 + 50
    expect(shownScore()).toBe("174.45");
    expect(
        screen.getByRole("img", {
            name: "Parts of the score: price 123.45, being early 1.00, membership 50.00",
        }),
    ).toBeTruthy();
    fill("α: price", "2");
    expect(shownScore()).toBe("297.90");
    fill("α: price", "two");
    expect(screen.getByText(/to see a score/)).toBeTruthy();
});

test("terms that make the price meaningless are told while they are typed", () => {
    const shown = product({ min_price: 500, available: 4 });
    show(<CampaignForm products={[shown]} chosen={shown.product_id} />);
    expect(kinds()).toEqual(["earlyOutweighsInstant"]);
    fill("β: being early", "0");
    expect(kinds()).toEqual([]);
    fill("γ: membership", "112");
    expect(kinds()).toEqual(["memberOutweighs"]);
    fill("α: price", "0");
    expect(kinds()).toEqual(["priceIgnored"]);
    fill("Units to sell", "5");
    expect(kinds()).toEqual(["quotaAboveAvailable", "priceIgnored"]);
    fireEvent.click(screen.getByRole("radio", { name: "First come" }));
    fill("Price of a unit", "499.99");
    fill("Units to sell", "2");
    fill("Units each buyer may have", "3");
    expect(kinds()).toEqual(["belowReserve", "limitAboveQuota"]);
});

test("a form with mistakes is not sent, and the first of them gets the focus", async () => {
    const served = serve(() => answer({}));
    show(<CampaignForm products={[product()]} chosen="" />);
    fill("Minutes to pay", "soon");
    await userEvent.click(screen.getByRole("button", { name: "Create campaign" }));
    expect(screen.getByText("Choose a product.")).toBeTruthy();
    expect(document.activeElement).toBe(screen.getByLabelText("Product"));
    expect(served).not.toHaveBeenCalled();
});

test("a campaign is made once, however fast the button is clicked", async () => {
    const shown = product();
    const bodies: unknown[] = [];
    const served = serve(async (request) => {
        bodies.push(await request.clone().json());
        await new Promise((done) => setTimeout(done, 20));
        return answer({ code: "QUOTA_BEYOND_STOCK", detail: "Too many." }, 409);
    });
    show(<CampaignForm products={[shown]} chosen={shown.product_id} />);
    await userEvent.click(screen.getByRole("button", { name: "5 min" }));
    const button = screen.getByRole("button", { name: "Create campaign" });
    button.click();
    button.click();
    await screen.findByText(/has not that many available units/);
    expect(served).toHaveBeenCalledTimes(1);
    const body = bodies[0] as { start_time: string; end_time: string };
    expect(Date.parse(body.end_time) - Date.parse(body.start_time)).toBe(300_000);
});
