import { memo, useState } from "react";
import { useTranslation } from "react-i18next";

import type { CampaignDetails, OwnRanking, RankingEntry } from "../../api/client";
import { useGlide } from "../../lib/flip";
import { useFormat } from "../../lib/format";
import type { Live } from "../../lib/live";
import { placeWords, type Phase } from "../../lib/phase";
import { Button, Card, cx, Failed, Loading } from "../../ui";
import { Medal } from "../../ui/medal";

/** How many rows are shown before somebody asks for all. */
const FEW = 20;
const NOBODY: RankingEntry[] = [];
const DASHES = "border-warn h-0 flex-1 border-t-2 border-dashed";

/** Who would win now: the winning places, the line below the last of them, and where the reader is. */
export function RankingCard({
    campaign,
    live,
    own,
    me,
    phase,
}: {
    campaign: CampaignDetails;
    live: Live;
    own: OwnRanking | null;
    me: string | null;
    phase: Phase;
}) {
    const { t } = useTranslation();
    const format = useFormat();
    const [all, setAll] = useState(false);
    const known = live.ranking?.rankings ?? NOBODY;
    const participants = live.ranking?.total_participants ?? 0;
    const rows = all ? known : known.slice(0, FEW);
    const list = useGlide<HTMLTableSectionElement>(rows.map((row) => row.user_id).join());
    const open = campaign.quota - participants;
    // Winning places that are not shown: yet, or at all, for of a great many only the first are told.
    const hidden = Math.min(campaign.quota, participants) - rows.length;
    const isListed = rows.some((row) => row.user_id === me);
    const ownRow = own?.rank != null && !isListed && (
        <tr data-testid="rank-row" data-user={me ?? undefined} data-mine className="bg-brand-soft font-bold">
            <td className="rounded-l-lg py-2.5 pl-2 tabular-nums">{format.number(own.rank)}</td>
            <td colSpan={2} className="truncate py-2.5">
                {t("ranking.yourPlace")}
                <span className="text-muted ml-2 font-medium">{t(placeWords(own.is_winning, phase))}</span>
            </td>
            <td className="rounded-r-lg p-0 text-right tabular-nums sm:pr-2">
                <span className="hidden sm:inline">{format.score(own.score ?? 0)}</span>
            </td>
        </tr>
    );

    return (
        <Card
            title={phase === "ended" ? t("ranking.final") : t("ranking.title")}
            aside={
                <span className="text-muted text-sm tabular-nums">
                    {live.ranking && t("sale.participants", { count: participants })}
                </span>
            }
        >
            {!live.ranking ? (
                live.problem ? (
                    <Failed error={live.problem} />
                ) : (
                    <Loading lines={2} />
                )
            ) : known.length === 0 ? (
                <p className="text-muted py-6 text-center text-sm">{t("ranking.empty")}</p>
            ) : (
                <table className="w-full table-fixed border-separate border-spacing-0 text-sm">
                    <thead className="text-muted text-left text-xs">
                        <tr>
                            <th scope="col" className="w-14 pb-2 pl-2 font-semibold">
                                {t("ranking.rank")}
                            </th>
                            <th scope="col" className="pb-2 font-semibold">
                                {t("ranking.bidder")}
                            </th>
                            <th scope="col" className="w-24 pb-2 text-right font-semibold sm:w-28">
                                {t("ranking.price")}
                            </th>
                            <th scope="col" className="w-0 p-0 pb-2 text-right font-semibold sm:w-28 sm:pr-2">
                                <span className="hidden sm:inline">{t("ranking.score")}</span>
                            </th>
                        </tr>
                    </thead>
                    <tbody ref={list}>
                        {rows.map((row) => (
                            <Row
                                key={row.user_id}
                                rank={row.rank}
                                user={row.user_id}
                                name={row.username ?? null}
                                price={row.price}
                                score={row.score}
                                isMine={row.user_id === me}
                            />
                        ))}
                    </tbody>
                    <tbody>
                        {hidden > 0 && (
                            <tr>
                                <td colSpan={4} className="text-muted py-2 pl-2 text-xs">
                                    {t("ranking.hidden", { count: hidden })}
                                </td>
                            </tr>
                        )}
                        {own?.is_winning && ownRow}
                        <tr>
                            <td colSpan={4} className="py-1">
                                <div
                                    className="text-warn flex items-center gap-3 py-1 text-xs font-bold"
                                    data-testid="winning-line"
                                >
                                    <span aria-hidden className={DASHES} />
                                    {open > 0
                                        ? open === 1
                                            ? t("ranking.openOne")
                                            : t("ranking.open", { count: open })
                                        : campaign.quota === 1
                                          ? t("ranking.lineOne")
                                          : t("ranking.line", { count: campaign.quota })}
                                    <span aria-hidden className={DASHES} />
                                </div>
                            </td>
                        </tr>
                        {!own?.is_winning && ownRow}
                    </tbody>
                </table>
            )}
            {known.length > FEW && (
                <Button kind="quiet" className="mt-2 w-full" aria-expanded={all} onClick={() => setAll(!all)}>
                    {all ? t("ranking.less") : t("ranking.more", { count: known.length })}
                </Button>
            )}
        </Card>
    );
}

const Row = memo(function Row({
    rank,
    user,
    name,
    price,
    score,
    isMine,
}: Pick<RankingEntry, "rank" | "price" | "score"> & { user: string; name: string | null; isMine: boolean }) {
    const { t } = useTranslation();
    const format = useFormat();
    const cell = "py-2 border-b border-line/60";
    return (
        <tr
            data-key={user}
            data-testid="rank-row"
            data-user={user}
            data-mine={isMine || undefined}
            className={cx(isMine && "bg-brand-soft font-bold")}
        >
            <td className={cx(cell, "pl-2 tabular-nums")}>
                <Medal rank={rank} />
            </td>
            <td className={cx(cell, "truncate")}>
                {name ?? `${t("ranking.anonymous")} ${user.slice(0, 4)}`}
                {isMine && (
                    <span className="bg-brand text-brand-ink ml-2 rounded-full px-2 py-0.5 text-xs">
                        {t("ranking.you")}
                    </span>
                )}
            </td>
            <td className={cx(cell, "text-right tabular-nums")}>{format.money(price)}</td>
            <td className={cx(cell, "text-muted p-0 text-right tabular-nums sm:pr-2")}>
                <span className="hidden sm:inline">{format.score(score)}</span>
            </td>
        </tr>
    );
});
