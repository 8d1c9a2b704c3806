import { queryOptions } from "@tanstack/react-query";

import { answered, api, type Product } from "../api/client";

/** How many entries the server gives at once. */
export const PAGE = 100;
/** The most orders that one answer has. */
export const MOST_ORDERS = 1_000;

export const productsQuery = (skip: number) =>
    queryOptions({
        queryKey: ["products", "page", skip],
        queryFn: ({ signal }) =>
            answered(api.GET("/api/v1/products", { params: { query: { skip, limit: PAGE } }, signal })),
        refetchInterval: 10_000,
    });

/** Every product, for choosing one; ten pages are more than anybody scrolls. */
export const allProductsQuery = queryOptions({
    queryKey: ["products", "all"],
    queryFn: async ({ signal }) => {
        const all: Product[] = [];
        for (let page = 0; page < 10; page += 1) {
            const { products, total } = await answered(
                api.GET("/api/v1/products", {
                    params: { query: { skip: page * PAGE, limit: PAGE } },
                    signal,
                }),
            );
            all.push(...products);
            if (all.length >= total || products.length === 0) break;
        }
        return all;
    },
});

export const lowStockQuery = queryOptions({
    queryKey: ["products", "low"],
    queryFn: ({ signal }) =>
        answered(api.GET("/api/v1/products/low-stock", { params: { query: { limit: 8 } }, signal })),
    refetchInterval: 10_000,
});

export const campaignOrdersQuery = (id: string) =>
    queryOptions({
        queryKey: ["campaign-orders", id],
        queryFn: ({ signal }) =>
            answered(
                api.GET("/api/v1/orders/campaign/{campaign_id}", {
                    params: { path: { campaign_id: id }, query: { limit: MOST_ORDERS } },
                    signal,
                }),
            ),
        refetchInterval: 5_000,
    });

export const deadLettersQuery = queryOptions({
    queryKey: ["dead-letters"],
    queryFn: ({ signal }) =>
        answered(api.GET("/api/v1/dead-letters", { params: { query: { limit: PAGE } }, signal })),
    refetchInterval: 10_000,
});

export const discrepanciesQuery = (open: boolean) =>
    queryOptions({
        queryKey: ["discrepancies", open],
        queryFn: ({ signal }) =>
            answered(api.GET("/api/v1/discrepancies", { params: { query: { limit: PAGE, open } }, signal })),
        refetchInterval: 10_000,
    });
