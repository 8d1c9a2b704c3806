import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";

import { answered, api, type Schema } from "../api/client";
import { useAction } from "../lib/action";
import { useFormat } from "../lib/format";
import { Badge, Button, Card, cx, Empty, Fetched, Notice, Page } from "../ui";
import { Dialog } from "../ui/dialog";
import { Cell, Id, shortId, Table } from "./parts";
import { deadLettersQuery, discrepanciesQuery } from "./queries";
import { useAdminProblem, useWords, type Key } from "./words";
import { en } from "./words/en";

type DeadLetter = Schema["DeadLetter"];
export type Discrepancy = Schema["Discrepancy"];

export function ProblemsPage() {
    const words = useWords();
    return (
        <Page title={words("problems.title")}>
            <DeadLetters />
            <Discrepancies />
        </Page>
    );
}

function DeadLetters() {
    const words = useWords();
    const say = useAdminProblem();
    const format = useFormat();
    const queries = useQueryClient();
    const letters = useQuery(deadLettersQuery);
    const [asking, setAsking] = useState<DeadLetter | null>(null);
    const settled = () => queries.invalidateQueries({ queryKey: ["dead-letters"] });
    const at = (letter: DeadLetter) => ({ params: { path: { hold_id: letter.hold_id } } });
    const replaying = useAction(
        (letter: DeadLetter) => answered(api.POST("/api/v1/dead-letters/{hold_id}/replay", at(letter))),
        { settled },
    );
    const dropping = useAction(
        (letter: DeadLetter) => answered(api.DELETE("/api/v1/dead-letters/{hold_id}", at(letter))),
        { settled },
    );
    const isBusy = replaying.isPending || dropping.isPending;
    const latest = replaying.submittedAt > dropping.submittedAt ? replaying : dropping;
    const head = (
        ["hold", "campaign", "buyer", "quantity", "attempts", "reason", "since", "actions"] as const
    ).map((name) => words(`problems.${name}`));

    return (
        <Card title={words("problems.letters")}>
            <p className="text-muted mb-3 text-sm">{words("problems.lettersHint")}</p>
            <div className="mb-3 empty:hidden">
                {latest.error && <Notice tone="bad">{say(latest.error)}</Notice>}
                {latest.isSuccess && (
                    <Notice tone="good">
                        {words(latest === replaying ? "problems.replayed" : "problems.dropped")}
                    </Notice>
                )}
            </div>
            <Fetched of={letters}>
                {({ dead_letters, total }) =>
                    total === 0 ? (
                        <Empty title={words("problems.noLetters")} hint={words("problems.noLettersHint")} />
                    ) : (
                        <Table label={words("problems.letters")} head={head}>
                            {dead_letters.map((letter) => (
                                <tr key={letter.hold_id} data-testid="dead-letter">
                                    <Cell>
                                        <Id of={letter.hold_id} />
                                    </Cell>
                                    <Cell>
                                        <CampaignLink id={letter.campaign_id} />
                                    </Cell>
                                    <Cell>
                                        <Id of={letter.user_id} />
                                    </Cell>
                                    <Cell>{format.number(letter.quantity)}</Cell>
                                    <Cell>{format.number(letter.attempts)}</Cell>
                                    <Cell className="min-w-64 whitespace-normal">{letter.reason}</Cell>
                                    <Cell>{format.dateTime(letter.created_at)}</Cell>
                                    <Cell>
                                        <div className="flex gap-1">
                                            <Button
                                                kind="secondary"
                                                busy={
                                                    replaying.isPending &&
                                                    replaying.variables?.hold_id === letter.hold_id
                                                }
                                                disabled={isBusy}
                                                aria-label={words("problems.replayNamed", {
                                                    id: shortId(letter.hold_id),
                                                })}
                                                onClick={() => replaying.run(letter)}
                                            >
                                                {words("problems.replay")}
                                            </Button>
                                            <Button
                                                kind="danger"
                                                busy={
                                                    dropping.isPending &&
                                                    dropping.variables?.hold_id === letter.hold_id
                                                }
                                                disabled={isBusy}
                                                aria-label={words("problems.dropNamed", {
                                                    id: shortId(letter.hold_id),
                                                })}
                                                onClick={() => setAsking(letter)}
                                            >
                                                {words("problems.drop")}
                                            </Button>
                                        </div>
                                    </Cell>
                                </tr>
                            ))}
                        </Table>
                    )
                }
            </Fetched>
            <More total={letters.data?.total} shown={letters.data?.dead_letters.length} />
            {asking && (
                <Dialog title={words("problems.confirm")} onClose={() => setAsking(null)}>
                    <p className="text-muted mb-4 text-sm">{words("problems.confirmHint")}</p>
                    <div className="flex flex-wrap gap-2">
                        <Button
                            kind="danger"
                            onClick={() => {
                                setAsking(null);
                                dropping.run(asking);
                            }}
                        >
                            {words("problems.drop")}
                        </Button>
                        <Button kind="secondary" onClick={() => setAsking(null)}>
                            {words("problems.keep")}
                        </Button>
                    </div>
                </Dialog>
            )}
        </Card>
    );
}

