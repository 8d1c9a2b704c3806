import type { Schema } from "../../api/client";
import { parseUnits, unitsText, type Units } from "../../lib/decimal";
import type { Weights } from "../../lib/score";
import { fromLocal } from "./times";

/** What the form has, as it was typed. */
export interface Draft {
    product: string;
    format: "ranked" | "first_come";
    /** `null` for the moment at which the campaign is made. */
    start: string | null;
    /** Milliseconds from the start to the end; `null` when the end was typed. */
    lasts: number | null;
    end: string;
    quota: string;
    payMinutes: string;
    token: boolean;
    captcha: boolean;
    alpha: string;
    beta: string;
    gamma: string;
    runnersUp: boolean;
    places: string;
    offerMinutes: string;
    price: string;
    limit: string;
}

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** As the server would take it if only the product were chosen. */
export const FRESH: Draft = {
    product: "",
    format: "ranked",
    start: null,
    lasts: HOUR,
    end: "",
    quota: "",
    payMinutes: "15",
    token: false,
    captcha: false,
    alpha: "1",
    beta: "1000",
    gamma: "100",
    runnersUp: false,
    places: "3",
    offerMinutes: "15",
    price: "",
    limit: "",
};

export type Mistake =
    "product" | "time" | "order" | "past" | "units" | "minutes" | "factor" | "places" | "price";
export type Mistakes = Partial<Record<keyof Draft, Mistake>>;

/** From when to when, with `null` for what cannot be read. */
export function windowOf(draft: Draft, now: number): { start: number | null; end: number | null } {
    const start = draft.start === null ? now : fromLocal(draft.start);
    if (draft.lasts === null) return { start, end: fromLocal(draft.end) };
    return { start, end: start === null ? null : start + draft.lasts };
}

export function weightsOf(draft: Draft): Weights | null {
    const [alpha, beta, gamma] = [parseUnits(draft.alpha), parseUnits(draft.beta), parseUnits(draft.gamma)];
    return alpha === null || beta === null || gamma === null ? null : { alpha, beta, gamma };
}

/** A number of units; `null` when there is none or it is not one. */
export function countOf(text: string): number | null {
    const count = /^\d{1,10}$/.test(text.trim()) ? Number(text) : 0;
    return count >= 1 && count <= 1_000_000_000 ? count : null;
}

/** A price above zero. */
export function priceOf(text: string): Units | null {
    const price = parseUnits(text);
    return price === 0n ? null : price;
}

/** Minutes as whole seconds from one to a year. */
function secondsOf(minutes: string): number | null {
    const units = parseUnits(minutes);
    if (units === null) return null;
    const seconds = Number((units * 60n + 5_000n) / 10_000n);
    return seconds >= 1 && seconds <= 31_536_000 ? seconds : null;
}

/** What the server is asked for at `now`, or what is wrong with which field. */
export function readDraft(
    draft: Draft,
    now: number,
): { body: Schema["NewCampaign"]; wrong?: undefined } | { body?: undefined; wrong: Mistakes } {
    const wrong: Mistakes = {};
    const { start, end } = windowOf(draft, now);
    const [pay, offer] = [secondsOf(draft.payMinutes), secondsOf(draft.offerMinutes)];
    const weights = weightsOf(draft);
    const places = countOf(draft.places);
    const price = priceOf(draft.price);
    const isRanked = draft.format === "ranked";

    if (!draft.product) wrong.product = "product";
    if (start === null) wrong.start = "time";
    if (end === null) {
        if (start !== null) wrong.end = "time";
    } else if (start !== null && end <= start) wrong.end = "order";
    else if (end <= now) wrong.end = "past";
    if (draft.quota.trim() && countOf(draft.quota) === null) wrong.quota = "units";
    if (pay === null) wrong.payMinutes = "minutes";
    if (isRanked) {
        for (const factor of ["alpha", "beta", "gamma"] as const) {
            if (parseUnits(draft[factor]) === null) wrong[factor] = "factor";
        }
        if (draft.runnersUp && (places === null || places > 10_000)) wrong.places = "places";
        if (draft.runnersUp && offer === null) wrong.offerMinutes = "minutes";
    } else {
        if (price === null) wrong.price = "price";
        if (draft.limit.trim() && countOf(draft.limit) === null) wrong.limit = "units";
    }
    if (Object.keys(wrong).length > 0) return { wrong };

    return {
        body: {
            product_id: draft.product,
            format: draft.format,
            start_time: new Date(start!).toISOString(),
            end_time: new Date(end!).toISOString(),
            quota: countOf(draft.quota),
            payment_deadline: pay,
            require_token: draft.token,
            require_captcha: draft.captcha,
            // The server has defaults for them, whatever the format.
            alpha: unitsText(weights?.alpha ?? 10_000n),
            beta: unitsText(weights?.beta ?? 10_000_000n),
            gamma: unitsText(weights?.gamma ?? 1_000_000n),
            ...(isRanked
                ? { runners_up: draft.runnersUp ? { places: places!, payment_deadline: offer! } : null }
                : { price: unitsText(price!), per_buyer_limit: countOf(draft.limit) }),
        },
    };
}
