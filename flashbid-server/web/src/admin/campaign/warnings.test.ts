import { describe, expect, test } from "vitest";

import { parseUnits } from "../../lib/decimal";
import { warnings, type Terms } from "./warnings";

const units = (text: string) => parseUnits(text)!;

function ranked(alpha: string, beta: string, gamma: string, reserve: string): Terms {
    const weights = { alpha: units(alpha), beta: units(beta), gamma: units(gamma) };
    return { weights, price: null, limit: null, quota: 5, reserve: units(reserve), available: 10 };
}
function firstCome(price: string, limit: number | null, quota: number | null): Terms {
    return { weights: null, price: units(price), limit, quota, reserve: units("20"), available: 10 };
}
const kinds = (terms: Terms) => warnings(terms).map(({ kind }) => kind);

describe("of a ranked campaign", () => {
    test("terms by which the price decides raise no doubt", () => {
        expect(kinds(ranked("1", "100", "10", "100"))).toEqual([]);
    });

    test("without alpha the price is ignored, and there is nothing to compare with", () => {
        expect(kinds(ranked("0", "100000", "100000", "100"))).toEqual(["priceIgnored"]);
    });

    test("membership outweighs the price from the first ten-thousandth on", () => {
        // 100 · 4.5 = 450
        expect(kinds(ranked("1", "0", "100", "450"))).toEqual([]);
        expect(warnings(ranked("1", "0", "100", "449.9999"))).toEqual([
            { kind: "memberOutweighs", points: units("450"), price: units("449.9999") },
        ]);
        expect(kinds(ranked("0.0001", "0", "0.0001", "4.5"))).toEqual([]);
        expect(kinds(ranked("0.0001", "0", "0.0001", "4.4999"))).toEqual(["memberOutweighs"]);
    });

    test("being early may outweigh the price for a moment or for more than a second", () => {
        expect(kinds(ranked("1", "500", "0", "500"))).toEqual([]);
        expect(warnings(ranked("1", "500.0001", "0", "500"))).toEqual([
            { kind: "earlyOutweighsInstant", points: units("500.0001"), price: units("500"), ms: 1n },
        ]);
        // 501 ms bring 1001 / 501 < 2, and the 500 before bring 2 or more.
        expect(warnings(ranked("1", "1001", "0", "2"))).toEqual([
            { kind: "earlyOutweighsInstant", points: units("1001"), price: units("2"), ms: 500n },
        ]);
        expect(kinds(ranked("1", "1001", "0", "1"))).toEqual(["earlyOutweighsInstant"]);
        expect(warnings(ranked("1", "1001.0001", "0", "1"))).toEqual([
            { kind: "earlyOutweighsSecond", points: units("1"), price: units("1") },
        ]);
    });

    test("of the two about being early the stronger is told, beside that of membership", () => {
        expect(kinds(ranked("1", "1000000", "1000", "500"))).toEqual([
            "memberOutweighs",
            "earlyOutweighsSecond",
        ]);
    });
});

describe("of a first-come campaign", () => {
    test("a price from the reserve price on raises no doubt, and one below does", () => {
        expect(kinds(firstCome("20", null, null))).toEqual([]);
        expect(kinds(firstCome("19.9999", null, null))).toEqual(["belowReserve"]);
    });

    test("a limit above the quota limits nobody; without a quota all available units are sold", () => {
        expect(kinds(firstCome("20", 5, 5))).toEqual([]);
        expect(kinds(firstCome("20", 6, 5))).toEqual(["limitAboveQuota"]);
        expect(warnings(firstCome("20", 11, null))).toEqual([
            { kind: "limitAboveQuota", limit: 11, quota: 10 },
        ]);
    });
});

test("more than is available cannot be sold, and nothing when nothing is", () => {
    expect(kinds({ ...firstCome("20", null, 10) })).toEqual([]);
    expect(kinds({ ...firstCome("20", null, 11) })).toEqual(["quotaAboveAvailable"]);
    expect(kinds({ ...firstCome("20", null, 11), available: 0 })).toEqual(["nothingAvailable"]);
});