function Discrepancies() {
    const words = useWords();
    const format = useFormat();
    const open = useQuery(discrepanciesQuery(true));
    const all = useQuery(discrepanciesQuery(false));
    const head = (["state", "campaign"] as const)
        .map((name) => words(`problems.${name}`))
        .concat(
            (["kind", "subject", "expected", "foundAt"] as const).map((name) => words(`reconcile.${name}`)),
        )
        .concat(words("problems.noticed"));

    return (
        <Card title={words("problems.discrepancies")}>
            <p className="text-muted mb-3 text-sm">{words("problems.discrepanciesHint")}</p>
            <Fetched of={open}>
                {({ discrepancies: lasting, total }) => (
                    <Fetched of={all}>
                        {(known) => {
                            const rows = [
                                ...lasting,
                                ...known.discrepancies.filter(({ resolved_at }) => resolved_at != null),
                            ];
                            if (rows.length === 0) {
                                return (
                                    <Empty
                                        title={words("problems.noDiscrepancies")}
                                        hint={words("problems.noDiscrepanciesHint")}
                                    />
                                );
                            }
                            return (
                                <>
                                    <Table label={words("problems.discrepancies")} head={head}>
                                        {rows.map((row) => (
                                            <tr
                                                key={`${row.campaign_id}/${row.kind}/${row.subject_id}/${row.noticed_at}`}
                                                data-testid="discrepancy"
                                                data-open={row.resolved_at == null || undefined}
                                                className={cx(row.resolved_at != null && "text-muted")}
                                            >
                                                <Cell>
                                                    {row.resolved_at == null ? (
                                                        <Badge tone="bad">{words("problems.open")}</Badge>
                                                    ) : (
                                                        words("problems.resolved", {
                                                            at: format.dateTime(row.resolved_at),
                                                        })
                                                    )}
                                                </Cell>
                                                <Cell>
                                                    <CampaignLink id={row.campaign_id} />
                                                </Cell>
                                                <DiscrepancyCells of={row} />
                                                <Cell>{format.dateTime(row.noticed_at)}</Cell>
                                            </tr>
                                        ))}
                                    </Table>
                                    <More total={total} shown={lasting.length} />
                                </>
                            );
                        }}
                    </Fetched>
                )}
            </Fetched>
        </Card>
    );
}

/** What does not agree, what it is about, what should be and what is. */
export function DiscrepancyCells({ of }: { of: Discrepancy }) {
    const words = useWords();
    const kind = of.kind in en.problems.kinds ? words(`problems.kinds.${of.kind}` as Key) : of.kind;
    return (
        <>
            <Cell>{kind}</Cell>
            <Cell>
                <Id of={of.subject_id} />
            </Cell>
            <Cell className="min-w-32 whitespace-normal">{of.expected}</Cell>
            <Cell className="min-w-32 whitespace-normal">{of.found}</Cell>
        </>
    );
}

function CampaignLink({ id }: { id: string }) {
    return (
        <Link href={`/admin/campaigns/${id}`} className="text-brand font-semibold hover:underline">
            <Id of={id} />
        </Link>
    );
}

function More({ total = 0, shown = 0 }: { total?: number; shown?: number }) {
    const words = useWords();
    const format = useFormat();
    if (total <= shown) return null;
    return (
        <p className="text-muted mt-3 text-sm">
            {words("problems.more", { count: format.number(total - shown) })}
        </p>
    );
}
