import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";

import { answered, api, insist, type Order } from "../api/client";
import { campaignQuery } from "../api/queries";
import { useAction } from "../lib/action";
import { useAt, useNow } from "../lib/clock";
import { useFormat } from "../lib/format";
import { useProblemText } from "../lib/problem";
import { Button, Countdown, cx, Notice } from "../ui";
import { Dialog } from "../ui/dialog";
import { OrderStatus } from "../ui/order-status";

/** An order and what its buyer can do with it. `isWithin` the page of its own sale it need not say what it is of. */
export function OrderCard({ order, isWithin = false }: { order: Order; isWithin?: boolean }) {
    const { t } = useTranslation();
    const format = useFormat();
    const say = useProblemText();
    const queries = useQueryClient();
    const campaign = useQuery({ ...campaignQuery(order.campaign_id), staleTime: 60_000, enabled: !isWithin });
    const [asking, setAsking] = useState(false);
    const isOpen = order.status === "pending_payment";
    const isLate = Date.parse(order.pay_by) <= useNow();

    const refresh = () =>
        Promise.all([
            queries.invalidateQueries({ queryKey: ["orders"] }),
            queries.invalidateQueries({ queryKey: ["campaign", order.campaign_id] }),
        ]);
    useAt(isOpen ? Date.parse(order.pay_by) + 1_500 : null, () => void refresh());

    const at = { params: { path: { order_id: order.order_id } } };
    // Both may be asked for again: what is paid or cancelled is answered as it is.
    const paying = useAction(
        () => insist(() => answered(api.POST("/api/v1/orders/{order_id}/pay", { ...at, body: {} }))),
        { settled: refresh },
    );
    const cancelling = useAction(
        () => insist(() => answered(api.POST("/api/v1/orders/{order_id}/cancel", at))),
        { settled: refresh },
    );
    const error = paying.error ?? cancelling.error;
    const product = campaign.data?.product;

    return (
        <article
            data-testid="order"
            data-status={order.status}
            aria-label={product?.name ?? t("orders.number", { id: order.order_id.slice(0, 8) })}
            className={cx(
                "bg-card border-line flex flex-col gap-3 rounded-2xl border p-4 shadow-sm",
                !isOpen && order.status !== "paid" && "opacity-90",
            )}
        >
            <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
                {!isWithin && (
                    <Link
                        href={`/campaigns/${order.campaign_id}`}
                        className="min-w-0 truncate text-lg font-bold hover:underline"
                    >
                        {product?.name ?? "…"}
                    </Link>
                )}
                <OrderStatus status={order.status} />
                <span className="ml-auto text-lg font-black tabular-nums">
                    {order.quantity > 1 && (
                        <span className="text-muted mr-1 text-sm font-semibold">
                            {t("orders.quantity", { count: order.quantity })}
                        </span>
                    )}
                    {format.money(order.final_price)}
                </span>
            </div>
            <p className="text-muted flex flex-wrap gap-x-4 text-xs">
                <span title={order.order_id}>{t("orders.number", { id: order.order_id.slice(0, 8) })}</span>
                <span>{format.dateTime(order.created_at)}</span>
                {order.final_rank != null && (
                    <span>{t("orders.rank", { rank: format.number(order.final_rank) })}</span>
                )}
            </p>
            {isOpen && (
                <div className="flex flex-wrap items-center gap-2">
                    <Button
                        busy={paying.isPending}
                        disabled={cancelling.isPending}
                        onClick={() => paying.run()}
                    >
                        {paying.isPending
                            ? t("orders.paying")
                            : t("orders.pay", { price: format.money(order.final_price) })}
                    </Button>
                    <Button
                        kind="quiet"
                        busy={cancelling.isPending}
                        disabled={paying.isPending}
                        onClick={() => setAsking(true)}
                    >
                        {cancelling.isPending ? t("orders.cancelling") : t("orders.cancel")}
                    </Button>
                    <span data-testid="pay-by" className="ml-auto text-sm font-semibold">
                        {isLate ? (
                            t("orders.late")
                        ) : (
                            <Countdown to={order.pay_by} className="text-xl font-black" />
                        )}
                    </span>
                </div>
            )}
            {error && <Notice tone="bad">{say(error)}</Notice>}
            {asking && (
                <Dialog title={t("orders.confirm")} onClose={() => setAsking(false)}>
                    <p className="text-muted mb-4 text-sm">{t("orders.confirmHint")}</p>
                    <div className="flex flex-wrap gap-2">
                        <Button
                            kind="danger"
                            onClick={() => {
                                setAsking(false);
                                cancelling.run();
                            }}
                        >
                            {t("orders.cancel")}
                        </Button>
                        <Button kind="secondary" onClick={() => setAsking(false)}>
                            {t("orders.keep")}
                        </Button>
                    </div>
                </Dialog>
            )}
        </article>
    );
}
