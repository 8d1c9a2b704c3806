import { unitsText } from "../../lib/decimal";
import { useFormat } from "../../lib/format";
import { useWords, type Say } from "../words";
import type { Warning } from "./warnings";

/** Doubts about the terms, in words; read out as they come up. */
export function Warnings({ of }: { of: Warning[] }) {
    const words = useWords();
    const format = useFormat();
    return (
        <section
            role="status"
            aria-label={words("warning.title")}
            className="bg-warn-soft rounded-2xl p-4 text-sm"
        >
            <h2 className="text-warn mb-2 font-bold">⚠ {words("warning.title")}</h2>
            <ul className="flex flex-col gap-2">
                {of.map((warning) => (
                    <li key={warning.kind} data-testid="warning" data-kind={warning.kind}>
                        {textOf(warning, words, format.number)}
                    </li>
                ))}
            </ul>
        </section>
    );
}

function textOf(warning: Warning, words: Say, number: (value: number) => string): string {
    const key = `warning.${warning.kind}` as const;
    switch (warning.kind) {
        case "priceIgnored":
        case "nothingAvailable":
            return words(key);
        case "memberOutweighs":
        case "earlyOutweighsSecond":
            return words(key, { points: unitsText(warning.points), price: unitsText(warning.price) });
        case "earlyOutweighsInstant":
            return words(key, {
                points: unitsText(warning.points),
                price: unitsText(warning.price),
                ms: number(Number(warning.ms)),
            });
        case "belowReserve":
            return words(key, { price: unitsText(warning.price) });
        case "limitAboveQuota":
            return words(key, { limit: number(warning.limit), quota: number(warning.quota) });
        case "quotaAboveAvailable":
            return words(key, { quota: number(warning.quota), available: number(warning.available) });
    }
}
