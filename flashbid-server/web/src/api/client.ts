import createClient from "openapi-fetch";

import { currentToken, logOut } from "../lib/session";
import type { components, paths } from "./schema";

export type Schema = components["schemas"];
export type Campaign = Schema["Campaign"];
export type CampaignDetails = Campaign & { stats?: Schema["CampaignStats"] | null };
export type Product = Schema["Product"];
export type Order = Schema["Order"];
export type Bid = Schema["Bid"];
export type User = Schema["User"];
export type Ranking = Schema["Ranking"];
export type RankingEntry = Schema["RankingEntry"];
export type UnitsLeft = Schema["UnitsLeft"];
export type OwnRanking = Schema["OwnRanking"];

/** How long an answer may take; a request that hangs must not hang the page. */
const PATIENCE = 10_000;

/** A problem that the server told, or that the server could not be reached. */
export class Problem extends Error {
    constructor(
        readonly code: string,
        readonly status: number,
        readonly detail: string,
        /** Seconds after which it is worth trying again. */
        readonly retryAfter: number | null = null,
    ) {
        super(`${code}: ${detail}`);
        this.name = "Problem";
    }

    /** Whether the same request may well succeed a little later: nobody knows what became of this one. */
    get isPassing(): boolean {
        return this.status === 0 || this.status >= 500;
    }
}

/** Who may not ask (any more), or not so fast, is told nothing of what was asked before. */
const SAYS_NOTHING = ["UNAUTHORIZED", "NOT_AN_ADMIN", "RATE_LIMITED", "TOO_MANY_REQUESTS"];

/** Whether an error tells that a request had no effect, where an answer to the same request may have been lost before. */
export function isNo(error: unknown, wasLost: boolean): boolean {
    return error instanceof Problem && !error.isPassing && !(wasLost && SAYS_NOTHING.includes(error.code));
}

async function patiently(request: Request): Promise<Response> {
    const signal = AbortSignal.any([request.signal, AbortSignal.timeout(PATIENCE)]);
    return fetch(new Request(request, { signal }));
}

export const api = createClient<paths>({ baseUrl: window.location.origin, fetch: patiently });

api.use({
    onRequest({ request }) {
        const token = currentToken();
        if (token) request.headers.set("Authorization", `Bearer ${token}`);
        return request;
    },
    onResponse({ request, response }) {
        // The token is past its time, or of a server that is gone; a wrong password is no such thing.
        if (response.status === 401 && !request.url.endsWith("/auth/login")) logOut();
        return response;
    },
});

interface Answer<T> {
    data?: T;
    error?: unknown;
    response: Response;
}

/** What was answered, or the problem thrown. */
export async function answered<T>(call: Promise<Answer<T>>): Promise<T> {
    let answer: Answer<T>;
    try {
        answer = await call;
    } catch (error) {
        if (error instanceof DOMException && error.name === "AbortError") throw error;
        throw new Problem("UNREACHABLE", 0, "The server cannot be reached.");
    }
    if (answer.response.ok) return answer.data as T;
    const told = answer.error as Partial<Schema["Problem"]> | undefined;
    const wait = Number(answer.response.headers.get("Retry-After"));
    throw new Problem(
        typeof told?.code === "string" ? told.code : "UNKNOWN",
        answer.response.status,
        typeof told?.detail === "string" ? told.detail : answer.response.statusText,
        Number.isFinite(wait) && wait > 0 ? wait : null,
    );
}

/** A key under which a request may be sent any number of times and takes effect once. */
export function newKey(): string {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Sends again, a few times and ever later, what may be sent again: a request without effect, or one with a key. */
export async function insist<T>(send: () => Promise<T>): Promise<T> {
    let lost: Problem | null = null;
    for (let tries = 0; ; tries += 1) {
        try {
            return await send();
        } catch (error) {
            if (!(error instanceof Problem) || isNo(error, lost !== null)) throw error;
            if (error.isPassing) lost = error;
            if (tries === 4) throw lost ?? error;
            const pause = Math.min(2_000, 250 * 2 ** tries);
            await new Promise((done) => setTimeout(done, Math.max(pause, 1_000 * (error.retryAfter ?? 0))));
        }
    }
}
