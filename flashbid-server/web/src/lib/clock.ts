import { useEffect, useRef, useSyncExternalStore } from "react";

/**
 * The server's clock. The device's own may be minutes wrong and may be set while a sale runs, so it is not asked: an
 * answer of the server is carried on by the browser's monotonic timer.
 */
let base: { server: number; timer: number } | null = null;

/** The server's time in milliseconds since 1970; the device's until the server has answered once. */
export function serverNow(): number {
    return base ? base.server + (performance.now() - base.timer) : Date.now();
}

/** Whether the server has answered once: until then no page may tell by the clock what has begun or ended. */
export function isClockKnown(): boolean {
    return base !== null;
}

/** Takes the server's time from an answer to a request that was sent at `sent` and came at `received`. */
export function learnClock(server: number, sent: number, received: number): void {
    base = { server: server + (received - sent) / 2, timer: received };
}

/** Asks a few times and keeps the answer that came fastest. Where none is known yet, the first is good for a start. */
export async function measureClock(): Promise<void> {
    const isNew = base === null;
    let best: { server: number; sent: number; received: number } | null = null;
    for (let sample = 0; sample < 3; sample += 1) {
        const sent = performance.now();
        const response = await fetch("/api/v1/site", { cache: "no-store" });
        const received = performance.now();
        if (!response.ok) throw new Error("the server did not tell its time");
        const { now } = (await response.json()) as { now: string };
        if (best && received - sent >= best.received - best.sent) continue;
        best = { server: Date.parse(now), sent, received };
        if (isNew) learnClock(best.server, best.sent, best.received);
    }
    if (best) learnClock(best.server, best.sent, best.received);
}

/** Keeps the clock right: at the start, each minute, and whenever the page was asleep or cut off. */
export function keepClock(): () => void {
    let again: ReturnType<typeof setTimeout> | undefined;
    const measure = () => {
        clearTimeout(again);
        if (document.visibilityState !== "visible") return;
        measureClock().catch(() => {
            again = setTimeout(measure, 2_000);
        });
    };
    measure();
    const timer = setInterval(measure, 60_000);
    document.addEventListener("visibilitychange", measure);
    window.addEventListener("online", measure);
    return () => {
        clearTimeout(again);
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

/** Runs `then` whenever the server's clock passes `at`: once, or again if the clock turns out to have been wrong. */
export function useAt(at: number | null, then: () => void): void {
    // A moment later, so that whoever asks then is answered as of then.
    const isPast = useNow() >= (at ?? Infinity) + 50;
    const was = useRef(isPast);
    useEffect(() => {
        if (isPast && !was.current) then();
        was.current = isPast;
        // eslint-disable-next-line react-hooks/exhaustive-deps -- what happens then is what was wanted when the time came
    }, [isPast]);
}
