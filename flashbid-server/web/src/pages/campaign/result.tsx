import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { useQuery } from "@tanstack/react-query";

import type { CampaignDetails, Order, OwnRanking } from "../../api/client";
import { ordersQuery } from "../../api/queries";
import type { CampaignEnded } from "../../lib/feed";
import { useFormat } from "../../lib/format";
import { useToken } from "../../lib/session";
import { Bolt, buttonClass, Spinner } from "../../ui";

/** Of several orders the one that matters most is told of. */
const WEIGHT: Record<Order["status"], number> = {
    pending_payment: 0,
    paid: 1,
    refund_due: 2,
    expired: 3,
    cancelled: 4,
};

/** How a sale can end for one reader. */
type Outcome =
    | "watched"
    | "absent"
    | "lost"
    | "won"
    | "paid"
    | "offered"
    | "got"
    | "held"
    | "bought"
    | "refunded"
    | "expired"
    | "cancelled";
const WON: Outcome[] = ["won", "paid", "offered", "got", "held", "bought"];

function ofOrder(order: Order, campaign: CampaignDetails): Outcome {
    const isFirstCome = campaign.format === "first_come";
    switch (order.status) {
        case "pending_payment":
            if (isFirstCome) return "held";
            return (order.final_rank ?? 0) > campaign.quota ? "offered" : "won";
        case "paid":
            return isFirstCome ? "bought" : "paid";
        case "refund_due":
            return "refunded";
        default:
            return order.status;
    }
}

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
    // The order goes on to change: it is paid, or not in time, or comes down from somebody else.
    const orders = useQuery({ ...ordersQuery(token), refetchInterval: 10_000 });
    const order = (orders.data?.orders ?? [])
        .filter((each) => each.campaign_id === campaign.campaign_id)
        .sort((one, other) => WEIGHT[one.status] - WEIGHT[other.status])[0];
    const isSettled = campaign.settled || ended !== null;
    const celebrated = useRef(false);

    useEffect(() => {
        // Only the moment is celebrated, not each later look at it: of an end that is over whoever connects is told again.
        if (!wasWatched || !ended?.is_winner || celebrated.current) return;
        celebrated.current = true;
        void import("./confetti").then(({ celebrate }) => celebrate()).catch(() => undefined);
    }, [ended, wasWatched]);

    // Nobody is told of a loss while there may be an order that is not known yet.
    const isOpen = me !== null && !order && !ended && (orders.isPending || own?.is_winning);
    if (!isSettled || isOpen) {
        return (
            <section
                role="status"
                className="bg-card border-line flex items-center gap-3 rounded-2xl border p-5 font-bold"
            >
                <Spinner /> {t("sale.settling")}
            </section>
        );
    }
    const rank = order?.final_rank ?? ended?.final_rank ?? own?.rank ?? null;
    const price = order?.final_price ?? ended?.final_price ?? null;
    const values = {
        rank: format.number(rank ?? 0),
        price: format.money(price ?? 0),
        quota: format.number(campaign.quota),
    };
    const outcome =
        me === null
            ? "watched"
            : order
              ? ofOrder(order, campaign)
              : ended?.is_winner
                ? campaign.format === "first_come"
                    ? "got"
                    : "won"
                : rank !== null
                  ? "lost"
                  : "absent";
    const won = WON.includes(outcome);
    const ordered = won || order !== undefined;
    const mayFollow =
        outcome === "lost" &&
        campaign.runners_up &&
        rank !== null &&
        rank <= campaign.quota + campaign.runners_up.places;
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
                    <h2 className="text-2xl font-black">{t(`result.${outcome}.title`)}</h2>
                    {outcome !== "watched" && (
                        <p className="mt-1 text-sm font-medium">{t(`result.${outcome}.hint`, values)}</p>
                    )}
                    {mayFollow && <p className="text-muted mt-1 text-sm">{t("result.lostOffer")}</p>}
                </div>
                <Link href={ordered ? "/orders" : "/"} className={buttonClass(won ? "primary" : "secondary")}>
                    {ordered ? t("result.toOrders") : t("result.others")}
                </Link>
            </div>
        </section>
    );
}
