import { useNow } from "../../lib/clock";
import { Button, cx, Field } from "../../ui";
import { useWords } from "../words";
import { DAY, HOUR, MINUTE, windowOf, type Draft } from "./draft";
import { toLocal } from "./times";

const SPANS = [
    { ms: 5 * MINUTE, name: "campaign.m5" },
    { ms: HOUR, name: "campaign.h1" },
    { ms: DAY, name: "campaign.d1" },
] as const;

interface Props {
    draft: Draft;
    onChange: (change: Partial<Draft>) => void;
    errors: { start?: string; end?: string };
}

/** From when to when. It ticks while the start is now, and so is by itself. */
export function WindowFields({ draft, onChange, errors }: Props) {
    const words = useWords();
    const now = useNow();
    const { start, end } = windowOf(draft, now);
    const zone = words("campaign.zone", { zone: Intl.DateTimeFormat().resolvedOptions().timeZone });
    return (
        <div className="flex flex-col gap-4">
            <Field
                type="datetime-local"
                step={1}
                label={words("campaign.start")}
                value={draft.start ?? toLocal(now)}
                onChange={(event) => onChange({ start: event.target.value })}
                error={errors.start}
                hint={draft.start === null ? `${words("campaign.startNowHint")} ${zone}` : zone}
                suffix={
                    <Press isOn={draft.start === null} onClick={() => onChange({ start: null })}>
                        {words("campaign.startNow")}
                    </Press>
                }
            />
            <div
                className="flex flex-wrap items-center gap-2"
                role="group"
                aria-label={words("campaign.lasts")}
            >
                <span className="text-sm font-semibold">{words("campaign.lasts")}</span>
                {SPANS.map(({ ms, name }) => (
                    <Press key={name} isOn={draft.lasts === ms} onClick={() => onChange({ lasts: ms })}>
                        {words(name)}
                    </Press>
                ))}
            </div>
            <Field
                type="datetime-local"
                step={1}
                label={words("campaign.end")}
                value={draft.lasts === null ? draft.end : end === null ? "" : toLocal(end)}
                min={start === null ? undefined : toLocal(start)}
                onChange={(event) => onChange({ end: event.target.value, lasts: null })}
                error={errors.end}
            />
        </div>
    );
}

function Press({ isOn, onClick, children }: { isOn: boolean; onClick: () => void; children: string }) {
    return (
        <Button
            kind="secondary"
            aria-pressed={isOn}
            onClick={onClick}
            className={cx("whitespace-nowrap", isOn && "border-brand! bg-brand-soft! text-brand!")}
        >
            {children}
        </Button>
    );
}
