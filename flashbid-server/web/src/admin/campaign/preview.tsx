import { useId, useState } from "react";

import { parseUnits, unitsText, type Units } from "../../lib/decimal";
import { parts, score, type Weights } from "../../lib/score";
import { Card, cx, Field } from "../../ui";
import { useWords } from "../words";

/** An hour, where the slider ends. */
const LATEST = 3_600_000;
const STEPS = 1_000;

/** The first milliseconds count most, so the slider goes by their logarithm. */
function msAt(step: number): number {
    return Math.round((LATEST + 1) ** (step / STEPS)) - 1;
}
function stepOf(ms: number): number {
    return Math.round((Math.log(Math.min(ms, LATEST) + 1) / Math.log(LATEST + 1)) * STEPS);
}

/** What a bid would score, and of what its score is made. */
export function ScorePreview({ weights, reserve }: { weights: Weights | null; reserve: Units | null }) {
    const words = useWords();
    const [typed, setTyped] = useState<string | null>(null);
    const [seconds, setSeconds] = useState("60");
    const [weight, setWeight] = useState("1.00");

    const priceText = typed ?? unitsText(reserve ?? 1_000_000n);
    const price = parseUnits(priceText);
    const elapsed = parseUnits(seconds);
    const member = parseUnits(weight);
    const ms = elapsed === null ? null : Number(elapsed / 10n);
    const isKnown = weights !== null && price !== null && ms !== null && member !== null;

    return (
        <Card title={words("preview.title")}>
            <div className="flex flex-col gap-4">
                <Field
                    label={words("preview.price")}
                    inputMode="decimal"
                    autoComplete="off"
                    value={priceText}
                    onChange={(event) => setTyped(event.target.value)}
                />
                <div>
                    <Field
                        label={words("preview.seconds")}
                        inputMode="decimal"
                        autoComplete="off"
                        value={seconds}
                        onChange={(event) => setSeconds(event.target.value)}
                    />
                    <Slider
                        name={words("preview.seconds")}
                        max={STEPS}
                        step={1}
                        value={stepOf(ms ?? 0)}
                        text={seconds}
                        onChange={(step) => setSeconds(String(msAt(step) / 1_000))}
                    />
                </div>
                <div>
                    <Field
                        label={words("preview.weight")}
                        inputMode="decimal"
                        autoComplete="off"
                        value={weight}
                        onChange={(event) => setWeight(event.target.value)}
                    />
                    <Slider
                        name={words("preview.weight")}
                        min={0.5}
                        max={5}
                        step={0.01}
                        value={Number(weight) || 0}
                        text={weight}
                        onChange={(value) => setWeight(value.toFixed(2))}
                    />
                </div>
                {isKnown ? (
                    <Score weights={weights} price={price} ms={ms} weight={member} />
                ) : (
                    <p className="text-muted text-sm">{words("preview.malformed")}</p>
                )}
            </div>
        </Card>
    );
}

interface SliderProps {
    name: string;
    min?: number;
    max: number;
    step: number;
    value: number;
    text: string;
    onChange: (value: number) => void;
}

function Slider({ name, min = 0, text, onChange, ...range }: SliderProps) {
    const words = useWords();
    return (
        <input
            type="range"
            min={min}
            {...range}
            aria-label={words("preview.slider", { name })}
            aria-valuetext={text}
            onChange={(event) => onChange(event.target.valueAsNumber)}
            className="accent-brand mt-2 h-6 w-full cursor-pointer"
        />
    );
}

const COLOURS = { price: "bg-brand", early: "bg-warn", member: "bg-good" };

function Score({
    weights,
    price,
    ms,
    weight,
}: {
    weights: Weights;
    price: Units;
    ms: number;
    weight: Units;
}) {
    const words = useWords();
    const id = useId();
    const total = score(weights, price, ms, weight);
    const made = parts(weights, price, ms, weight);
    const percent = (part: Units) => (total === 0n ? 0 : Number((part * 10_000n) / total) / 100);
    const rows = [
        { name: "price", label: words("preview.partPrice"), points: made.price },
        { name: "early", label: words("preview.partEarly"), points: made.early },
        { name: "member", label: words("preview.partMember"), points: made.member },
    ] as const;

    return (
        <div className="flex flex-col gap-3">
            <p className="flex items-baseline justify-between gap-3">
                <span id={id} className="text-sm font-semibold">
                    {words("preview.total")}
                </span>
                <output
                    aria-labelledby={id}
                    data-testid="preview-score"
                    className="text-2xl font-black tabular-nums"
                >
                    {unitsText(total)}
                </output>
            </p>
            <div
                role="img"
                aria-label={words("preview.bar", {
                    price: unitsText(made.price),
                    early: unitsText(made.early),
                    member: unitsText(made.member),
                })}
                className="bg-sunken flex h-5 gap-px overflow-hidden rounded-full"
            >
                {rows.map(({ name, points }) => (
                    <div
                        key={name}
                        className={cx("transition-all", COLOURS[name])}
                        style={{ width: `${percent(points)}%` }}
                    />
                ))}
            </div>
            <ul className="flex flex-col gap-1.5 text-sm">
                {rows.map(({ name, label, points }) => (
                    <li key={name} className="flex flex-wrap items-center gap-x-2">
                        <span aria-hidden className={cx("size-3 rounded-full", COLOURS[name])} />
                        <span className="font-semibold">{label}</span>
                        <span className="text-muted tabular-nums">
                            {words("preview.share", { percent: percent(points).toFixed(1) })}
                        </span>
                        <span className="ml-auto font-semibold tabular-nums">
                            {words("preview.points", { points: unitsText(points) })}
                        </span>
                        {name !== "price" && weights.alpha > 0n && (
                            <span className="text-muted w-full text-right text-xs tabular-nums">
                                {words("preview.worth", {
                                    price: unitsText((points * 10_000n) / weights.alpha),
                                })}
                            </span>
                        )}
                    </li>
                ))}
            </ul>
        </div>
    );
}
