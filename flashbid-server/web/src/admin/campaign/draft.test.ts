import { expect, test } from "vitest";

import { DAY, FRESH, MINUTE, readDraft } from "./draft";
import { fromLocal, toLocal } from "./times";

const NOW = Date.parse("2026-05-01T12:00:00.250Z");
const PRODUCT = { ...FRESH, product: "p" };

test("as it is offered, a campaign starts when it is made and lasts as long as was chosen", () => {
    const { body } = readDraft({ ...PRODUCT, lasts: 5 * MINUTE }, NOW);
    expect(body).toMatchObject({
        product_id: "p",
        format: "ranked",
        start_time: "2026-05-01T12:00:00.250Z",
        end_time: "2026-05-01T12:05:00.250Z",
        quota: null,
        payment_deadline: 900,
        alpha: "1.00",
        beta: "1000.00",
        gamma: "100.00",
        runners_up: null,
    });
    expect(body).not.toHaveProperty("price");
});

test("times are those of the device's time zone", () => {
    const start = toLocal(NOW + DAY);
    expect(fromLocal(start)).toBe(Math.floor((NOW + DAY) / 1_000) * 1_000);
    const { body } = readDraft({ ...PRODUCT, start, lasts: null, end: toLocal(NOW + 2 * DAY) }, NOW);
    expect(body?.start_time).toBe("2026-05-02T12:00:00.000Z");
    expect(body?.end_time).toBe("2026-05-03T12:00:00.000Z");
    expect(fromLocal("")).toBeNull();
    expect(fromLocal("2026-13-01T00:00")).toBeNull();
});

test("an end before the start, in the past or missing is told", () => {
    const end = (text: string) => readDraft({ ...PRODUCT, lasts: null, end: text }, NOW).wrong?.end;
    expect(end("")).toBe("time");
    expect(end(toLocal(NOW - DAY))).toBe("order");
    const past = { ...PRODUCT, start: toLocal(NOW - 2 * DAY), lasts: DAY };
    expect(readDraft(past, NOW).wrong).toEqual({ end: "past" });
    expect(readDraft({ ...PRODUCT, start: "" }, NOW).wrong).toEqual({ start: "time" });
});

test("only the fields of the chosen format are looked at", () => {
    const wrong = {
        ...PRODUCT,
        alpha: "-1",
        price: "0",
        limit: "none",
        runnersUp: true,
        places: "0",
        offerMinutes: "",
    };
    expect(readDraft(wrong, NOW).wrong).toEqual({
        alpha: "factor",
        places: "places",
        offerMinutes: "minutes",
    });
    expect(readDraft({ ...wrong, format: "first_come" }, NOW).wrong).toEqual({
        price: "price",
        limit: "units",
    });
});

test("a first-come campaign has a price, exact, and no runners-up", () => {
    const draft = {
        ...PRODUCT,
        format: "first_come" as const,
        price: "19.9",
        limit: "2",
        quota: "10",
        runnersUp: true,
    };
    const { body } = readDraft({ ...draft, payMinutes: "0.5" }, NOW);
    expect(body).toMatchObject({ price: "19.90", per_buyer_limit: 2, quota: 10, payment_deadline: 30 });
    expect(body).not.toHaveProperty("runners_up");
});
