import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type uPlot from "uplot";

import { useFormat } from "../../lib/format";
import type { Sample } from "../../lib/live";
import { colour, usePlot, type Look } from "../../lib/plot";
import { useStored } from "../../lib/stored";
import { theme } from "../../lib/theme";

const HEIGHT = 220;
/** People are whole: so far apart may the marks of their axis lie. */
const WHOLE = [1, 10, 100, 1_000, 10_000, 100_000].flatMap((ten) => [ten, 2 * ten, 5 * ten]);

/** The lines of price and participation: at least two samples of them, `count` of them by now. */
export default function Chart({ samples, count }: { samples: readonly Sample[]; count: number }) {
    const { t, i18n } = useTranslation();
    const format = useFormat();
    const chosen = useStored(theme);
    // The samples grow in place: their count says when there are more.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    const data = useMemo(() => columns(samples), [samples, count]);
    const words = {
        time: t("chart.time"),
        best: t("chart.best"),
        winning: t("chart.winning"),
        participants: t("chart.participants"),
    };
    const place = usePlot(() => look(words, format), data, HEIGHT, `${chosen} ${i18n.language}`);

    const last = samples[samples.length - 1];
    const money = (value: number | null | undefined) => (value == null ? "–" : format.money(value));
    return (
        <>
            <div ref={place} aria-hidden />
            <p className="sr-only">
                {t("chart.summary", {
                    best: money(last?.best),
                    winning: money(last?.winning),
                    participants: format.number(last?.participants ?? 0),
                })}
            </p>
        </>
    );
}

function columns(samples: readonly Sample[]): uPlot.AlignedData {
    return [
        samples.map((sample) => sample.at / 1_000),
        samples.map((sample) => sample.best),
        samples.map((sample) => sample.winning),
        samples.map((sample) => sample.participants),
    ];
}

type Words = Record<"time" | "best" | "winning" | "participants", string>;

function look(words: Words, format: ReturnType<typeof useFormat>): Look {
    const axis = {
        stroke: () => colour("--muted"),
        grid: { stroke: () => colour("--line"), width: 1 },
        ticks: { show: false },
    };
    const time = (at: number) => format.time(at * 1_000);
    const line = { width: 2, points: { show: false }, value: shown(format.money) };
    return {
        padding: [8, 0, 0, 0],
        cursor: { drag: { x: false, y: false } },
        scales: { people: { range: (_, __, max) => [0, Math.max(5, max * 1.1)] } },
        axes: [
            { ...axis, space: 100, values: (_, splits) => splits.map(time) },
            { ...axis, size: 60 },
            { ...axis, scale: "people", side: 1, size: 50, grid: { show: false }, incrs: WHOLE },
        ],
        series: [
            { label: words.time, value: shown(time) },
            { ...line, label: words.best, stroke: () => colour("--brand") },
            { ...line, label: words.winning, stroke: () => colour("--warn") },
            {
                ...line,
                label: words.participants,
                stroke: () => colour("--good"),
                value: shown(format.number),
                width: 1,
                dash: [4, 4],
                scale: "people",
                fill: () => `${colour("--good")}14`,
            },
        ],
    };
}

/** How the legend writes a value: the one that is pointed at, else the newest. */
function shown(write: (value: number) => string) {
    return (plot: uPlot, pointed: number | null, series: number, at: number | null) => {
        const value = at === null ? plot.data[series]?.at(-1) : pointed;
        return value == null ? "–" : write(value);
    };
}
