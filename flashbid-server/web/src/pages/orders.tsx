import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";

import { answered, api } from "../api/client";
import { useToken } from "../lib/session";
import { Button, buttonClass, Empty, Fetched, Page } from "../ui";
import { OrderCard } from "./order-card";

const PAGE = 50;

export function OrdersPage() {
    const { t } = useTranslation();
    const token = useToken();
    const orders = useInfiniteQuery({
        queryKey: ["orders", token, "pages"],
        initialPageParam: 0,
        queryFn: ({ pageParam, signal }) =>
            answered(
                api.GET("/api/v1/orders", { params: { query: { skip: pageParam, limit: PAGE } }, signal }),
            ),
        getNextPageParam: (last, pages) =>
            pages.length * PAGE < last.total ? pages.length * PAGE : undefined,
        refetchInterval: 5_000,
    });
    return (
        <Page title={t("orders.title")}>
            <Fetched of={orders}>
                {({ pages }) =>
                    pages[0]?.total === 0 ? (
                        <Empty title={t("orders.empty")} hint={t("orders.emptyHint")}>
                            <Link href="/" className={buttonClass("primary")}>
                                {t("state.home")}
                            </Link>
                        </Empty>
                    ) : (
                        <>
                            <ul className="grid gap-4 lg:grid-cols-2">
                                {pages
                                    .flatMap((page) => page.orders)
                                    .map((order) => (
                                        <li key={order.order_id}>
                                            <OrderCard order={order} />
                                        </li>
                                    ))}
                            </ul>
                            {orders.hasNextPage && (
                                <Button
                                    kind="secondary"
                                    busy={orders.isFetchingNextPage}
                                    onClick={() => void orders.fetchNextPage()}
                                >
                                    {t("home.more")}
                                </Button>
                            )}
                        </>
                    )
                }
            </Fetched>
        </Page>
    );
}
