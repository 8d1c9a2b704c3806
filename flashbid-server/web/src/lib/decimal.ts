/**
 * Exact decimals with four places, as the server keeps money, factors, weights and scores: whole ten-thousandths in a
 * `bigint`. A JSON number of the server has at most 16 digits, so its shortest text is exact.
 */
export type Units = bigint;

const SCALE = 10_000n;

/** One hundredth: the step in which people bid. */
export const CENT: Units = 100n;

/** Reads a decimal that is not negative; `null` for anything else, or more than four places. */
export function parseUnits(text: string): Units | null {
    const match = /^(\d{1,12})(?:\.(\d{0,4}))?$/.exec(text.trim());
    if (!match) return null;
    return BigInt(match[1]!) * SCALE + BigInt((match[2] ?? "").padEnd(4, "0"));
}

/** Takes a number of the server's. */
export function toUnits(value: number): Units {
    return BigInt(Math.round(value * 10_000));
}

/** As text for the wire and for input fields: two places, or four where they are needed. */
export function unitsText(units: Units): string {
    const fraction = (units % SCALE).toString().padStart(4, "0");
    return `${units / SCALE}.${fraction.endsWith("00") ? fraction.slice(0, 2) : fraction}`;
}

/** The next whole cent that is not below. */
export function ceilCent(units: Units): Units {
    return ((units + CENT - 1n) / CENT) * CENT;
}
