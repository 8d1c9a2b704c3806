import { useSyncExternalStore } from "react";

/** A value that a reload and other tabs of this browser share. */
export interface Stored<T> {
    read(): T;
    write(next: T): void;
    subscribe(listener: () => void): () => void;
}

/** Keeps a value under `key`; `parse` turns what is there, or `null`, into a value. */
export function stored<T>(key: string, parse: (text: string | null) => T): Stored<T> {
    const listeners = new Set<() => void>();
    let value = parse(load());

    function load(): string | null {
        try {
            return localStorage.getItem(key);
        } catch {
            return null;
        }
    }
    function tell(next: T): void {
        value = next;
        for (const listener of listeners) listener();
    }
    window.addEventListener("storage", (event) => {
        if (event.key === key || event.key === null) tell(parse(load()));
    });
    return {
        read: () => value,
        write(next) {
            try {
                localStorage.setItem(key, typeof next === "string" ? next : JSON.stringify(next));
            } catch {
                // It lasts as long as the page.
            }
            tell(next);
        },
        subscribe(listener) {
            listeners.add(listener);
            return () => listeners.delete(listener);
        },
    };
}

export function useStored<T>(of: Stored<T>): T {
    return useSyncExternalStore(of.subscribe, of.read);
}
