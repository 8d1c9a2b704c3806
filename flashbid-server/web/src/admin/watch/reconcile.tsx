import { useQueryClient } from "@tanstack/react-query";

import { answered, api } from "../../api/client";
import { useAction } from "../../lib/action";
import { Badge, Button, Card, Notice } from "../../ui";
import { Cell, Table } from "../parts";
import { DiscrepancyCells, type Discrepancy } from "../problems";
import { useAdminProblem, useWords } from "../words";

/** Compares a campaign's counter with the ledger, and repairs it if asked. */
export function Reconcile({ id }: { id: string }) {
    const words = useWords();
    const say = useAdminProblem();
    const queries = useQueryClient();
    const comparing = useAction(
        (fix: boolean) =>
            answered(
                api.POST("/api/v1/campaigns/{campaign_id}/reconcile", {
                    params: { path: { campaign_id: id } },
                    body: { fix },
                }),
            ),
        {
            settled: () =>
                Promise.all([
                    queries.invalidateQueries({ queryKey: ["discrepancies"] }),
                    queries.invalidateQueries({ queryKey: ["campaign", id] }),
                ]),
        },
    );
    const isRunning = (fix: boolean) => comparing.isPending && comparing.variables === fix;
    const result = comparing.isPending ? undefined : comparing.data;

    return (
        <Card title={words("reconcile.title")}>
            <div className="flex flex-col gap-4">
                <p className="text-muted text-sm">{words("reconcile.hint")}</p>
                <div className="flex flex-wrap gap-2">
                    <Button
                        kind="secondary"
                        busy={isRunning(false)}
                        disabled={comparing.isPending}
                        onClick={() => comparing.run(false)}
                    >
                        {words("reconcile.dry")}
                    </Button>
                    <Button
                        kind="secondary"
                        busy={isRunning(true)}
                        disabled={comparing.isPending}
                        onClick={() => comparing.run(true)}
                    >
                        {words("reconcile.fix")}
                    </Button>
                </div>
                {comparing.error && <Notice tone="bad">{say(comparing.error)}</Notice>}
                {result &&
                    (result.found.length === 0 ? (
                        <Notice tone="good">{words("reconcile.agree")}</Notice>
                    ) : (
                        <>
                            <Notice tone={result.left.length === 0 ? "good" : "warn"}>
                                {words("reconcile.found", { count: result.found.length })}{" "}
                                {result.left.length === 0
                                    ? words("reconcile.repaired")
                                    : words("reconcile.left", { count: result.left.length })}
                            </Notice>
                            <Found found={result.found} left={result.left} />
                        </>
                    ))}
            </div>
        </Card>
    );
}

function Found({ found, left }: { found: Discrepancy[]; left: Discrepancy[] }) {
    const words = useWords();
    const keyOf = ({ kind, subject_id }: Discrepancy) => `${kind}/${subject_id}`;
    const lasting = new Set(left.map(keyOf));
    const head = (["state", "kind", "subject", "expected", "foundAt"] as const).map((name) =>
        words(`reconcile.${name}`),
    );
    return (
        <Table label={words("reconcile.list")} head={head}>
            {found.map((each) => (
                <tr key={keyOf(each)} data-testid="difference">
                    <Cell>
                        <Badge tone={lasting.has(keyOf(each)) ? "bad" : "good"}>
                            {words(lasting.has(keyOf(each)) ? "reconcile.isLeft" : "reconcile.isFixed")}
                        </Badge>
                    </Cell>
                    <DiscrepancyCells of={each} />
                </tr>
            ))}
        </Table>
    );
}
