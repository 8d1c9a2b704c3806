import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "wouter";

import { answered, api, insist, type CampaignDetails } from "../../api/client";
import { campaignQuery } from "../../api/queries";
import { useAction } from "../../lib/action";
import { useFormat } from "../../lib/format";
import { usePhase } from "../../lib/phase";
import { buttonClass, Card, Countdown, Fetched, Notice, Page } from "../../ui";
import { PhaseBadge } from "../overview/page";
import { shortId, Switch } from "../parts";
import { useAdminProblem, useWords } from "../words";
import { Charts } from "./charts";
import { CampaignOrders } from "./orders";
import { Reconcile } from "./reconcile";

/** One campaign as its operator sees it. */
export function WatchPage({ id }: { id: string }) {
    const words = useWords();
    const campaign = useQuery({ ...campaignQuery(id), refetchInterval: 2_000 });
    return (
        <Page
            title={campaign.data?.product?.name ?? shortId(id)}
            back={{ to: "/admin", label: words("watch.back") }}
        >
            <Fetched of={campaign}>
                {(known) => (
                    <>
                        <Head campaign={known} />
                        <Charts format={known.format} />
                        <CampaignOrders id={id} />
                        <div className="grid items-start gap-5 lg:grid-cols-2">
                            <Reconcile id={id} />
                            <Guards campaign={known} />
                        </div>
                    </>
                )}
            </Fetched>
        </Page>
    );
}

function Head({ campaign }: { campaign: CampaignDetails }) {
    const words = useWords();
    const format = useFormat();
    const phase = usePhase(campaign);
    const { stats } = campaign;
    const units = stats?.units;
    const isRanked = campaign.format === "ranked";
    const money = (value: number | null | undefined) => (value == null ? "–" : format.money(value));
    const terms = isRanked
        ? words("watch.weights", { alpha: campaign.alpha, beta: campaign.beta, gamma: campaign.gamma })
        : campaign.per_buyer_limit != null &&
          words("watch.limit", { count: format.number(campaign.per_buyer_limit) });

    return (
        <Card>
            <div className="flex flex-wrap items-center gap-3">
                <PhaseBadge campaign={campaign} />
                <span className="text-sm font-semibold">{words(`format.${campaign.format}`)}</span>
                <span className="text-muted text-sm tabular-nums">
                    {format.dateTime(campaign.start_time)} – {format.dateTime(campaign.end_time)}
                </span>
                <Link
                    href={`/campaigns/${campaign.campaign_id}`}
                    className={buttonClass("secondary", "ml-auto")}
                >
                    {words("watch.publicPage")}
                </Link>
            </div>
            <dl className="mt-4 grid grid-cols-[repeat(auto-fill,minmax(8rem,1fr))] gap-4">
                <Datum
                    name={words(
                        phase === "pending"
                            ? "watch.startsIn"
                            : phase === "active"
                              ? "watch.endsIn"
                              : "watch.ended",
                    )}
                >
                    {phase === "ended" ? (
                        <span className="text-base">{format.dateTime(campaign.end_time)}</span>
                    ) : (
                        <Countdown to={phase === "pending" ? campaign.start_time : campaign.end_time} />
                    )}
                </Datum>
                <Datum name={words("watch.quota")}>{format.number(campaign.quota)}</Datum>
                {isRanked ? (
                    <>
                        <Datum name={words("watch.participants")}>
                            {stats ? format.number(stats.total_participants) : "–"}
                        </Datum>
                        <Datum name={words("watch.highest")}>{money(stats?.max_price)}</Datum>
                    </>
                ) : (
                    <>
                        <Datum name={words("watch.price")}>{money(campaign.price)}</Datum>
                        <Datum name={words("watch.available")}>
                            {units ? format.number(units.available) : "–"}
                        </Datum>
                        <Datum name={words("watch.held")}>{units ? format.number(units.held) : "–"}</Datum>
                        <Datum name={words("watch.sold")}>{units ? format.number(units.sold) : "–"}</Datum>
                    </>
                )}
                {terms && (
                    <Datum name={words("watch.terms")}>
                        <span className="text-base whitespace-nowrap">{terms}</span>
                    </Datum>
                )}
            </dl>
            {units && <UnitsBar units={units} label={words("watch.units")} />}
        </Card>
    );
}

function Datum({ name, children }: { name: string; children: ReactNode }) {
    return (
        <div className="min-w-0">
            <dt className="text-muted text-xs font-semibold">{name}</dt>
            <dd className="text-xl font-black tabular-nums">{children}</dd>
        </div>
    );
}

function UnitsBar({
    units,
    label,
}: {
    units: NonNullable<NonNullable<CampaignDetails["stats"]>["units"]>;
    label: string;
}) {
    const words = useWords();
    const all = Math.max(1, units.available + units.held + units.sold);
    const parts = [
        { name: words("watch.sold"), count: units.sold, colour: "bg-good" },
        { name: words("watch.held"), count: units.held, colour: "bg-warn" },
    ];
    return (
        <div
            role="img"
            aria-label={`${label}: ${words("watch.available")} ${units.available}, ${words("watch.held")} ${units.held}, ${words("watch.sold")} ${units.sold}`}
            className="bg-sunken mt-4 flex h-3 overflow-hidden rounded-full"
        >
            {parts.map(({ name, count, colour }) => (
                <div
                    key={name}
                    className={`${colour} transition-all`}
                    style={{ width: `${(100 * count) / all}%` }}
                />
            ))}
        </div>
    );
}

/** What bids and purchases need. */
function Guards({ campaign }: { campaign: CampaignDetails }) {
    const words = useWords();
    const say = useAdminProblem();
    const queries = useQueryClient();
    const id = campaign.campaign_id;
    type Change = { require_token: boolean } | { require_captcha: boolean };
    // Setting what is set already changes nothing, so it may be sent again.
    const changing = useAction(
        (change: Change) =>
            insist(() =>
                answered(
                    api.PATCH("/api/v1/campaigns/{campaign_id}", {
                        params: { path: { campaign_id: id } },
                        body: change,
                    }),
                ),
            ),
        {
            after: (changed) =>
                queries.setQueryData(
                    campaignQuery(id).queryKey,
                    (known) => known && { ...known, ...changed },
                ),
            settled: () => queries.invalidateQueries({ queryKey: ["campaign", id] }),
        },
    );
    return (
        <Card title={words("guards.title")}>
            <div className="flex flex-col gap-4" aria-busy={changing.isPending}>
                <p className="text-muted text-sm">{words("guards.hint")}</p>
                <Switch
                    label={words("guards.token")}
                    hint={words("campaign.tokenHint")}
                    checked={campaign.require_token}
                    disabled={changing.isPending}
                    onChange={(event) => changing.run({ require_token: event.target.checked })}
                />
                <Switch
                    label={words("guards.captcha")}
                    hint={words("campaign.captchaHint")}
                    checked={campaign.require_captcha}
                    disabled={changing.isPending}
                    onChange={(event) => changing.run({ require_captcha: event.target.checked })}
                />
                {changing.error && <Notice tone="bad">{say(changing.error)}</Notice>}
            </div>
        </Card>
    );
}
