import "uplot/dist/uPlot.min.css";

import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import uPlot from "uplot";

import { useFormat } from "../../lib/format";
import type { Sample } from "../../lib/live";
import { isDark, theme } from "../../lib/theme";
import { useStored } from "../../lib/stored";

const HEIGHT = 220;

/** The lines of price and participation: at least two samples of them. */
export default function Chart({ samples, count }: { samples: readonly Sample[]; count: number }) {
    const { t, i18n } = useTranslation();
    const format = useFormat();
    const place = useRef<HTMLDivElement>(null);
    const plot = useRef<uPlot | null>(null);
    const look = useStored(theme);

    useEffect(() => {
        const element = place.current;
        if (!element) return;
        const words = {
            best: t("chart.best"),
            winning: t("chart.winning"),
            participants: t("chart.participants"),
        };
        const made = new uPlot(options(element.clientWidth, words), columns(samples), element);
        plot.current = made;
        const sized = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
        sized.observe(element);
        return () => {
            sized.disconnect();
            made.destroy();
            plot.current = null;
        };
        // eslint-disable-next-line react-hooks/exhaustive-deps -- made anew for another look or language; samples are drawn below
    }, [look, i18n.language]);

    useEffect(() => {
        plot.current?.setData(columns(samples));
    }, [samples, count]);

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

function options(
    width: number,
    words: { best: string; winning: string; participants: string },
): uPlot.Options {
    const styles = getComputedStyle(document.documentElement);
    const colour = (name: string) => styles.getPropertyValue(name).trim();
    const axis = {
        stroke: colour("--muted"),
        grid: { stroke: colour("--line"), width: 1 },
        ticks: { show: false },
    };
    return {
        width,
        height: HEIGHT,
        padding: [8, 0, 0, 0],
        cursor: { drag: { x: false, y: false } },
        scales: { people: { range: (_, __, max) => [0, Math.max(5, max * 1.1)] } },
        axes: [
            axis,
            { ...axis, size: 60 },
            { ...axis, scale: "people", side: 1, size: 50, grid: { show: false } },
        ],
        series: [
            {},
            { label: words.best, stroke: colour("--brand"), width: 2, points: { show: false } },
            { label: words.winning, stroke: colour("--warn"), width: 2, points: { show: false } },
            {
                label: words.participants,
                stroke: colour("--good"),
                width: 1,
                dash: [4, 4],
                scale: "people",
                points: { show: false },
                fill: isDark() ? "#5ee0aa14" : "#04704b10",
            },
        ],
    };
}
