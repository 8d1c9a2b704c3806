import { useEffect, useId, useMemo, useRef } from "react";
import type uPlot from "uplot";

import { colour, usePlot, type Look } from "../../lib/plot";
import { cx } from "../../ui";
import { useWords } from "../words";
import { KEPT } from "./samples";

const HEIGHT = 96;
const SPAN = KEPT / 1_000;

/** One line: its values belong to the times of the plot. */
export interface Line {
    colour: "--brand" | "--bad" | "--good" | "--warn";
    values: (number | null)[];
}

interface Props {
    title: string;
    /** The newest value in large letters. */
    value: string;
    /** A line below it. */
    hint: string;
    /** When each sample was taken, in milliseconds; the last is now. */
    times: readonly number[];
    lines: Line[];
    /** The least that the scale goes up to, so that little noise looks little. */
    top: number;
    write: (value: number) => string;
}

/** A small chart of the last two minutes. */
export function Plot({ title, value, hint, times, lines, top, write }: Props) {
    const words = useWords();
    const id = useId();
    // What the chart asks for while it draws, as it is by then.
    const asked = useRef({ write, words });
    useEffect(() => {
        asked.current = { write, words };
    });
    const data = useMemo<uPlot.AlignedData>(() => {
        const now = times[times.length - 1] ?? 0;
        return [times.map((at) => (at - now) / 1_000), ...lines.map(({ values }) => values)];
    }, [times, lines]);
    const colours = lines.map((line) => line.colour);
    const place = usePlot(() => look(colours, top, asked), data, HEIGHT, `${top} ${colours.join()}`);

    const known = lines[0]?.values.filter((known) => known !== null) ?? [];
    return (
        <figure aria-labelledby={id} className="border-line min-w-0 rounded-xl border p-3">
            <figcaption id={id} className="text-muted text-xs font-semibold">
                {title}
            </figcaption>
            <p className="text-2xl font-black tabular-nums">{value}</p>
            <p className={cx("text-muted h-4 truncate text-xs tabular-nums")}>{hint}</p>
            <div ref={place} aria-hidden className="mt-1" />
            {known.length > 0 && (
                <p className="sr-only">
                    {words("charts.summary", {
                        now: value,
                        low: write(Math.min(...known)),
                        high: write(Math.max(...known)),
                    })}
                </p>
            )}
        </figure>
    );
}

type Asked = { current: Pick<Props, "write"> & { words: ReturnType<typeof useWords> } };

function look(colours: string[], top: number, asked: Asked): Look {
    const axis = {
        stroke: () => colour("--muted"),
        ticks: { show: false },
        font: "10px system-ui, sans-serif",
    };
    return {
        padding: [6, 6, 0, 0],
        cursor: { show: false },
        legend: { show: false },
        scales: {
            x: { time: false, range: [-SPAN, 0] },
            y: { range: (_, __, max) => [0, Math.max(top, (max ?? 0) * 1.1)] },
        },
        axes: [
            {
                ...axis,
                size: 18,
                gap: 2,
                grid: { show: false },
                splits: () => [-SPAN, -SPAN / 2, 0],
                values: () => [
                    `      ${asked.current.words("charts.ago2")}`,
                    asked.current.words("charts.ago1"),
                    `${asked.current.words("charts.now")}    `,
                ],
            },
            {
                ...axis,
                size: 46,
                gap: 4,
                space: 26,
                grid: { stroke: () => colour("--line"), width: 1 },
                values: (_, splits) => splits.map((split) => asked.current.write(split)),
            },
        ],
        series: [
            {},
            ...colours.map((name, index) => ({
                stroke: () => colour(name),
                width: 2,
                points: { show: false },
                fill: index === 0 ? () => colour("--brand-soft") : undefined,
            })),
        ],
    };
}
