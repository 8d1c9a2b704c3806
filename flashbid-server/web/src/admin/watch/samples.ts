import { useEffect, useState } from "react";

import type { Campaign } from "../../api/client";
import { increase, parseMetrics, quantile, select, total, type Figure } from "./metrics";

/** How a node does at one moment; `null` for what cannot be told of it. */
export interface Sample {
    /** By the browser's monotonic timer, in milliseconds. */
    at: number;
    /** A second, taken and refused. */
    taken: number | null;
    refused: number | null;
    /** Seconds. */
    p95: number | null;
    lanes: number | null;
    deepest: number | null;
    held: number | null;
    inFlight: number | null;
    feeds: number | null;
    /** Seconds. */
    lag: number | null;
}

type Format = Campaign["format"];

/** For how long samples are kept, in milliseconds. */
export const KEPT = 120_000;
const EVERY = 1_000;

const OF = {
    ranked: { counter: "flashbid_bids_total", taken: "accepted", route: "/api/v1/bids", flow: "bids" },
    first_come: {
        counter: "flashbid_purchases_total",
        taken: "held",
        route: "/api/v1/purchases",
        flow: "purchases",
    },
} as const;

/** The figures at one moment. */
export interface Look {
    at: number;
    figures: readonly Figure[];
}

/** What two looks at the figures tell of the time in between, and the second of its moment. */
export function sampleOf(format: Format, before: Look | null, now: Look): Sample {
    const { counter, taken, route, flow } = OF[format];
    const buckets = ({ figures }: Look) =>
        select(figures, "flashbid_http_request_duration_seconds_bucket", { route });
    const gauge = (name: string, labels?: Record<string, string>) => total(select(now.figures, name, labels));
    const rate = (isWanted: (figure: Figure) => boolean) => {
        if (!before || now.at <= before.at) return null;
        const of = ({ figures }: Look) => select(figures, counter).filter(isWanted);
        const grown = increase(of(before), of(now));
        return grown === null ? null : grown / ((now.at - before.at) / 1_000);
    };
    return {
        at: now.at,
        taken: rate(({ labels }) => labels.outcome === taken),
        refused: rate(({ labels }) => labels.outcome !== taken),
        p95: before && quantile(0.95, buckets(before), buckets(now)),
        lanes: gauge("flashbid_lanes_waiting"),
        deepest: gauge("flashbid_lanes_deepest"),
        held: gauge("flashbid_held_units"),
        inFlight: gauge("flashbid_http_requests_in_flight"),
        feeds: gauge("flashbid_websockets_open"),
        lag: gauge("flashbid_relay_lag_seconds", { flow }),
    };
}

/** A moment at which the server did not answer: a gap in every line. */
function gapAt(at: number): Sample {
    const nothing = { taken: null, refused: null, p95: null, lanes: null, deepest: null };
    return { at, ...nothing, held: null, inFlight: null, feeds: null, lag: null };
}

/** Samples of the last two minutes, one a second while the page is in sight. */
export function useSamples(format: Format): { samples: readonly Sample[]; isLost: boolean } {
    const [state, setState] = useState<{ samples: readonly Sample[]; isLost: boolean }>({
        samples: [],
        isLost: false,
    });
    useEffect(() => {
        const stop = new AbortController();
        let before: Look | null = null;
        let isAsking = false;
        function take(sample: Sample, isLost: boolean): void {
            setState(({ samples }) => ({
                samples: [...samples.filter(({ at }) => sample.at - at <= KEPT), sample],
                isLost,
            }));
        }
        async function look(): Promise<void> {
            if (isAsking || document.visibilityState === "hidden") return;
            isAsking = true;
            try {
                const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(5_000)]);
                const response = await fetch("/metrics", { cache: "no-store", signal });
                if (!response.ok) throw new Error(response.statusText);
                const now: Look = { figures: parseMetrics(await response.text()), at: performance.now() };
                const sample = sampleOf(format, before, now);
                // After a gap the difference is a mean over all of it, which is no rate of this second.
                const isFresh = before !== null && now.at - before.at < 5 * EVERY;
                take(isFresh ? sample : { ...sample, taken: null, refused: null, p95: null }, false);
                before = now;
            } catch {
                if (!stop.signal.aborted) take(gapAt(performance.now()), true);
            } finally {
                isAsking = false;
            }
        }
        void look();
        const timer = setInterval(() => void look(), EVERY);
        return () => {
            stop.abort();
            clearInterval(timer);
        };
    }, [format]);
    return state;
}
