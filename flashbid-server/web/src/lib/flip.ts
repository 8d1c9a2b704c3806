import { useLayoutEffect, useRef, type RefObject } from "react";

const STILL = window.matchMedia("(prefers-reduced-motion: reduce)");

/** More rows than these move at once only as a blur; and reading where each was would take longer than a frame has. */
const MOST = 60;

/** Lets the rows of a list glide to their new places: each is known by its `data-key`. */
export function useGlide<T extends HTMLElement>(order: string): RefObject<T | null> {
    const list = useRef<T>(null);
    const before = useRef(new Map<string, number>());
    useLayoutEffect(() => {
        const rows = list.current?.querySelectorAll<HTMLElement>("[data-key]") ?? [];
        const now = new Map<string, number>();
        if (rows.length <= MOST) for (const row of rows) now.set(row.dataset.key!, row.offsetTop);
        if (!STILL.matches && document.visibilityState === "visible") {
            for (const row of rows) {
                const [was, is] = [before.current.get(row.dataset.key!), now.get(row.dataset.key!)];
                if (was === undefined || is === undefined || was === is) continue;
                row.animate([{ transform: `translateY(${was - is}px)` }, { transform: "none" }], {
                    duration: 280,
                    easing: "ease-out",
                });
            }
        }
        before.current = now;
    }, [order]);
    return list;
}
