import { Card, Field } from "../../ui";
import { Switch } from "../parts";
import { useWords } from "../words";
import { useFormat } from "../../lib/format";
import { countOf, type Draft } from "./draft";

interface Props {
    draft: Draft;
    onChange: (change: Partial<Draft>) => void;
    error: (field: keyof Draft) => string | undefined;
}

/** How bids are weighed against each other, and who comes after the winners. */
export function RankedFields({ draft, onChange, error }: Props) {
    const words = useWords();
    const format = useFormat();
    const quota = countOf(draft.quota);
    const input = (field: "alpha" | "beta" | "gamma" | "places" | "offerMinutes") => ({
        value: draft[field],
        autoComplete: "off",
        error: error(field),
        onChange: (event: { target: { value: string } }) => onChange({ [field]: event.target.value }),
    });
    const whoWins =
        quota === null
            ? words("campaign.formulaHintAll")
            : quota === 1
              ? words("campaign.formulaHintOne")
              : words("campaign.formulaHint", { quota: format.number(quota) });
    return (
        <Card title={words("campaign.how")}>
            <div className="flex flex-col gap-4">
                <div className="bg-sunken rounded-xl p-4">
                    <p className="font-mono font-bold">{words("campaign.formula")}</p>
                    <p className="text-muted mt-1 text-sm">{whoWins}</p>
                </div>
                <div className="grid items-start gap-4 sm:grid-cols-3">
                    {(["alpha", "beta", "gamma"] as const).map((factor) => (
                        <Field
                            key={factor}
                            {...input(factor)}
                            inputMode="decimal"
                            label={words(`campaign.${factor}`)}
                            hint={words(`campaign.${factor}Hint`)}
                        />
                    ))}
                </div>
                <Switch
                    label={words("campaign.runnersUp")}
                    hint={words("campaign.runnersUpHint")}
                    checked={draft.runnersUp}
                    onChange={(event) => onChange({ runnersUp: event.target.checked })}
                />
                {draft.runnersUp && (
                    <div className="grid items-start gap-4 sm:grid-cols-2">
                        <Field {...input("places")} inputMode="numeric" label={words("campaign.places")} />
                        <Field
                            {...input("offerMinutes")}
                            inputMode="decimal"
                            label={words("campaign.offerMinutes")}
                        />
                    </div>
                )}
            </div>
        </Card>
    );
}
