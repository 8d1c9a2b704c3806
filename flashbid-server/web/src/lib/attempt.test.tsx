import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, renderHook, waitFor } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";

import { Problem } from "../api/client";
import { useAttempt } from "./attempt";
import { logIn, logOut } from "./session";

afterEach(() => {
    logOut();
    sessionStorage.clear();
});

/** Longer than it is tried again without being asked to. */
const PATIENCE = 15_000;

const LOST = new Problem("INTERNAL", 500, "The server failed.");

function attempt(send: (request: string, key: string) => Promise<string>) {
    const client = new QueryClient();
    const { result } = renderHook(
        () =>
            useAttempt({
                name: "test",
                prepare: async (wanted: string) => wanted,
                send,
                after: () => undefined,
            }),
        { wrapper: ({ children }) => <QueryClientProvider client={client}>{children}</QueryClientProvider> },
    );
    return result;
}

/** Answers each call with the next of `answers`. */
function answering(...answers: (string | Problem)[]) {
    const keys: string[] = [];
    const send = async (_request: string, key: string) => {
        keys.push(key);
        const answer = answers[keys.length - 1];
        if (typeof answer === "string") return answer;
        throw answer;
    };
    return { send, keys };
}

// Without it a bid whose answer was lost is placed twice.
test("what may have taken effect is asked for again under its key", { timeout: 2 * PATIENCE }, async () => {
    const lost = Array.from({ length: 5 }, () => LOST);
    const { send, keys } = answering(...lost, "taken");
    const result = attempt(send);
    act(() => result.current.ask("a bid"));
    await waitFor(() => expect(result.current.isUnknown).toBe(true), { timeout: PATIENCE });
    act(() => result.current.askAgain());
    await waitFor(() => expect(result.current.answer).toBe("taken"), { timeout: PATIENCE });
    expect(new Set(keys).size).toBe(1);
    expect(result.current.isUnknown).toBe(false);
});

test("a no ends an attempt: the next is another", async () => {
    const { send, keys } = answering(new Problem("PRICE_TOO_LOW", 400, "Too low."), "taken");
    const result = attempt(send);
    act(() => result.current.ask("a low bid"));
    await waitFor(() => expect(result.current.error).not.toBeNull());
    expect(result.current.isUnknown).toBe(false);
    act(() => result.current.ask("a higher bid"));
    await waitFor(() => expect(result.current.answer).toBe("taken"));
    expect(new Set(keys).size).toBe(2);
});

// Being too fast is no word on the request before, whose answer was lost.
test("a limit that is met while asking again keeps the attempt", { timeout: 2 * PATIENCE }, async () => {
    const limited = new Problem("RATE_LIMITED", 429, "Too fast.");
    const { send, keys } = answering(LOST, limited, limited, limited, limited, limited, "taken");
    const result = attempt(send);
    act(() => result.current.ask("a purchase"));
    await waitFor(() => expect(result.current.error).not.toBeNull(), { timeout: PATIENCE });
    expect(result.current.isUnknown).toBe(true);
    act(() => result.current.askAgain());
    await waitFor(() => expect(result.current.error).toBe(limited), { timeout: PATIENCE });
    expect(result.current.isUnknown).toBe(true);
    act(() => result.current.askAgain());
    await waitFor(() => expect(result.current.answer).toBe("taken"), { timeout: PATIENCE });
    expect(new Set(keys).size).toBe(1);
});

test("a request is not sent again as somebody else", { timeout: 2 * PATIENCE }, async () => {
    logIn("the token of one");
    const { send, keys } = answering(LOST, "taken");
    const result = attempt(async (request, key) => {
        logIn("the token of another");
        return send(request, key);
    });
    act(() => result.current.ask("a bid"));
    await waitFor(() => expect(result.current.error).not.toBeNull(), { timeout: PATIENCE });
    expect(keys).toHaveLength(1);
    expect(attempt(send).current.sent).toBeNull();
    logIn("the token of one");
    expect(attempt(send).current.sent).toBe("a bid");
});
