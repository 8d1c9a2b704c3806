import { useQueries, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";

import { answered, api, type CampaignDetails, type Order, type Schema } from "../api/client";
import { campaignQuery } from "../api/queries";
import { useAttempt } from "../lib/attempt";
import { cart, putInCart, type Line } from "../lib/cart";
import { toUnits, type Units } from "../lib/decimal";
import { useFormat } from "../lib/format";
import { useRequestToken } from "../lib/guarded";
import { usePhase } from "../lib/phase";
import { useProblemText } from "../lib/problem";
import { useToken } from "../lib/session";
import { useStored } from "../lib/stored";
import { Button, buttonClass, Card, Empty, Loading, Notice, Page } from "../ui";
import { Picture } from "../ui/picture";
import { OrderCard } from "./order-card";

export function CartPage() {
    const { t } = useTranslation();
    const lines = useStored(cart);
    const [bought, setBought] = useState<Order[] | null>(null);
    if (bought) {
        return (
            <Page title={t("cart.title")}>
                <Notice tone="good">{t("cart.done")}</Notice>
                <ul className="grid gap-4 lg:grid-cols-2">
                    {bought.map((order) => (
                        <li key={order.order_id}>
                            <FreshOrder id={order.order_id} fallback={order} />
                        </li>
                    ))}
                </ul>
            </Page>
        );
    }
    return (
        <Page title={t("cart.title")}>
            <Checkout cart={lines} onBought={setBought} />
        </Page>
    );
}

function Checkout({ cart: chosen, onBought }: { cart: Line[]; onBought: (orders: Order[]) => void }) {
    const { t } = useTranslation();
    const say = useProblemText();
    const queries = useQueryClient();
    const gate = useRequestToken();
    const buying = useAttempt({
        name: "cart",
        async prepare(wanted: Line[]) {
            const items: Schema["NewCartItem"][] = [];
            for (const line of wanted) {
                const campaign = queries.getQueryData(campaignQuery(line.campaign).queryKey);
                const token = campaign ? await gate.token(campaign) : null;
                items.push({
                    campaign_id: line.campaign,
                    quantity: line.quantity,
                    ...(token && { request_token: token }),
                });
            }
            return items;
        },
        send: (items, key) =>
            answered(
                api.POST("/api/v1/carts", {
                    params: { header: { "Idempotency-Key": key } },
                    body: { items },
                }),
            ),
        after({ orders }, items) {
            // What was put there meanwhile stays.
            const bought = items.map((item) => item.campaign_id);
            cart.write(cart.read().filter((line) => !bought.includes(line.campaign)));
            onBought(orders);
            void queries.invalidateQueries();
        },
    });

    // What is being bought is shown as it was sent.
    const lines: Line[] =
        buying.sent?.map((item) => ({ campaign: item.campaign_id, quantity: item.quantity })) ?? chosen;
    const campaigns = useQueries({
        queries: lines.map((line) => ({ ...campaignQuery(line.campaign), refetchInterval: 5_000 })),
    });
    const known = campaigns.map((each) => each.data);
    const total = lines.reduce(
        (sum, line, index) => sum + toUnits(known[index]?.price ?? 0) * BigInt(line.quantity),
        0n,
    );

    if (lines.length === 0) {
        return (
            <Empty title={t("cart.empty")} hint={t("cart.emptyHint")}>
                <Link href="/" className={buttonClass("primary")}>
                    {t("state.home")}
                </Link>
            </Empty>
        );
    }
    return (
        <>
            {gate.dialog}
            <ul className="flex flex-col gap-3">
                {lines.map((line, index) => (
                    <li key={line.campaign}>
                        {known[index] ? (
                            <CartLine line={line} campaign={known[index]} isBusy={buying.sent !== null} />
                        ) : campaigns[index]?.error ? (
                            <Notice tone="bad">
                                {say(campaigns[index].error)}{" "}
                                <button
                                    type="button"
                                    className="font-bold underline"
                                    onClick={() => putInCart(line.campaign, 0)}
                                >
                                    {t("cart.remove")}
                                </button>
                            </Notice>
                        ) : (
                            <Loading lines={1} />
                        )}
                    </li>
                ))}
            </ul>
            <Total
                total={total}
                isReady={known.every((each) => each !== undefined)}
                buying={buying}
                onBuy={() => buying.ask(lines)}
            />
        </>
    );
}

function Total({
    total,
    isReady,
    buying,
    onBuy,
}: {
    total: Units;
    isReady: boolean;
    buying: { isPending: boolean; isUnknown: boolean; error: unknown };
    onBuy: () => void;
}) {
    const { t } = useTranslation();
    const format = useFormat();
    const say = useProblemText();
    const token = useToken();
    const price = format.money(Number(total) / 10_000);
    return (
        <Card>
            <div className="flex flex-wrap items-center gap-4">
                <div className="min-w-0 flex-1">
                    <p className="text-muted text-sm">{t("cart.total")}</p>
                    <p className="text-3xl font-black tabular-nums">{price}</p>
                </div>
                {token ? (
                    <Button
                        className="min-h-13 text-base"
                        busy={buying.isPending}
                        disabled={!isReady}
                        onClick={onBuy}
                    >
                        {buying.isPending
                            ? t("cart.buying")
                            : buying.isUnknown
                              ? t("bid.retry")
                              : t("cart.checkout", { price })}
                    </Button>
                ) : (
                    <Link href="/login?next=/cart" className={buttonClass("primary", "min-h-13 text-base")}>
                        {t("buy.logIn")}
                    </Link>
                )}
            </div>
            <p className="text-muted mt-3 text-sm">{t("cart.allOrNothing")}</p>
            {(buying.isUnknown || buying.error !== null) && (
                <div className="mt-3">
                    <Notice tone="bad">{buying.isUnknown ? t("buy.unknown") : say(buying.error)}</Notice>
                </div>
            )}
        </Card>
    );
}

function CartLine({ line, campaign, isBusy }: { line: Line; campaign: CampaignDetails; isBusy: boolean }) {
    const { t } = useTranslation();
    const format = useFormat();
    const phase = usePhase(campaign);
    const units = campaign.stats?.units;
    const isThere = phase === "active" && (!units || units.available >= line.quantity);
    const most = campaign.per_buyer_limit ?? campaign.quota;
    const name = campaign.product?.name ?? "";
    return (
        <article
            aria-label={name}
            className="bg-card border-line flex items-stretch overflow-hidden rounded-2xl border shadow-sm"
        >
            <Picture product={campaign.product} className="hidden w-28 shrink-0 sm:grid" />
            <div className="flex min-w-0 flex-1 flex-wrap items-center gap-3 p-4">
                <div className="min-w-40 flex-1">
                    <Link href={`/campaigns/${campaign.campaign_id}`} className="font-bold hover:underline">
                        {name}
                    </Link>
                    <p className="text-muted text-sm">
                        {t("cart.each", { price: format.money(campaign.price ?? 0) })}
                    </p>
                    {!isThere && <p className="text-bad text-sm font-semibold">{t("cart.unavailable")}</p>}
                </div>
                <div className="flex items-center gap-1">
                    <Button
                        kind="secondary"
                        aria-label={t("cart.decrease")}
                        disabled={isBusy || line.quantity <= 1}
                        onClick={() => putInCart(line.campaign, line.quantity - 1)}
                    >
                        −
                    </Button>
                    <output className="w-10 text-center font-bold tabular-nums">{line.quantity}</output>
                    <Button
                        kind="secondary"
                        aria-label={t("cart.increase")}
                        disabled={isBusy || line.quantity >= most}
                        onClick={() => putInCart(line.campaign, line.quantity + 1)}
                    >
                        +
                    </Button>
                </div>
                <Button kind="quiet" disabled={isBusy} onClick={() => putInCart(line.campaign, 0)}>
                    {t("cart.remove")}
                </Button>
            </div>
        </article>
    );
}

/** An order of this checkout as it is now. */
function FreshOrder({ id, fallback }: { id: string; fallback: Parameters<typeof OrderCard>[0]["order"] }) {
    const [order] = useQueries({
        queries: [
            {
                queryKey: ["orders", "one", id],
                queryFn: ({ signal }: { signal: AbortSignal }) =>
                    answered(
                        api.GET("/api/v1/orders/{order_id}", { params: { path: { order_id: id } }, signal }),
                    ),
                refetchInterval: 5_000,
            },
        ],
    });
    return <OrderCard order={order.data ?? fallback} />;
}
