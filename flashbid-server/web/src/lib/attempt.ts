import { useState } from "react";

import { insist, isNo, newKey } from "../api/client";
import { useAction } from "./action";

/** What was sent, and the key under which it may be sent again. */
interface Sent<Request> {
    key: string;
    request: Request;
}

/**
 * Something that must take effect once, however often it is asked for: it keeps its key until its fate is known, and
 * until then whoever asks again asks for the same.
 */
export function useAttempt<Wanted, Request, Answer>({
    prepare,
    send,
    after,
}: {
    /** Makes the request, once: what it needs beside what is wanted, such as a request token, is kept with it. */
    prepare: (wanted: Wanted) => Promise<Request>;
    send: (request: Request, key: string) => Promise<Answer>;
    after: (answer: Answer) => void;
}) {
    const [unknown, setUnknown] = useState<Sent<Request> | null>(null);
    const sending = useAction(
        async ({ wanted, again }: { wanted: Wanted | null; again: Sent<Request> | null }) => {
            const sent = again ?? { key: newKey(), request: await prepare(wanted as Wanted) };
            setUnknown(sent);
            try {
                const answer = await insist(() => send(sent.request, sent.key));
                setUnknown(null);
                return answer;
            } catch (error) {
                if (isNo(error, again !== null)) setUnknown(null);
                throw error;
            }
        },
        { after },
    );
    return {
        isPending: sending.isPending,
        answer: sending.data,
        error: sending.error,
        /** Whether it is not known what became of the last request. */
        isUnknown: unknown !== null && !sending.isPending,
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
            setUnknown(null);
        },
    };
}
