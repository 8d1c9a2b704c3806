import { useState } from "react";

import { insist, isNo, newKey } from "../api/client";
import { useAction } from "./action";
import { currentUser } from "./session";

/** What was sent, and the key under which it may be sent again. */
interface Sent<Request> {
    key: string;
    request: Request;
}

/**
 * Something that must take effect once, however often it is asked for: it keeps its key until its fate is known, also
 * over a reload of the page, and until then whoever asks again asks for the same.
 */
export function useAttempt<Wanted, Request, Answer>({
    name,
    prepare,
    send,
    after,
    failed,
}: {
    /** What it is an attempt at: there is one of a name at a time. */
    name: string;
    /** Makes the request, once: what it needs beside what is wanted, such as a request token, is kept with it. */
    prepare: (wanted: Wanted) => Promise<Request>;
    send: (request: Request, key: string) => Promise<Answer>;
    after: (answer: Answer, request: Request) => void;
    failed?: () => void;
}) {
    const [sent, setSent] = useState(() => recall<Sent<Request>>(name));
    const sending = useAction(
        async ({ wanted, again }: { wanted: Wanted | null; again: Sent<Request> | null }) => {
            const user = currentUser();
            const know = (sent: Sent<Request> | null) => {
                setSent(sent);
                keep(name, sent, user);
            };
            const attempt = again ?? { key: newKey(), request: await prepare(wanted as Wanted) };
            know(attempt);
            try {
                const answer = await insist(() => {
                    if (currentUser() !== user) throw new Error("somebody else is logged in");
                    return send(attempt.request, attempt.key);
                });
                know(null);
                return { answer, request: attempt.request };
            } catch (error) {
                if (isNo(error, again !== null)) know(null);
                throw error;
            }
        },
        { after: ({ answer, request }) => after(answer, request), failed },
    );
    return {
        isPending: sending.isPending,
        answer: sending.data?.answer,
        error: sending.error,
        /** What is being asked for, or was without its becoming known what became of it. */
        sent: sent?.request ?? null,
        /** Whether it is not known what became of what was asked for. */
        isUnknown: sent !== null && !sending.isPending,
        /** Asks for what is wanted; while the fate of the last request is not known, for that one again. */
        ask(wanted: Wanted) {
            sending.run({ wanted, again: sent });
        },
        /** Asks again for the request whose fate is not known. */
        askAgain() {
            if (sent) sending.run({ wanted: null, again: sent });
        },
        /** Something else is wanted from now on. */
        forget() {
            setSent(null);
            keep(name, null, null);
        },
    };
}

/** Kept by the tab, and for who sent it only. */
const place = (name: string) => `flashbid.attempt.${name}`;

function keep(name: string, sent: unknown, user: string | null): void {
    try {
        if (sent) sessionStorage.setItem(place(name), JSON.stringify({ sent, user }));
        else sessionStorage.removeItem(place(name));
    } catch {
        // It lasts as long as the page.
    }
}

function recall<T>(name: string): T | null {
    try {
        const kept = JSON.parse(sessionStorage.getItem(place(name)) ?? "null") as {
            sent: T;
            user: string | null;
        } | null;
        return kept && kept.user === currentUser() ? kept.sent : null;
    } catch {
        return null;
    }
}
