import { QueryClient, queryOptions, useQuery } from "@tanstack/react-query";

import { useToken } from "../lib/session";
import { answered, api, Problem } from "./client";

export const queryClient = new QueryClient({
    defaultOptions: {
        queries: {
            staleTime: 2_000,
            // A server that restarts is back in a moment; a "no" stays one.
            retry: (failures, error) => error instanceof Problem && error.isPassing && failures < 5,
            retryDelay: (failures) => Math.min(2_000, 300 * 2 ** failures),
            // The browser's word on the network is not to be trusted: a request tells.
            networkMode: "always",
        },
        mutations: { networkMode: "always" },
    },
});

const LIMIT = 100;

export const campaignsQuery = (skip = 0) =>
    queryOptions({
        queryKey: ["campaigns", skip],
        queryFn: ({ signal }) =>
            answered(api.GET("/api/v1/campaigns", { params: { query: { skip, limit: LIMIT } }, signal })),
        refetchInterval: 10_000,
    });

export const campaignQuery = (id: string) =>
    queryOptions({
        queryKey: ["campaign", id],
        queryFn: ({ signal }) =>
            answered(
                api.GET("/api/v1/campaigns/{campaign_id}", { params: { path: { campaign_id: id } }, signal }),
            ),
    });

export const rankingQuery = (id: string) =>
    queryOptions({
        queryKey: ["ranking", id],
        // Told many times a second, of up to a thousand rows: comparing all of them costs more than showing them.
        structuralSharing: false,
        queryFn: ({ signal }) =>
            answered(
                api.GET("/api/v1/rankings/{campaign_id}", { params: { path: { campaign_id: id } }, signal }),
            ),
    });

export const ownRankingQuery = (id: string, token: string | null) =>
    queryOptions({
        queryKey: ["own-ranking", id, token],
        enabled: token !== null,
        queryFn: ({ signal }) =>
            answered(
                api.GET("/api/v1/rankings/{campaign_id}/me", {
                    params: { path: { campaign_id: id } },
                    signal,
                }),
            ),
    });

export const historyQuery = (id: string, token: string | null) =>
    queryOptions({
        queryKey: ["history", id, token],
        enabled: token !== null,
        queryFn: ({ signal }) =>
            answered(
                api.GET("/api/v1/bids/{campaign_id}/history", {
                    params: { path: { campaign_id: id }, query: { limit: 20 } },
                    signal,
                }),
            ),
    });

export const ordersQuery = (token: string | null) =>
    queryOptions({
        queryKey: ["orders", token],
        enabled: token !== null,
        queryFn: ({ signal }) =>
            answered(api.GET("/api/v1/orders", { params: { query: { limit: LIMIT } }, signal })),
    });

export const meQuery = (token: string | null) =>
    queryOptions({
        queryKey: ["me", token],
        enabled: token !== null,
        staleTime: Infinity,
        queryFn: ({ signal }) => answered(api.GET("/api/v1/auth/me", { signal })),
    });

export const siteQuery = queryOptions({
    queryKey: ["site"],
    staleTime: Infinity,
    queryFn: ({ signal }) => answered(api.GET("/api/v1/site", { signal })),
});

/** Who is logged in, once the server has said so. */
export function useMe() {
    const token = useToken();
    return useQuery(meQuery(token)).data ?? null;
}
