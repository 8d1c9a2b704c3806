import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";

import { answer, product, serve, show } from "../../testing";
import { RestockDialog } from "./restock";

afterEach(() => {
    sessionStorage.clear();
    vi.unstubAllGlobals();
    vi.useRealTimers();
});

const units = () => screen.getByLabelText("Units");
const save = () => screen.getByRole("button", { name: "Save" });
const keyOf = (request: Request) => request.headers.get("Idempotency-Key");

test("units that arrived are added once, however fast the button is clicked", async () => {
    const shown = product();
    const sent: Request[] = [];
    const bodies: unknown[] = [];
    serve(async (request) => {
        sent.push(request);
        bodies.push(await request.clone().json());
        await new Promise((done) => setTimeout(done, 20));
        return answer({ ...shown, stock: 15, available: 9 });
    });
    show(<RestockDialog product={shown} onClose={() => undefined} />);
    await userEvent.type(units(), "5");
    expect(screen.getByText("Stock afterwards: 15")).toBeTruthy();
    const button = save();
    button.click();
    button.click();
    await screen.findByText("Saved: 15 in stock, 9 available.");
    expect(sent).toHaveLength(1);
    expect(sent[0]!.method).toBe("PATCH");
    expect(new URL(sent[0]!.url).pathname).toBe(`/api/v1/products/${shown.product_id}`);
    expect(bodies).toEqual([{ add_stock: 5 }]);
    expect(keyOf(sent[0]!)).toMatch(/^[0-9a-f]{32}$/);
});

test("a refusal is told in plain words, and what is sent next is another request", async () => {
    const shown = product();
    const keys: (string | null)[] = [];
    const bodies: unknown[] = [];
    serve(async (request) => {
        keys.push(keyOf(request));
        bodies.push(await request.clone().json());
        return answer(
            {
                code: "STOCK_PROMISED",
                detail: "6 units are promised.",
                status: 409,
                title: "Conflict",
                type: "about:blank",
            },
            409,
        );
    });
    show(<RestockDialog product={shown} onClose={() => undefined} />);
    await userEvent.click(screen.getByLabelText("Units are gone"));
    await userEvent.type(units(), "8");
    await userEvent.click(save());
    await screen.findByText(/Campaigns and orders have these units already/);
    await userEvent.click(screen.getByLabelText("Set the stock to"));
    await userEvent.click(save());
    await waitFor(() => expect(keys).toHaveLength(2));
    expect(bodies).toEqual([{ remove_stock: 8 }, { stock: 8 }]);
    expect(keys[0]).not.toBe(keys[1]);
});

test("a change whose answer was lost is asked for under the same key, also after the dialog was closed", async () => {
    const shown = product();
    const keys: (string | null)[] = [];
    let isAway = true;
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const user = userEvent.setup({ advanceTimers: vi.advanceTimersByTime });
    serve((request) => {
        keys.push(keyOf(request));
        if (isAway) throw new TypeError("Failed to fetch");
        return answer({ ...shown, stock: 13, available: 7 });
    });
    const first = show(<RestockDialog product={shown} onClose={() => undefined} />);
    await user.type(units(), "3");
    await user.click(save());
    await vi.advanceTimersByTimeAsync(20_000);
    await screen.findByText(/it counts once, however often you ask/);
    first.unmount();

    isAway = false;
    show(<RestockDialog product={shown} onClose={() => undefined} />);
    expect((units() as HTMLInputElement).value).toBe("3");
    expect((units() as HTMLInputElement).disabled).toBe(true);
    await user.click(screen.getByRole("button", { name: "Ask again" }));
    await screen.findByText("Saved: 13 in stock, 7 available.");
    expect(keys.length).toBeGreaterThan(1);
    expect(new Set(keys).size).toBe(1);
    expect((units() as HTMLInputElement).disabled).toBe(false);
});

test("what is no number of units is not sent", async () => {
    const served = serve(() => answer({}));
    show(<RestockDialog product={product()} onClose={() => undefined} />);
    for (const text of ["0", "1.5", "many", "1000000001"]) {
        await userEvent.clear(units());
        await userEvent.type(units(), text);
        await userEvent.click(save());
        expect(screen.getByRole("alert").textContent).toContain("whole number");
    }
    expect(served).not.toHaveBeenCalled();
});
