import { useMemo } from "react";

import type { Campaign } from "../../api/client";
import { useFormat } from "../../lib/format";
import { Badge, Card } from "../../ui";
import { useWords } from "../words";
import { Plot } from "./plot";
import { useSamples, type Sample } from "./samples";

type Column = Exclude<keyof Sample, "at">;

/** How the node does, live. */
export function Charts({ format }: { format: Campaign["format"] }) {
    const words = useWords();
    const { number } = useFormat();
    const { samples, isLost } = useSamples(format);
    const isRanked = format === "ranked";
    const columns = useMemo(() => {
        const column = (name: Column) => samples.map((sample) => sample[name]);
        const plain = (name: Column) => [{ colour: "--brand" as const, values: column(name) }];
        return {
            times: samples.map(({ at }) => at),
            rates: [...plain("taken"), { colour: "--bad" as const, values: column("refused") }],
            p95: plain("p95"),
            lanes: plain("lanes"),
            held: plain("held"),
            inFlight: plain("inFlight"),
            feeds: plain("feeds"),
            lag: plain("lag"),
        };
    }, [samples]);

    const last = samples[samples.length - 1];
    const show = (value: number | null | undefined, write: (value: number) => string) =>
        value == null ? "–" : write(value);
    const lastTimed = samples.findLast(({ p95 }) => p95 !== null)?.p95;
    const { times } = columns;

    return (
        <Card
            title={words("charts.title")}
            aside={
                <Badge tone={isLost ? "bad" : "good"}>{words(isLost ? "charts.lost" : "charts.live")}</Badge>
            }
        >
            <div className="grid gap-3 sm:grid-cols-2 lg:grid-cols-3">
                <Plot
                    title={words(isRanked ? "charts.bids" : "charts.purchases")}
                    value={show(last?.taken, rateText)}
                    hint={words("charts.refused", { count: show(last?.refused, rateText) })}
                    times={times}
                    lines={columns.rates}
                    top={5}
                    write={rateText}
                />
                <Plot
                    title={words("charts.p95")}
                    value={show(last?.p95 ?? lastTimed, timeText)}
                    hint={last && last.p95 === null ? words("charts.quiet") : words("charts.p95Hint")}
                    times={times}
                    lines={columns.p95}
                    top={0.01}
                    write={timeText}
                />
                <Plot
                    title={words("charts.lanes")}
                    value={show(last?.lanes, number)}
                    hint={words("charts.lanesHint", { count: show(last?.deepest, number) })}
                    times={times}
                    lines={columns.lanes}
                    top={5}
                    write={number}
                />
                <Plot
                    title={words("charts.lag")}
                    value={show(last?.lag, timeText)}
                    hint={words("charts.lagHint")}
                    times={times}
                    lines={columns.lag}
                    top={0.5}
                    write={timeText}
                />
                {isRanked ? (
                    <Plot
                        title={words("charts.inFlight")}
                        value={show(last?.inFlight, number)}
                        hint=""
                        times={times}
                        lines={columns.inFlight}
                        top={5}
                        write={number}
                    />
                ) : (
                    <Plot
                        title={words("charts.held")}
                        value={show(last?.held, number)}
                        hint=""
                        times={times}
                        lines={columns.held}
                        top={5}
                        write={number}
                    />
                )}
                <Plot
                    title={words("charts.feeds")}
                    value={show(last?.feeds, number)}
                    hint=""
                    times={times}
                    lines={columns.feeds}
                    top={5}
                    write={number}
                />
            </div>
            <p className="text-muted mt-3 text-xs">{words("charts.caption")}</p>
        </Card>
    );
}

/** So many a second, with a place where there are few. */
export function rateText(value: number): string {
    return value >= 10 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(1);
}

/** Seconds in the unit that suits them. */
export function timeText(seconds: number): string {
    if (seconds >= 1) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
    const ms = seconds * 1_000;
    return `${ms.toFixed(ms > 0 && ms < 10 ? 1 : 0)} ms`;
}
