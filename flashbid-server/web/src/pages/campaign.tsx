import { useQuery, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";

import { Problem, type CampaignDetails } from "../api/client";
import { campaignQuery, useMe } from "../api/queries";
import { serverNow, useAt } from "../lib/clock";
import { useFormat } from "../lib/format";
import { useLive, useOwnPlace, type Live, type Sample } from "../lib/live";
import { usePhase, type Phase } from "../lib/phase";
import { useToken } from "../lib/session";
import { useTitle } from "../lib/title";
import { Badge, Card, Countdown, cx, Empty, Failed, Loading } from "../ui";
import { Guard, Reload } from "../ui/guard";
import { Picture } from "../ui/picture";
import { BidForm } from "./campaign/bid-form";
import { BuyForm } from "./campaign/buy-form";
import { RankingCard } from "./campaign/ranking";
import { Result } from "./campaign/result";

const Chart = lazy(() => import("./campaign/chart"));

/** One sale, live. */
export function CampaignPage({ id }: { id: string }) {
    const { t } = useTranslation();
    const campaign = useQuery({
        ...campaignQuery(id),
        // Until it is settled there is something to wait for.
        refetchInterval: ({ state }) =>
            state.data && !state.data.settled && serverNow() >= Date.parse(state.data.end_time)
                ? 1_000
                : 10_000,
    });
    if (campaign.data) return <Sale campaign={campaign.data} />;
    if (
        campaign.error instanceof Problem &&
        (campaign.error.status === 404 || campaign.error.status === 422)
    ) {
        return <Empty title={t("state.notFound")} hint={t("problem.UNKNOWN_CAMPAIGN")} />;
    }
    if (campaign.error) return <Failed error={campaign.error} retry={() => void campaign.refetch()} />;
    return <Loading lines={4} />;
}

function Sale({ campaign }: { campaign: CampaignDetails }) {
    const queries = useQueryClient();
    const live = useLive(campaign);
    const me = useMe();
    const own = useOwnPlace(campaign, live, me?.user_id ?? null);
    const phase = usePhase(campaign);
    const isFirstCome = campaign.format === "first_come";
    const [wasWatched] = useState(phase !== "ended");

    // What may be done changes at the start and at the end.
    const refresh = () => void queries.invalidateQueries({ queryKey: ["campaign", campaign.campaign_id] });
    useAt(Date.parse(campaign.start_time), refresh);
    useAt(Date.parse(campaign.end_time), refresh);
    useTitle(campaign.product?.name);

    return (
        <div className="flex flex-col gap-5">
            <Head campaign={campaign} live={live} phase={phase} />
            {phase === "ended" && (
                <Result
                    campaign={campaign}
                    own={own}
                    ended={live.ended}
                    wasWatched={wasWatched}
                    me={me?.user_id ?? null}
                />
            )}
            <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,1fr)_22rem]">
                <div className="order-2 flex flex-col gap-5 lg:order-1">
                    {!isFirstCome && (
                        <RankingCard
                            campaign={campaign}
                            live={live}
                            own={own}
                            me={me?.user_id ?? null}
                            phase={phase}
                        />
                    )}
                    {!isFirstCome && <PriceChart samples={live.samples} phase={phase} />}
                    <About campaign={campaign} />
                </div>
                <div className="order-1 flex flex-col gap-5 lg:sticky lg:top-20 lg:order-2">
                    {isFirstCome ? (
                        <BuyForm campaign={campaign} units={live.units} phase={phase} />
                    ) : (
                        <BidForm campaign={campaign} live={live} own={own} me={me} phase={phase} />
                    )}
                </div>
            </div>
        </div>
    );
}

/** Price and participation over time, as they were seen since the page is open. */
function PriceChart({ samples, phase }: { samples: readonly Sample[]; phase: Phase }) {
    const { t } = useTranslation();
    // Whoever comes after the end has seen nothing that could be drawn.
    if (phase === "ended" && samples.length < 2) return null;
    return (
        <Card title={t("chart.title")}>
            {samples.length < 2 ? (
                <p className="text-muted py-6 text-center text-sm">{t("chart.waiting")}</p>
            ) : (
                // What draws it is large, and there is nothing to draw at first.
                <Guard
                    instead={
                        <div className="text-muted flex flex-wrap items-center gap-3 text-sm">
                            {t("chart.broken")} <Reload />
                        </div>
                    }
                >
                    <Suspense fallback={<Loading lines={2} />}>
                        <Chart samples={samples} count={samples.length} />
                    </Suspense>
                </Guard>
            )}
        </Card>
    );
}

