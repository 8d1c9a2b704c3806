import { useInfiniteQuery, useQueries, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";

import { answered, api, type Bid, type Campaign } from "../api/client";
import { ownRankingQuery } from "../api/queries";
import { useFormat } from "../lib/format";
import { placeWords, usePhase } from "../lib/phase";
import { useToken } from "../lib/session";
import { Badge, Button, buttonClass, Countdown, Empty, Failed, Fetched, Loading, Page } from "../ui";
import { Picture } from "../ui/picture";

/** So many sales are looked through at once: each is two short requests. */
const STEP = 20;

/** The sales that the reader has bid in, newest first. */
export function BidsPage() {
    const { t } = useTranslation();
    const campaigns = useInfiniteQuery({
        queryKey: ["campaigns", "looked through"],
        initialPageParam: 0,
        queryFn: ({ pageParam, signal }) =>
            answered(
                api.GET("/api/v1/campaigns", { params: { query: { skip: pageParam, limit: STEP } }, signal }),
            ),
        getNextPageParam: (last, pages) =>
            pages.length * STEP < last.total ? pages.length * STEP : undefined,
    });
    return (
        <Page title={t("bids.title")}>
            <Fetched of={campaigns}>
                {({ pages }) => {
                    const looked = pages.flatMap((page) => page.campaigns);
                    return (
                        <>
                            <Own
                                campaigns={looked.filter((campaign) => campaign.format === "ranked")}
                                looked={campaigns.hasNextPage ? looked.length : null}
                            />
                            {campaigns.hasNextPage && (
                                <Button
                                    kind="secondary"
                                    busy={campaigns.isFetchingNextPage}
                                    onClick={() => void campaigns.fetchNextPage()}
                                >
                                    {t("bids.older")}
                                </Button>
                            )}
                        </>
                    );
                }}
            </Fetched>
        </Page>
    );
}

function Own({ campaigns, looked }: { campaigns: Campaign[]; looked: number | null }) {
    const { t } = useTranslation();
    const token = useToken();
    const latest = useQueries({
        queries: campaigns.map((campaign) => ({
            queryKey: ["history", campaign.campaign_id, token, "latest"],
            queryFn: ({ signal }: { signal: AbortSignal }) =>
                answered(
                    api.GET("/api/v1/bids/{campaign_id}/history", {
                        params: { path: { campaign_id: campaign.campaign_id }, query: { limit: 1 } },
                        signal,
                    }),
                ),
        })),
    });
    const own = campaigns.flatMap((campaign, index) => {
        const history = latest[index]?.data;
        return history?.bids[0] ? [{ campaign, bid: history.bids[0], count: history.total }] : [];
    });
    const failed = latest.filter((each) => each.error && each.data === undefined);
    const retry = () => failed.map((each) => each.refetch());
    if (own.length === 0 && failed[0]) return <Failed error={failed[0].error} retry={retry} />;
    if (own.length === 0 && latest.some((each) => each.isPending)) return <Loading />;
    if (own.length === 0) {
        return (
            <Empty
                title={looked === null ? t("bids.empty") : t("bids.emptySoFar", { count: looked })}
                hint={t("bids.emptyHint")}
            >
                <Link href="/" className={buttonClass("primary")}>
                    {t("state.home")}
                </Link>
            </Empty>
        );
    }
    return (
        <>
            {failed[0] && <Failed error={failed[0].error} retry={retry} />}
            <ul className="flex flex-col gap-3">
                {own.map((each) => (
                    <li key={each.campaign.campaign_id}>
                        <Participation {...each} />
                    </li>
                ))}
            </ul>
        </>
    );
}

function Participation({ campaign, bid, count }: { campaign: Campaign; bid: Bid; count: number }) {
    const { t } = useTranslation();
    const format = useFormat();
    const token = useToken();
    const phase = usePhase(campaign);
    const own = useQuery({
        ...ownRankingQuery(campaign.campaign_id, token),
        refetchInterval: phase === "active" ? 3_000 : false,
    });
    return (
        <article className="bg-card border-line relative flex items-stretch overflow-hidden rounded-2xl border shadow-sm">
            <Picture product={campaign.product} className="w-20 shrink-0 sm:w-28" />
            <div className="flex min-w-0 flex-1 flex-col gap-2 p-4">
                <div className="flex flex-wrap items-center gap-2">
                    <Link
                        href={`/campaigns/${campaign.campaign_id}`}
                        className="min-w-0 truncate text-lg font-bold after:absolute after:inset-0"
                    >
                        {campaign.product?.name}
                    </Link>
                    {own.data?.rank != null && (
                        <Badge tone={own.data.is_winning ? "good" : "bad"}>
                            {t(placeWords(own.data.is_winning, phase))}
                        </Badge>
                    )}
                    <span className="ml-auto text-sm font-bold">
                        {phase === "active" ? (
                            <Countdown to={campaign.end_time} />
                        ) : (
                            <span className="text-muted">{t("sale.ended")}</span>
                        )}
                    </span>
                </div>
                <dl className="text-muted flex flex-wrap gap-x-6 gap-y-1 text-sm">
                    <div className="flex gap-1.5">
                        <dt>{t("bids.latest")}</dt>
                        <dd className="text-ink font-bold tabular-nums">{format.money(bid.price)}</dd>
                    </div>
                    {own.data?.rank != null && (
                        <div className="flex gap-1.5">
                            <dt>{t("bids.best")}</dt>
                            <dd className="text-ink font-bold tabular-nums">
                                #{format.number(own.data.rank)} / {format.number(own.data.total_participants)}
                            </dd>
                        </div>
                    )}
                    <div>
                        <dt className="sr-only">{t("bid.history")}</dt>
                        <dd>{t("bids.count", { count })}</dd>
                    </div>
                </dl>
            </div>
        </article>
    );
}
