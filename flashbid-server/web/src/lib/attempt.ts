import { useState } from "react";

import { insist, isNo, newKey } from "../api/client";
import { useAction } from "./action";
import { currentToken } from "./session";

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
}: {
    /** What it is an attempt at: there is one of a name at a time. */
    name: string;
    /** Makes the request, once: what it needs beside what is wanted, such as a request token, is kept with it. */
    prepare: (wanted: Wanted) => Promise<Request>;
    send: (request: Request, key: string) => Promise<Answer>;
    after: (answer: Answer) => void;
}) {
    const [unknown, setUnknown] = useState(() => recall<Sent<Request>>(name));
    const know = (sent: Sent<Request> | null) => {
        setUnknown(sent);
        keep(name, sent);
    };
    const sending = useAction(
        async ({ wanted, again }: { wanted: Wanted | null; again: Sent<Request> | null }) => {
            const sent = again ?? { key: newKey(), request: await prepare(wanted as Wanted) };
            know(sent);
            try {
                const answer = await insist(() => send(sent.request, sent.key));
                know(null);
                return answer;
            } catch (error) {
                if (isNo(error, again !== null)) know(null);
                throw error;
            }
        },
        { after },
    );
    return {
        isPending: sending.isPending,
        answer: sending.data,
        error: sending.error,
        /** What was asked for without its becoming known what became of it. */
        unknown: sending.isPending ? null : (unknown?.request ?? null),
        /** Asks for what is wanted; while the fate of the last request is not known, for that one again. */
        ask(wanted: Wanted) {
            sending.run({ wanted, again: unknown });
        },
        /** Asks again for the request whose fate is not known. */
        askAgain() {
            if (unknown) sending.run({ wanted: null, again: unknown });
        },
        /** Something else is wanted from now on. */
        forget() {
            know(null);
        },
    };
}

/** Kept by the tab, and for who sent it only. */
const place = (name: string) => `flashbid.attempt.${name}`;

function keep(name: string, sent: unknown): void {
    try {
        if (sent) sessionStorage.setItem(place(name), JSON.stringify({ sent, by: currentToken() }));
        else sessionStorage.removeItem(place(name));
    } catch {
        // It lasts as long as the page.
    }
}

function recall<T>(name: string): T | null {
    try {
        const kept = JSON.parse(sessionStorage.getItem(place(name)) ?? "null") as {
            sent: T;
            by: string;
        } | null;
        return kept && kept.by === currentToken() ? kept.sent : null;
    } catch {
        return null;
    }
}
