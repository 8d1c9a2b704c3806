import { expect, test } from "vitest";

import { parseUnits, unitsText } from "./decimal";
import { parts, priceToBeat, score, type Weights } from "./score";

const units = (text: string) => parseUnits(text)!;
const weights = (alpha: string, beta: string, gamma: string): Weights => ({
    alpha: units(alpha),
    beta: units(beta),
    gamma: units(gamma),
});

test.each([
    ["500", 0, "1", 16_000_000n],
    ["500", 1, "1", 11_000_000n],
    ["500", 9, "1", 7_000_000n],
    ["500", 999, "1", 6_010_000n],
])(
    "a bid of %s after %i ms by a member of weight %s scores as on the server",
    (price, elapsed, weight, expected) => {
        expect(score(weights("1", "1000", "100"), units(price), elapsed, units(weight))).toBe(expected);
    },
);

test("halves are rounded to the even ten-thousandth", () => {
    const half = weights("0.5", "0", "0");
    expect(score(half, units("0.0001"), 0, 0n)).toBe(0n);
    expect(score(half, units("0.0003"), 0, 0n)).toBe(2n);
});

test("the parts of a score add up to it", () => {
    const terms = weights("1.2345", "1000", "77.7");
    const { price, early, member } = parts(terms, units("123.4567"), 41, units("2.16"));
    expect(price + early + member).toBe(score(terms, units("123.4567"), 41, units("2.16")));
});

test("the price to beat is the lowest that does", () => {
    for (const [alpha, toBeat, least] of [
        ["1", "163.2923", "100"],
        ["0.0001", "5", "1"],
        ["3.3333", "999.9999", "0.01"],
        ["1", "0", "10.505"],
    ] as const) {
        const terms = weights(alpha, "1000", "20");
        const price = priceToBeat(terms, units(toBeat), units(least), 5_000, units("1.5"))!;
        expect(score(terms, price, 5_000, units("1.5"))).toBeGreaterThan(units(toBeat));
        expect(price).toBeGreaterThanOrEqual(units(least));
        const below = price - 100n;
        const isLeast = below < units(least);
        expect(isLeast || score(terms, below, 5_000, units("1.5")) <= units(toBeat), unitsText(price)).toBe(
            true,
        );
    }
});

test("where the price does not count, none can beat a better score", () => {
    expect(priceToBeat(weights("0", "0", "0"), 1n, units("1"), 0, units("1"))).toBeNull();
});

test("only decimals of at most four places are prices", () => {
    for (const [text, expected] of [
        ["12.3", 123_000n],
        [" 7 ", 70_000n],
        ["0.0001", 1n],
        ["1.", 10_000n],
        ["", null],
        ["-1", null],
        ["1,5", null],
        ["1e3", null],
        ["0.00001", null],
    ] as const) {
        expect(parseUnits(text), text).toBe(expected);
    }
    expect(unitsText(123_400n)).toBe("12.34");
    expect(unitsText(123_456n)).toBe("12.3456");
});
