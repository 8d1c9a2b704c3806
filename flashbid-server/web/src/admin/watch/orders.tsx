import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { Order, Schema } from "../../api/client";
import { useFormat } from "../../lib/format";
import { Badge, Button, Card, Empty, Fetched } from "../../ui";
import { OrderStatus, TONES } from "../../ui/order-status";
import { Cell, Id, Table } from "../parts";
import { campaignOrdersQuery } from "../queries";
import { useWords } from "../words";

/** So many are shown at first. */
const FIRST = 50;

const STATUSES = Object.keys(TONES) as Order["status"][];

/** The orders of a campaign, and whether all of them together are sound. */
export function CampaignOrders({ id }: { id: string }) {
    const words = useWords();
    const orders = useQuery(campaignOrdersQuery(id));
    return (
        <Card title={words("orders.title")}>
            <Fetched of={orders}>
                {(answer) => (
                    <div className="flex flex-col gap-4">
                        <Verdict of={answer} />
                        {answer.total === 0 ? (
                            <Empty title={words("orders.empty")} hint={words("orders.emptyHint")} />
                        ) : (
                            <>
                                <Counts orders={answer.orders} />
                                <Orders orders={answer.orders} total={answer.total} />
                            </>
                        )}
                    </div>
                )}
            </Fetched>
        </Card>
    );
}

function Verdict({ of }: { of: Schema["CampaignOrders"] }) {
    const words = useWords();
    const format = useFormat();
    const verdict = of.is_consistent ? "consistent" : "inconsistent";
    return (
        <p
            data-testid="verdict"
            data-consistent={of.is_consistent}
            className="flex flex-wrap items-center gap-2 text-sm"
        >
            <Badge tone={of.is_consistent ? "good" : "bad"}>
                <span aria-hidden>{of.is_consistent ? "✓" : "✕"}</span> {words(`orders.${verdict}`)}
            </Badge>
            <span className={of.is_consistent ? "text-muted" : "text-bad font-semibold"}>
                {words(`orders.${verdict}Hint`, { stock: format.number(of.stock) })}
            </span>
        </p>
    );
}

function Counts({ orders }: { orders: Order[] }) {
    const words = useWords();
    const { t } = useTranslation();
    const format = useFormat();
    const counts = new Map<Order["status"], number>();
    for (const { status } of orders) counts.set(status, (counts.get(status) ?? 0) + 1);
    return (
        <ul className="flex flex-wrap gap-2">
            {STATUSES.filter((status) => counts.has(status)).map((status) => (
                <li key={status} data-testid={`count-${status}`}>
                    <Badge tone={TONES[status]}>
                        {words("orders.count", {
                            status: t(`orders.status.${status}`),
                            count: format.number(counts.get(status)!),
                        })}
                    </Badge>
                </li>
            ))}
        </ul>
    );
}

function Orders({ orders, total }: { orders: Order[]; total: number }) {
    const words = useWords();
    const format = useFormat();
    const [isWhole, setWhole] = useState(false);
    const shown = isWhole ? orders : orders.slice(0, FIRST);
    const head = (["rank", "order", "buyer", "quantity", "price", "status", "payBy", "made"] as const).map(
        (name) => words(`orders.${name}`),
    );
    return (
        <>
            <Table label={words("orders.title")} head={head}>
                {shown.map((order) => (
                    <tr key={order.order_id} data-testid="admin-order" data-status={order.status}>
                        <Cell>{order.final_rank == null ? "–" : format.number(order.final_rank)}</Cell>
                        <Cell>
                            <Id of={order.order_id} />
                        </Cell>
                        <Cell>
                            <Id of={order.user_id} />
                        </Cell>
                        <Cell>{format.number(order.quantity)}</Cell>
                        <Cell>{format.money(order.final_price)}</Cell>
                        <Cell>
                            <OrderStatus status={order.status} />
                        </Cell>
                        <Cell>{format.dateTime(order.pay_by)}</Cell>
                        <Cell>{format.dateTime(order.created_at)}</Cell>
                    </tr>
                ))}
            </Table>
            {shown.length < orders.length ? (
                <Button kind="secondary" className="self-start" onClick={() => setWhole(true)}>
                    {words("orders.showAll", { count: format.number(orders.length) })}
                </Button>
            ) : null}
            {orders.length < total && (
                <p className="text-muted text-sm">
                    {words("orders.shown", {
                        shown: format.number(orders.length),
                        total: format.number(total),
                    })}
                </p>
            )}
        </>
    );
}
