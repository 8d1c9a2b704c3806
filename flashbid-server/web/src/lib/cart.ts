import { stored } from "./stored";

/** One line of the cart. */
export interface Line {
    campaign: string;
    quantity: number;
}

/** The most lines that the server takes at once. */
export const MOST_LINES = 20;

function isLine(value: unknown): value is Line {
    const line = value as Line;
    return typeof line?.campaign === "string" && Number.isInteger(line.quantity) && line.quantity > 0;
}

export const cart = stored<Line[]>("flashbid.cart", (text) => {
    try {
        const lines: unknown = JSON.parse(text ?? "[]");
        return Array.isArray(lines) ? lines.filter(isLine).slice(0, MOST_LINES) : [];
    } catch {
        return [];
    }
});

/** Sets how many units of a campaign are in the cart; none takes the line out. */
export function putInCart(campaign: string, quantity: number): void {
    const others = cart.read().filter((line) => line.campaign !== campaign);
    const index = cart.read().findIndex((line) => line.campaign === campaign);
    if (quantity > 0) others.splice(index < 0 ? others.length : index, 0, { campaign, quantity });
    cart.write(others);
}
