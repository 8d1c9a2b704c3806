import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { useQuery } from "@tanstack/react-query";

import type { CampaignDetails, OwnRanking } from "../../api/client";
import { ordersQuery } from "../../api/queries";
import type { CampaignEnded } from "../../lib/feed";
import { useFormat } from "../../lib/format";
import { useToken } from "../../lib/session";
import { Bolt, buttonClass, Spinner } from "../../ui";

/** What became of the reader when the sale ended. */
export function Result({
    campaign,
    own,
    ended,
    wasWatched,
    me,
}: {
    campaign: CampaignDetails;
    own: OwnRanking | null;
    ended: CampaignEnded | null;
    /** Whether the sale ended while the reader looked at it. */
    wasWatched: boolean;
    me: string | null;
}) {
    const { t } = useTranslation();
    const format = useFormat();
    const token = useToken();
    const orders = useQuery(ordersQuery(token));
    const order = orders.data?.orders.find((each) => each.campaign_id === campaign.campaign_id);
    const isFirstCome = campaign.format === "first_come";
    const isSettled = campaign.settled || ended !== null;
    const isWinner = ended?.is_winner ?? (isSettled && order !== undefined);
    const rank = ended?.final_rank ?? order?.final_rank ?? own?.rank ?? null;
    const price = ended?.final_price ?? order?.final_price ?? null;

    useEffect(() => {
        // Only the moment is celebrated, not each later look at it: of an end that is over whoever connects is told again.
        if (wasWatched && ended?.is_winner) void import("./confetti").then(({ celebrate }) => celebrate());
    }, [ended, wasWatched]);

    if (!isSettled) {
        return (
            <section
                role="status"
                className="bg-card border-line flex items-center gap-3 rounded-2xl border p-5 font-bold"
            >
                <Spinner /> {t("sale.settling")}
            </section>
        );
    }
    const won = isWinner && me !== null;
    const took = rank !== null && me !== null;
    const title = won
        ? isFirstCome
            ? t("result.bought")
            : t("result.won")
        : took
          ? t("result.lost")
          : t("result.watched");
    const hint = won
        ? isFirstCome
            ? t("result.boughtHint")
            : t("result.wonHint", { rank: format.number(rank ?? 0), price: format.money(price ?? 0) })
        : took
          ? t("result.lostHint", { rank: format.number(rank), quota: format.number(campaign.quota) })
          : me !== null
            ? t("result.watchedHint")
            : null;
    const mayFollow =
        took && !won && campaign.runners_up && rank <= campaign.quota + campaign.runners_up.places;
    return (
        <section
            role="status"
            data-testid="result"
            data-won={won}
            className={
                won
                    ? "bg-good-soft text-good rounded-2xl p-5 sm:p-6"
                    : "bg-card border-line rounded-2xl border p-5 sm:p-6"
            }
        >
            <div className="flex flex-wrap items-center gap-4">
                {won && <Bolt className="size-10 shrink-0" />}
                <div className="min-w-0 flex-1">
                    <h2 className="text-2xl font-black">{title}</h2>
                    {hint && <p className="mt-1 text-sm font-medium">{hint}</p>}
                    {mayFollow && <p className="text-muted mt-1 text-sm">{t("result.lostOffer")}</p>}
                </div>
                <Link href={won ? "/orders" : "/"} className={buttonClass(won ? "primary" : "secondary")}>
                    {won ? t("result.toOrders") : t("result.others")}
                </Link>
            </div>
        </section>
    );
}
