import type { Units } from "../../lib/decimal";
import type { Weights } from "../../lib/score";

/** What is known of a campaign before it is made; `null` for what is not. */
export interface Terms {
    /** Of a ranked campaign. */
    weights: Weights | null;
    /** Of a first-come campaign. */
    price: Units | null;
    limit: number | null;
    quota: number | null;
    reserve: Units;
    available: number;
}

/** Terms that the server may take and that hardly anybody wants. Points are ten-thousandths. */
export type Warning =
    | { kind: "priceIgnored" }
    | { kind: "memberOutweighs"; points: Units; price: Units }
    | { kind: "earlyOutweighsSecond"; points: Units; price: Units }
    /** `ms`: for how many milliseconds. */
    | { kind: "earlyOutweighsInstant"; points: Units; price: Units; ms: bigint }
    | { kind: "belowReserve"; price: Units }
    | { kind: "limitAboveQuota"; limit: number; quota: number }
    | { kind: "quotaAboveAvailable"; quota: number; available: number }
    | { kind: "nothingAvailable" };

const SCALE = 10_000n;
/** Between the lowest member weight, 0.50, and the highest, 5.00. */
const WEIGHTS_APART: Units = 45_000n;

export function warnings(terms: Terms): Warning[] {
    return [...ofStock(terms), ...(terms.weights ? ofWeights(terms.weights, terms.reserve) : ofPrice(terms))];
}

function ofStock({ quota, available }: Terms): Warning[] {
    if (available === 0) return [{ kind: "nothingAvailable" }];
    return quota !== null && quota > available ? [{ kind: "quotaAboveAvailable", quota, available }] : [];
}

function ofPrice({ price, limit, quota, reserve, available }: Terms): Warning[] {
    const found: Warning[] = [];
    if (price !== null && price < reserve) found.push({ kind: "belowReserve", price: reserve });
    const units = quota ?? available;
    if (limit !== null && units > 0 && limit > units)
        found.push({ kind: "limitAboveQuota", limit, quota: units });
    return found;
}

/**
 * What outweighs the price, compared with what the reserve price alone brings: everybody brings at least that, so it
 * is a measure for how much a price can matter. Compared in whole 10⁻⁸ points, so nothing is rounded.
 */
function ofWeights({ alpha, beta, gamma }: Weights, reserve: Units): Warning[] {
    if (alpha === 0n) return [{ kind: "priceIgnored" }];
    const found: Warning[] = [];
    const brought = alpha * reserve;
    const price = brought / SCALE;
    if (gamma * WEIGHTS_APART > brought) {
        found.push({ kind: "memberOutweighs", points: (gamma * WEIGHTS_APART) / SCALE, price });
    }
    // A bid at T ms brings β/(T+1) for being early.
    const isMoreAt = (ms: bigint) => beta * SCALE > brought * (ms + 1n);
    if (isMoreAt(1_000n)) found.push({ kind: "earlyOutweighsSecond", points: beta / 1_001n, price });
    else if (isMoreAt(0n)) {
        found.push({ kind: "earlyOutweighsInstant", points: beta, price, ms: (beta * SCALE - 1n) / brought });
    }
    return found;
}
