import { useFormat } from "../lib/format";
import { cx } from "./index";

const MEDALS = [
    "bg-amber-300 text-amber-950",
    "bg-slate-300 text-slate-900",
    "bg-orange-300 text-orange-950",
];

/** A rank; the first three are of gold, silver and bronze. */
export function Medal({ rank }: { rank: number }) {
    const format = useFormat();
    return (
        <span
            className={cx(
                "inline-grid h-6 min-w-6 place-items-center rounded-full px-1 tabular-nums",
                MEDALS[rank - 1],
                rank <= 3 && "text-xs font-black",
            )}
        >
            {format.number(rank)}
        </span>
    );
}
