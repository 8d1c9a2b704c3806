import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import type { ReactNode } from "react";
import { vi } from "vitest";

import { language } from "../i18n";
import type { Product } from "../api/client";

/** Shows a part of the page in English, as within the application. */
export function show(children: ReactNode) {
    language.write("en");
    const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
    return render(<QueryClientProvider client={queries}>{children}</QueryClientProvider>);
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
