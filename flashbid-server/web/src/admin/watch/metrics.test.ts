import { describe, expect, test } from "vitest";

import { increase, parseMetrics, quantile, select, total, type Figure } from "./metrics";
import { sampleOf } from "./samples";

const TEXT = `# HELP flashbid_bids Well-formed bids.
# TYPE flashbid_bids counter
flashbid_bids_total{outcome="accepted"} 293
flashbid_bids_total{outcome="price_too_low"} 7
flashbid_relay_lag_seconds{flow="bids"} 0.151418058

odd{quoted="a \\"b\\", {c}\\n\\\\",other="x"} 1e3 1700000000
with_exemplar_bucket{le="+Inf"} 4 # {trace_id="abc"} 0.5
nothing{a="b"} NaN
not a line at all
flashbid_lanes_waiting 3
# EOF
`;

describe("the parser", () => {
    const figures = parseMetrics(TEXT);

    test("reads names, labels and values, and leaves out what is no figure", () => {
        expect(figures.map(({ name }) => name)).toEqual([
            "flashbid_bids_total",
            "flashbid_bids_total",
            "flashbid_relay_lag_seconds",
            "odd",
            "with_exemplar_bucket",
            "flashbid_lanes_waiting",
        ]);
        expect(figures[0]).toEqual({
            name: "flashbid_bids_total",
            labels: { outcome: "accepted" },
            value: 293,
        });
        expect(figures[3]).toEqual({
            name: "odd",
            labels: { quoted: 'a "b", {c}\n\\', other: "x" },
            value: 1_000,
        });
        expect(figures[4]!.value).toBe(4);
    });

    test("finds figures by name and labels, and adds them up", () => {
        expect(total(select(figures, "flashbid_bids_total"))).toBe(300);
        expect(total(select(figures, "flashbid_bids_total", { outcome: "accepted" }))).toBe(293);
        expect(total(select(figures, "flashbid_purchases_total"))).toBeNull();
    });
});

const counter = (outcome: string, value: number): Figure => ({ name: "n", labels: { outcome }, value });

describe("the increase of counters", () => {
    test("is what they grew by together, and a new one grew from zero", () => {
        expect(
            increase([counter("a", 1), counter("b", 5)], [counter("a", 4), counter("b", 5), counter("c", 2)]),
        ).toBe(5);
        expect(increase([], [])).toBe(0);
    });

    test("is not known when one is smaller or gone: the server began anew", () => {
        expect(increase([counter("a", 10)], [counter("a", 3)])).toBeNull();
        expect(increase([counter("a", 10), counter("b", 1)], [counter("a", 12)])).toBeNull();
    });
});

/** Buckets up to 0.1, 0.5 and anything, with so many observations in each. */
function buckets(...counts: [number, number, number]): Figure[] {
    let all = 0;
    return ["0.1", "0.5", "+Inf"].map((le, index) => ({
        name: "h",
        labels: { le },
        value: (all += counts[index]!),
    }));
}

describe("the quantile of what was observed in between", () => {
    test("lies in its bucket in proportion", () => {
        expect(quantile(0.5, buckets(0, 0, 0), buckets(10, 0, 0))).toBeCloseTo(0.05);
        expect(quantile(0.95, buckets(1_000, 0, 0), buckets(1_080, 20, 0))).toBeCloseTo(
            0.1 + 0.4 * (15 / 20),
        );
    });

    test("is the last bound when it lies beyond it", () => {
        expect(quantile(0.95, buckets(0, 0, 0), buckets(1, 0, 9))).toBe(0.5);
    });

    test("is not known without observations or after a restart", () => {
        expect(quantile(0.95, buckets(5, 5, 5), buckets(5, 5, 5))).toBeNull();
        expect(quantile(0.95, buckets(5, 5, 5), buckets(1, 0, 0))).toBeNull();
        expect(quantile(0.95, [], [])).toBeNull();
    });
});

describe("a sample", () => {
    const look = (at: number, bids: number, held: number) => ({
        at,
        figures: parseMetrics(
            [
                `flashbid_bids_total{outcome="accepted"} ${bids}`,
                `flashbid_bids_total{outcome="price_too_low"} ${bids / 2}`,
                `flashbid_purchases_total{outcome="held"} ${held}`,
                `flashbid_http_request_duration_seconds_bucket{le="0.001",route="/api/v1/bids"} ${bids}`,
                `flashbid_http_request_duration_seconds_bucket{le="+Inf",route="/api/v1/bids"} ${bids}`,
                `flashbid_relay_lag_seconds{flow="bids"} 0.2`,
                `flashbid_relay_lag_seconds{flow="purchases"} 0`,
                "flashbid_lanes_waiting 4",
            ].join("\n"),
        ),
    });

    test("has rates a second, of bids or of purchases", () => {
        const [before, now] = [look(1_000, 100, 3), look(3_000, 120, 4)];
        expect(sampleOf("ranked", before, now)).toMatchObject({
            taken: 10,
            refused: 5,
            lanes: 4,
            lag: 0.2,
            held: null,
        });
        expect(sampleOf("ranked", before, now).p95).toBeCloseTo(0.00095);
        expect(sampleOf("first_come", before, now)).toMatchObject({
            taken: 0.5,
            refused: 0,
            p95: null,
            lag: 0,
        });
    });

    test("has no rates at first, nor after a restart of the server, and has its gauges", () => {
        expect(sampleOf("ranked", null, look(1_000, 100, 3))).toMatchObject({
            taken: null,
            p95: null,
            lanes: 4,
        });
        expect(sampleOf("ranked", look(1_000, 100, 3), look(2_000, 2, 0))).toMatchObject({
            taken: null,
            lanes: 4,
        });
    });
});
