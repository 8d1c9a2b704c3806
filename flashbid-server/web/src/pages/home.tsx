import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";

import { answered, api, type Campaign, type RankingEntry } from "../api/client";
import { campaignQuery } from "../api/queries";
import { useNow } from "../lib/clock";
import { useFormat } from "../lib/format";
import { phaseAt, usePhase, type Phase } from "../lib/phase";
import { useToken } from "../lib/session";
import { Badge, Bolt, Button, buttonClass, Countdown, Empty, Fetched } from "../ui";
import { Medal } from "../ui/medal";
import { Picture } from "../ui/picture";

const PAGE = 60;
/** So many of the leading are shown on a card. */
const FIRST = 3;

export function HomePage() {
    const { t } = useTranslation();
    const token = useToken();
    const campaigns = useInfiniteQuery({
        queryKey: ["campaigns", "pages"],
        initialPageParam: 0,
        queryFn: ({ pageParam, signal }) =>
            answered(
                api.GET("/api/v1/campaigns", { params: { query: { skip: pageParam, limit: PAGE } }, signal }),
            ),
        getNextPageParam: (last, pages) =>
            pages.length * PAGE < last.total ? pages.length * PAGE : undefined,
        refetchInterval: 10_000,
    });
    // However many are announced or over, what runs is there.
    const running = useQuery({
        queryKey: ["campaigns", "running"],
        queryFn: ({ signal }) =>
            answered(
                api.GET("/api/v1/campaigns", { params: { query: { running: true, limit: 100 } }, signal }),
            ),
        refetchInterval: 5_000,
    });
    return (
        <div className="flex flex-col gap-8">
            <header className="from-brand/15 via-brand/5 relative overflow-hidden rounded-3xl bg-gradient-to-br to-transparent px-5 py-8 sm:px-10 sm:py-12">
                <Bolt className="text-brand/10 absolute -top-6 -right-4 size-56" />
                <h1 className="text-3xl font-black tracking-tight sm:text-5xl">{t("home.title")}</h1>
                <p className="text-muted mt-3 max-w-2xl text-base sm:text-lg">{t("home.lead")}</p>
                {!token && (
                    <p className="relative mt-5 flex flex-wrap items-center gap-x-4 gap-y-2">
                        <Link href="/register" className={buttonClass("primary")}>
                            {t("home.join")}
                        </Link>
                        <span className="text-muted text-sm">{t("home.joinHint")}</span>
                    </p>
                )}
            </header>
            <Fetched of={campaigns}>
                {({ pages }) => (
                    <>
                        <Sections
                            campaigns={together([
                                ...(running.data?.campaigns ?? []),
                                ...pages.flatMap((page) => page.campaigns),
                            ])}
                        />
                        {campaigns.hasNextPage && (
                            <Button
                                kind="secondary"
                                className="self-center"
                                busy={campaigns.isFetchingNextPage}
                                onClick={() => void campaigns.fetchNextPage()}
                            >
                                {t("home.more")}
                            </Button>
                        )}
                    </>
                )}
            </Fetched>
        </div>
    );
}

/** Each campaign once. */
function together(campaigns: Campaign[]): Campaign[] {
    return [...new Map(campaigns.map((campaign) => [campaign.campaign_id, campaign])).values()];
}

function Sections({ campaigns }: { campaigns: Campaign[] }) {
    const { t } = useTranslation();
    const now = useNow();
    if (campaigns.length === 0) return <Empty title={t("home.none")} hint={t("home.noneHint")} />;
    const of = (phase: Phase) => campaigns.filter((campaign) => phaseAt(campaign, now) === phase);
    const soonest = (key: "start_time" | "end_time") => (one: Campaign, other: Campaign) =>
        one[key].localeCompare(other[key]) || other.format.localeCompare(one.format);
    const sections = [
        { title: t("home.running"), campaigns: of("active").sort(soonest("end_time")) },
        { title: t("home.upcoming"), campaigns: of("pending").sort(soonest("start_time")) },
        { title: t("home.over"), campaigns: of("ended").sort(soonest("end_time")).reverse() },
    ];
    return sections.map(
        (section) =>
            section.campaigns.length > 0 && (
                <section key={section.title} aria-label={section.title}>
                    <h2 className="mb-3 text-xl font-extrabold tracking-tight">{section.title}</h2>
                    <ul className="grid gap-4 sm:grid-cols-2 lg:grid-cols-3">
                        {section.campaigns.map((campaign) => (
                            <li key={campaign.campaign_id}>
                                <SaleCard campaign={campaign} />
                            </li>
                        ))}
                    </ul>
                </section>
            ),
    );
}

