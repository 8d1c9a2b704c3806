import { useEffect, useSyncExternalStore } from "react";

/**
 * The server's clock. The device's own may be minutes wrong and may be set while a sale runs, so it is not asked: an
 * answer of the server is carried on by the browser's monotonic timer.
 */
let base: { server: number; timer: number; uncertainty: number } | null = null;

/** The server's time in milliseconds since 1970; the device's until the server has answered once. */
export function serverNow(): number {
    return base ? base.server + (performance.now() - base.timer) : Date.now();
}

/** Takes the server's time from an answer to a request that was sent at `sent` and came at `received`. */
export function learnClock(server: number, sent: number, received: number): void {
    base = { server: server + (received - sent) / 2, timer: received, uncertainty: (received - sent) / 2 };
}

/** Asks a few times and keeps the answer that came fastest. */
export async function measureClock(): Promise<void> {
    let best: { server: number; sent: number; received: number } | null = null;
    for (let sample = 0; sample < 3; sample += 1) {
        const sent = performance.now();
        const response = await fetch("/api/v1/site", { cache: "no-store" });
        const received = performance.now();
        if (!response.ok) break;
        const { now } = (await response.json()) as { now: string };
        if (!best || received - sent < best.received - best.sent)
            best = { server: Date.parse(now), sent, received };
    }
    if (best) learnClock(best.server, best.sent, best.received);
}

/** Keeps the clock right: at the start, each minute, and whenever the page was asleep or cut off. */
export function keepClock(): () => void {
    const measure = () => {
        if (document.visibilityState === "visible") measureClock().catch(() => undefined);
    };
    measure();
    const timer = setInterval(measure, 60_000);
    document.addEventListener("visibilitychange", measure);
    window.addEventListener("online", measure);
    return () => {
        clearInterval(timer);
        document.removeEventListener("visibilitychange", measure);
        window.removeEventListener("online", measure);
    };
}

/** One timer for every countdown on the page: they all tick together. */
const listeners = new Set<() => void>();
let tick = 0;
let ticking: ReturnType<typeof setInterval> | null = null;

function subscribe(listener: () => void): () => void {
    listeners.add(listener);
    ticking ??= setInterval(() => {
        tick = Math.floor(serverNow() / 250);
        for (const each of listeners) each();
    }, 250);
    return () => {
        listeners.delete(listener);
        if (listeners.size === 0 && ticking) {
            clearInterval(ticking);
            ticking = null;
        }
    };
}

/** The server's time, four times a second. */
export function useNow(): number {
    useSyncExternalStore(subscribe, () => tick);
    return serverNow();
}

/** Runs `then` once the server's clock has passed `at`. */
export function useAt(at: number | null, then: () => void): void {
    useEffect(() => {
        if (at === null || serverNow() >= at) return;
        const timer = setTimeout(then, Math.min(at - serverNow() + 50, 2 ** 31 - 1));
        return () => clearTimeout(timer);
        // eslint-disable-next-line react-hooks/exhaustive-deps -- what happens then is taken as it was when the time was set
    }, [at]);
}
