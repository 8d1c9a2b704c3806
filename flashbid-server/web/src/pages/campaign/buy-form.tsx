import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";

import { answered, api, type CampaignDetails, type UnitsLeft } from "../../api/client";
import { ordersQuery } from "../../api/queries";
import { useAttempt } from "../../lib/attempt";
import { cart, putInCart } from "../../lib/cart";
import { toUnits } from "../../lib/decimal";
import { useFormat } from "../../lib/format";
import { useRequestToken } from "../../lib/guarded";
import type { Phase } from "../../lib/phase";
import { useProblemText } from "../../lib/problem";
import { useToken } from "../../lib/session";
import { useStored } from "../../lib/stored";
import { Button, buttonClass, Card, Countdown, Field, Notice, Spinner } from "../../ui";
import { Join } from "../../ui/join";
import { OrderCard } from "../order-card";

export function BuyForm({
    campaign,
    units,
    phase,
}: {
    campaign: CampaignDetails;
    units: UnitsLeft | null;
    phase: Phase;
}) {
    const { t } = useTranslation();
    const format = useFormat();
    const say = useProblemText();
    const queries = useQueryClient();
    const token = useToken();
    const gate = useRequestToken();
    const inCart = useStored(cart).some((line) => line.campaign === campaign.campaign_id);

    const id = campaign.campaign_id;
    const buying = useAttempt({
        name: `purchase.${id}`,
        prepare: async (quantity: number) => ({ quantity, token: await gate.token(campaign) }),
        send: (request, key) =>
            answered(
                api.POST("/api/v1/purchases", {
                    params: {
                        header: {
                            "Idempotency-Key": key,
                            ...(request.token && { "X-Request-Token": request.token }),
                        },
                    },
                    body: { campaign_id: id, quantity: request.quantity },
                }),
            ),
        // Its terms may have become stricter, it may be sold out or over.
        failed: () => void queries.invalidateQueries({ queryKey: ["campaign", id] }),
        after() {
            void queries.invalidateQueries({ queryKey: ["orders"] });
            void queries.invalidateQueries({ queryKey: ["campaign", id] });
        },
    });

    const [typed, setText] = useState(String(buying.sent?.quantity ?? 1));
    const text = buying.sent ? String(buying.sent.quantity) : typed;
    const limit = campaign.per_buyer_limit ?? null;
    const quantity = /^[1-9]\d{0,8}$/.test(text.trim()) ? Number(text) : null;
    const isSoldOut = units !== null && units.available === 0;
    const wrong =
        quantity === null
            ? t("buy.quantityMalformed")
            : limit !== null && quantity > limit
              ? t("buy.limit", { count: limit })
              : null;
    const total = Number(toUnits(campaign.price ?? 0) * BigInt(quantity ?? 1)) / 10_000;

    // The order of a purchase is written a moment after its units are taken.
    const held = buying.answer?.hold_id ?? null;
    const purchase = useQuery({
        queryKey: ["purchase", held],
        enabled: held !== null && token !== null,
        queryFn: ({ signal }) =>
            answered(
                api.GET("/api/v1/purchases/{hold_id}", { params: { path: { hold_id: held! } }, signal }),
            ),
        refetchInterval: ({ state }) => (state.data && state.data.status !== "held" ? false : 1_000),
    });
    const orders = useQuery({ ...ordersQuery(token), refetchInterval: 15_000 });
    const mine = (orders.data?.orders ?? []).filter((order) => order.campaign_id === id);
    const isWritten =
        purchase.data?.order_id != null && mine.some((order) => order.order_id === purchase.data?.order_id);
    const isPreparing =
        held !== null &&
        !isWritten &&
        purchase.data?.status !== "sold_out" &&
        purchase.data?.status !== "released";

    function submit(event: FormEvent) {
        event.preventDefault();
        if (buying.isUnknown) buying.askAgain();
        else if (!wrong && quantity !== null) buying.ask(quantity);
    }

    return (
        <>
            <Card title={t("buy.title")}>
                {gate.dialog}
                <div className="flex flex-col gap-4">
                    {units && <UnitsBar units={units} quota={campaign.quota} />}
                    {phase === "ended" && !buying.isUnknown ? (
                        <p className="text-muted text-sm">{t("buy.over")}</p>
                    ) : !token ? (
                        <Join next={`/campaigns/${id}`} words={t("buy.logIn")} />
                    ) : (
                        <form onSubmit={submit} noValidate className="flex flex-col gap-3">
                            <Field
                                label={t("buy.quantity")}
                                inputMode="numeric"
                                autoComplete="off"
                                value={text}
                                disabled={buying.isUnknown}
                                readOnly={buying.isPending}
                                onChange={(event) => setText(event.target.value)}
                                hint={limit !== null && t("sale.perBuyer", { count: limit })}
                                error={wrong}
                            />
                            <Button
                                type="submit"
                                busy={buying.isPending}
                                disabled={
                                    !buying.isUnknown && (phase === "pending" || isSoldOut || wrong !== null)
                                }
                                className="min-h-13 text-base"
                            >
                                {buying.isPending
                                    ? t("buy.buying")
                                    : buying.isUnknown
                                      ? t("bid.retry")
                                      : isSoldOut && phase === "active"
                                        ? t("sale.soldOut")
                                        : t("buy.button", { price: format.money(total) })}
                            </Button>
                            {inCart ? (
                                <Link href="/cart" className={buttonClass("secondary")}>
                                    {t("buy.inCart")} · {t("buy.toCart")}
                                </Link>
                            ) : (
                                <Button
                                    kind="secondary"
                                    disabled={wrong !== null}
                                    onClick={() => quantity !== null && putInCart(id, quantity)}
                                >
                                    {t("buy.addToCart")}
                                </Button>
                            )}
                        </form>
                    )}
                    {isSoldOut && phase === "active" && (
                        <Notice tone="warn">
                            <strong className="block">{t("buy.soldOut")}</strong>
                            {t("buy.soldOutHint")}
                        </Notice>
                    )}
                    {phase === "pending" && <p className="text-muted text-sm">{t("buy.notStarted")}</p>}
                    {buying.isUnknown ? (
                        <Notice tone="bad">{t("buy.unknown")}</Notice>
                    ) : (
                        buying.error && <Notice tone="bad">{say(buying.error)}</Notice>
                    )}
                    {isPreparing && buying.answer && (
                        <Notice tone="good">
                            <span className="flex items-center gap-2">
                                <Spinner /> {t("buy.preparing")}
                                {buying.answer.expires_at && (
                                    <Countdown to={buying.answer.expires_at} className="ml-auto" />
                                )}
                            </span>
                        </Notice>
                    )}
                    {(purchase.data?.status === "sold_out" || purchase.data?.status === "released") &&
                        !isWritten && <Notice tone="warn">{t("buy.lost")}</Notice>}
                </div>
            </Card>
            {mine.length > 0 && (
                <section aria-label={t("buy.mine")} className="flex flex-col gap-3">
                    <h2 className="text-base font-bold">{t("buy.mine")}</h2>
                    {mine.slice(0, 10).map((order) => (
                        <OrderCard key={order.order_id} order={order} isWithin />
                    ))}
                </section>
            )}
        </>
    );
}

