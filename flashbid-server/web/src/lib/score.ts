import { CENT, ceilCent, type Units } from "./decimal";

/** The factors of `α·P + β/(T+1) + γ·W`. */
export interface Weights {
    alpha: Units;
    beta: Units;
    gamma: Units;
}

/** The parts of a score, which add up to it within a ten-thousandth. */
export interface Parts {
    price: Units;
    early: Units;
    member: Units;
}

const SCALE = 10_000n;

/** `value / 10⁴` to the nearest integer, a half to the even one. */
function roundHalfEven(value: bigint): bigint {
    const quotient = value / SCALE;
    const remainder = value % SCALE;
    const up = remainder > SCALE / 2n || (remainder === SCALE / 2n && quotient % 2n === 1n);
    return up ? quotient + 1n : quotient;
}

/** The score of a bid, to the ten-thousandth as the server computes it. */
export function score(weights: Weights, price: Units, elapsedMs: number, weight: Units): Units {
    const linear = weights.alpha * price + weights.gamma * weight;
    return roundHalfEven(linear) + weights.beta / (BigInt(Math.max(0, Math.floor(elapsedMs))) + 1n);
}

/** What price, earliness and membership each bring. */
export function parts(weights: Weights, price: Units, elapsedMs: number, weight: Units): Parts {
    const early = weights.beta / (BigInt(Math.max(0, Math.floor(elapsedMs))) + 1n);
    const member = roundHalfEven(weights.gamma * weight);
    return { price: score(weights, price, elapsedMs, weight) - early - member, early, member };
}

/**
 * The lowest price in whole cents, from `minPrice` on, that scores more than `toBeat`: an earlier bid wins a tie.
 * `null` when no price does, since alpha is zero.
 */
export function priceToBeat(
    weights: Weights,
    toBeat: Units,
    minPrice: Units,
    elapsedMs: number,
    weight: Units,
): Units | null {
    const least = ceilCent(minPrice);
    if (score(weights, least, elapsedMs, weight) > toBeat) return least;
    if (weights.alpha === 0n) return null;
    const missing = toBeat - score(weights, 0n, elapsedMs, weight);
    let price = ceilCent((missing * SCALE) / weights.alpha);
    if (price < least) price = least;
    // Rounding may leave it a cent short, or a cent too high.
    while (score(weights, price, elapsedMs, weight) <= toBeat) price += CENT;
    while (price > least && score(weights, price - CENT, elapsedMs, weight) > toBeat) price -= CENT;
    return price;
}
