import { useSyncExternalStore } from "react";

/** Who is logged in: a token, kept where a reload and other tabs find it. Whether it still holds, the server says. */
const KEY = "flashbid.token";

const listeners = new Set<() => void>();
let token = read();

function read(): string | null {
    try {
        return localStorage.getItem(KEY);
    } catch {
        return null;
    }
}

function change(next: string | null): void {
    if (next === token) return;
    token = next;
    for (const listener of listeners) listener();
}

window.addEventListener("storage", (event) => {
    if (event.key === KEY || event.key === null) change(read());
});

export function currentToken(): string | null {
    return token;
}

/** The user that the token names; another token of the same user is the same user. */
export function currentUser(): string | null {
    try {
        const [, claims] = (token ?? "").split(".");
        const { sub } = JSON.parse(atob(claims!.replace(/-/g, "+").replace(/_/g, "/"))) as { sub?: string };
        return sub ?? token;
    } catch {
        return token;
    }
}

export function logIn(next: string): void {
    try {
        localStorage.setItem(KEY, next);
    } catch {
        // Without storage the login lasts as long as the page.
    }
    change(next);
}

export function logOut(): void {
    try {
        localStorage.removeItem(KEY);
    } catch {
        // There was nothing to forget.
    }
    change(null);
}

export function onSession(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
}

export function useToken(): string | null {
    return useSyncExternalStore(onSession, currentToken);
}