/** Where the units are: to be bought, held by who is paying, and sold. */
function UnitsBar({ units, quota }: { units: UnitsLeft; quota: number }) {
    const { t } = useTranslation();
    const format = useFormat();
    const share = (part: number) => `${(100 * part) / Math.max(1, quota)}%`;
    const parts = [
        { key: "sold", value: units.sold, label: t("buy.sold"), colour: "bg-muted" },
        { key: "held", value: units.held, label: t("buy.held"), colour: "bg-warn" },
        { key: "available", value: units.available, label: t("buy.available"), colour: "bg-good" },
    ];
    return (
        <div
            data-testid="units"
            data-available={units.available}
            data-held={units.held}
            data-sold={units.sold}
        >
            <p className="flex items-baseline gap-2">
                <span className="text-3xl font-black tabular-nums">{format.number(units.available)}</span>
                <span className="text-sm font-semibold">{t("buy.available")}</span>
            </p>
            <div aria-hidden className="bg-sunken mt-2 flex h-3 overflow-hidden rounded-full">
                {parts.map((part) => (
                    <span
                        key={part.key}
                        className={`${part.colour} transition-[width] duration-300`}
                        style={{ width: share(part.value) }}
                    />
                ))}
            </div>
            <dl className="text-muted mt-2 flex flex-wrap gap-x-4 gap-y-1 text-xs">
                {parts.slice(0, 2).map((part) => (
                    <div key={part.key} className="flex items-center gap-1.5">
                        <span aria-hidden className={`${part.colour} size-2 rounded-full`} />
                        <dd className="text-ink font-bold tabular-nums">{format.number(part.value)}</dd>
                        <dt>{part.label}</dt>
                    </div>
                ))}
            </dl>
        </div>
    );
}