function Head({ campaign, live, phase }: { campaign: CampaignDetails; live: Live; phase: Phase }) {
    const { t } = useTranslation();
    const format = useFormat();
    const isFirstCome = campaign.format === "first_come";
    const participants = Math.max(
        live.ranking?.total_participants ?? 0,
        campaign.stats?.total_participants ?? 0,
    );
    return (
        <header className="bg-card border-line overflow-hidden rounded-3xl border shadow-sm sm:flex">
            <Picture product={campaign.product} className="h-36 w-full shrink-0 sm:h-auto sm:w-56" />
            <div className="flex min-w-0 flex-1 flex-col gap-3 p-5">
                <div className="flex flex-wrap items-center gap-2">
                    <Link href="/" className="text-brand text-sm font-semibold hover:underline">
                        ← {t("sale.back")}
                    </Link>
                    <Badge tone={isFirstCome ? "warn" : "brand"}>
                        {isFirstCome ? t("sale.firstCome") : t("sale.ranked")}
                    </Badge>
                    <span className="ml-auto">
                        <ConnectionState live={live} phase={phase} />
                    </span>
                </div>
                <h1 className="text-2xl font-black tracking-tight break-words sm:text-3xl">
                    {campaign.product?.name}
                </h1>
                <dl className="flex flex-wrap items-end gap-x-8 gap-y-3">
                    <Figure
                        label={
                            phase === "pending"
                                ? t("sale.startsIn")
                                : phase === "active"
                                  ? t("sale.endsIn")
                                  : t("sale.ended")
                        }
                        large={phase !== "ended"}
                    >
                        <span data-testid="countdown">
                            {phase === "ended" ? (
                                format.dateTime(campaign.end_time)
                            ) : (
                                <Countdown
                                    to={phase === "pending" ? campaign.start_time : campaign.end_time}
                                />
                            )}
                        </span>
                    </Figure>
                    <Figure label={isFirstCome ? t("sale.price") : t("sale.best")}>
                        {isFirstCome ? (
                            format.money(campaign.price ?? 0)
                        ) : (
                            <Highest live={live} campaign={campaign} />
                        )}
                    </Figure>
                    <Figure label={t("sale.unitsLabel")}>{format.number(campaign.quota)}</Figure>
                    {!isFirstCome && (
                        <Figure label={t("sale.biddersLabel")}>{format.number(participants)}</Figure>
                    )}
                </dl>
            </div>
        </header>
    );
}

function Highest({ live, campaign }: { live: Live; campaign: CampaignDetails }) {
    const { t } = useTranslation();
    const format = useFormat();
    // A high bid need not be among the winning ones.
    let best = campaign.stats?.max_price ?? null;
    for (const { price } of live.ranking?.rankings ?? []) if (best === null || price > best) best = price;
    return best === null ? (
        <span className="text-muted text-base font-semibold">{t("sale.noBids")}</span>
    ) : (
        format.money(best)
    );
}

function Figure({
    label,
    large = false,
    children,
}: {
    label: string;
    large?: boolean;
    children: React.ReactNode;
}) {
    return (
        <div>
            <dt className="text-muted text-xs font-semibold">{label}</dt>
            <dd className={cx("font-black tabular-nums", large ? "text-3xl sm:text-4xl" : "text-xl")}>
                {children}
            </dd>
        </div>
    );
}

function ConnectionState({ live, phase }: { live: Live; phase: Phase }) {
    const { t } = useTranslation();
    const token = useToken();
    if (phase === "ended" && live.connection !== "lost") return null;
    const state = token === null ? "polled" : live.connection;
    const tone = state === "live" ? "good" : state === "lost" || state === "gone" ? "bad" : "neutral";
    return (
        <span role="status" data-testid="connection" data-state={state}>
            <Badge tone={tone}>
                <span
                    aria-hidden
                    className={cx("size-2 rounded-full bg-current", state === "live" && "animate-pulse-dot")}
                />
                {t(`connection.${state}`)}
            </Badge>
        </span>
    );
}

function About({ campaign }: { campaign: CampaignDetails }) {
    const { t } = useTranslation();
    const format = useFormat();
    const rows: [string, string][] = [
        [t("sale.startAt"), format.dateTime(campaign.start_time)],
        [t("sale.endAt"), format.dateTime(campaign.end_time)],
        [t("sale.payWithin"), format.span(campaign.payment_deadline * 1_000)],
    ];
    return (
        <Card title={t("sale.details")}>
            {campaign.product?.description && (
                <p className="mb-4 text-sm leading-relaxed whitespace-pre-line">
                    {campaign.product.description}
                </p>
            )}
            <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-1.5 text-sm">
                {rows.map(([label, value]) => (
                    <div key={label} className="col-span-2 grid grid-cols-subgrid">
                        <dt className="text-muted">{label}</dt>
                        <dd className="font-semibold">{value}</dd>
                    </div>
                ))}
            </dl>
            {campaign.runners_up && (
                <p className="text-muted mt-3 text-sm">
                    {t("sale.runnersUp", { place: campaign.quota + campaign.runners_up.places })}
                </p>
            )}
        </Card>
    );
}
