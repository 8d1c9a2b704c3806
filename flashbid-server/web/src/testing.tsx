import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import type { ReactNode } from "react";
import { vi } from "vitest";

import { language } from "./i18n";
import type { CampaignDetails, Order, Product } from "./api/client";

/** Shows a part of the page in English, as within the application. */
export function show(children: ReactNode) {
    language.write("en");
    const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
    const within = (part: ReactNode) => <QueryClientProvider client={queries}>{part}</QueryClientProvider>;
    const shown = render(within(children));
    return { unmount: shown.unmount, again: (changed: ReactNode) => shown.rerender(within(changed)) };
}

export function answer(body: unknown, status = 200): Response {
    const type = status < 400 ? "application/json" : "application/problem+json";
    return new Response(JSON.stringify(body), { status, headers: { "Content-Type": type } });
}

/** Takes the place of the server: `reply` answers each request, or throws as a lost connection does. */
export function serve(reply: (request: Request) => Response | Promise<Response>) {
    const served = vi.fn(async (input: RequestInfo | URL) => reply(input as Request));
    vi.stubGlobal("fetch", served);
    return served;
}

export function product(changes: Partial<Product> = {}): Product {
    return {
        product_id: crypto.randomUUID(),
        name: "Console",
        stock: 10,
        available: 4,
        min_price: 500,
        status: "available",
        created_at: "2026-01-01T00:00:00.000Z",
        ...changes,
    };
}

/** The server's word that it does not do what it was asked. */
export function problem(code: string, status: number): Response {
    return answer({ code, status, title: code, detail: code, type: "about:blank" }, status);
}

/** A ranked sale that began a minute ago and runs for an hour. */
export function campaign(changes: Partial<CampaignDetails> = {}): CampaignDetails {
    const sold = product();
    return {
        campaign_id: crypto.randomUUID(),
        product_id: sold.product_id,
        product: sold,
        format: "ranked",
        alpha: 1,
        beta: 0,
        gamma: 0,
        quota: 2,
        payment_deadline: 900,
        require_captcha: false,
        require_token: false,
        settled: false,
        status: "active",
        created_at: "2026-01-01T00:00:00.000Z",
        start_time: new Date(Date.now() - 60_000).toISOString(),
        end_time: new Date(Date.now() + 3_600_000).toISOString(),
        ...changes,
    };
}

export function order(changes: Partial<Order> = {}): Order {
    return {
        order_id: crypto.randomUUID(),
        campaign_id: crypto.randomUUID(),
        product_id: crypto.randomUUID(),
        user_id: crypto.randomUUID(),
        status: "pending_payment",
        quantity: 1,
        final_price: 700,
        created_at: "2026-01-01T00:00:00.000Z",
        pay_by: new Date(Date.now() + 900_000).toISOString(),
        ...changes,
    };
}