export function SaleCard({ campaign }: { campaign: Campaign }) {
    const { t } = useTranslation();
    const format = useFormat();
    const phase = usePhase(campaign);
    const isFirstCome = campaign.format === "first_come";
    const isContested = !isFirstCome && phase === "active";
    const id = campaign.campaign_id;
    const details = useQuery({
        ...campaignQuery(id),
        enabled: !isContested,
        refetchInterval: phase === "active" ? 5_000 : false,
    });
    const leaders = useQuery({
        queryKey: ["leaders", id],
        enabled: isContested,
        queryFn: ({ signal }) =>
            answered(
                api.GET("/api/v1/rankings/{campaign_id}", {
                    params: { path: { campaign_id: id }, query: { limit: FIRST } },
                    signal,
                }),
            ),
        refetchInterval: 5_000,
    });
    const stats = details.data?.stats;
    const bidders = isContested ? leaders.data?.total_participants : stats?.total_participants;
    const action =
        phase === "ended"
            ? t("sale.look")
            : phase === "pending"
              ? t("sale.preview")
              : isFirstCome
                ? t("sale.buyNow")
                : t("sale.bidNow");
    return (
        <article className="bg-card border-line group relative flex h-full flex-col overflow-hidden rounded-2xl border shadow-sm transition hover:-translate-y-0.5 hover:shadow-lg">
            <Picture product={campaign.product} className="h-36 w-full" />
            <div className="flex flex-1 flex-col gap-3 p-4">
                <div className="flex flex-wrap items-center gap-2">
                    <Badge tone={isFirstCome ? "warn" : "brand"}>
                        {isFirstCome ? t("sale.firstCome") : t("sale.ranked")}
                    </Badge>
                    <span className="ml-auto text-sm font-bold">
                        {phase === "ended" ? (
                            <span className="text-muted">{t("sale.ended")}</span>
                        ) : (
                            <>
                                <span className="text-muted mr-1.5 font-medium">
                                    {phase === "pending" ? t("sale.startsIn") : t("sale.endsIn")}
                                </span>
                                <Countdown
                                    to={phase === "pending" ? campaign.start_time : campaign.end_time}
                                />
                            </>
                        )}
                    </span>
                </div>
                <h3 className="text-lg leading-snug font-bold">
                    <Link
                        href={`/campaigns/${campaign.campaign_id}`}
                        className="after:absolute after:inset-0"
                    >
                        {campaign.product?.name ?? campaign.campaign_id}
                    </Link>
                </h3>
                <div className="text-muted flex flex-wrap gap-x-4 gap-y-1 text-sm">
                    <span className="text-ink font-bold tabular-nums">
                        {isFirstCome
                            ? format.money(campaign.price ?? 0)
                            : t("sale.fromPrice", { price: format.money(campaign.product?.min_price ?? 0) })}
                    </span>
                    <span>{t("sale.units", { count: campaign.quota })}</span>
                    {isFirstCome
                        ? stats?.units && (
                              <span>
                                  {stats.units.available > 0
                                      ? t("sale.left", { count: stats.units.available })
                                      : t("sale.soldOut")}
                              </span>
                          )
                        : bidders !== undefined && <span>{t("sale.participants", { count: bidders })}</span>}
                </div>
                {isContested && leaders.data && <Leaders rows={leaders.data.rankings} />}
                <span
                    aria-hidden
                    className={buttonClass(phase === "active" ? "primary" : "secondary", "mt-auto w-full")}
                >
                    {action}
                </span>
            </div>
        </article>
    );
}

/** Who is winning at the moment. */
function Leaders({ rows }: { rows: RankingEntry[] }) {
    const { t } = useTranslation();
    const format = useFormat();
    if (rows.length === 0) return null;
    return (
        <ol aria-label={t("home.leading")} className="flex flex-col gap-1 text-sm">
            {rows.map((row) => (
                <li key={row.rank} className="flex items-center gap-2">
                    <Medal rank={row.rank} />
                    <span className="min-w-0 flex-1 truncate font-semibold">
                        {row.username ?? t("ranking.anonymous")}
                    </span>
                    <span className="text-muted tabular-nums">{format.money(row.price)}</span>
                </li>
            ))}
        </ol>
    );
}
