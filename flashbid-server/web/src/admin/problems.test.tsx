import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";

import { ProblemsPage } from "./problems";
import { answer, serve, show } from "../testing";

afterEach(() => vi.unstubAllGlobals());

const HOLD = "0198c0de-0000-4000-8000-000000000001";
const LETTER = {
    hold_id: HOLD,
    campaign_id: "c",
    user_id: "u",
    quantity: 2,
    attempts: 25,
    reason: "no such buyer",
    created_at: "2026-01-01T00:00:00.000Z",
};
const OPEN = {
    campaign_id: "c",
    kind: "counter",
    subject_id: "s",
    expected: "4",
    found: "5",
    noticed_at: "2026-01-01T00:00:00.000Z",
};
const RESOLVED = {
    ...OPEN,
    kind: "quota",
    noticed_at: "2026-01-02T00:00:00.000Z",
    resolved_at: "2026-01-03T00:00:00.000Z",
};

test("without problems the page says so", async () => {
    serve((request) =>
        answer(
            request.url.includes("dead-letters")
                ? { dead_letters: [], total: 0 }
                : { discrepancies: [], total: 0 },
        ),
    );
    show(<ProblemsPage />);
    await screen.findByText("No dead letters");
    await screen.findByText("No discrepancies");
});

test("what lasts comes before what is resolved, though that is newer", async () => {
    serve((request) => {
        if (request.url.includes("dead-letters")) return answer({ dead_letters: [], total: 0 });
        const isOpen = request.url.includes("open=true");
        return answer(
            isOpen ? { discrepancies: [OPEN], total: 1 } : { discrepancies: [RESOLVED, OPEN], total: 2 },
        );
    });
    show(<ProblemsPage />);
    const rows = await screen.findAllByTestId("discrepancy");
    expect(rows.map((row) => row.dataset.open)).toEqual(["true", undefined]);
    expect(within(rows[1]!).getByText(/^resolved/)).toBeTruthy();
});

test("a dead letter is dropped only after a second question, and is gone then", async () => {
    let isThere = true;
    const sent: string[] = [];
    serve((request) => {
        if (request.url.includes("discrepancies")) return answer({ discrepancies: [], total: 0 });
        if (request.method === "DELETE") {
            sent.push(request.url);
            isThere = false;
            return new Response(null, { status: 204 });
        }
        return answer(isThere ? { dead_letters: [LETTER], total: 1 } : { dead_letters: [], total: 0 });
    });
    show(<ProblemsPage />);
    await userEvent.click(await screen.findByRole("button", { name: "Drop 0198c0de" }));
    await userEvent.click(screen.getByRole("button", { name: "Keep it" }));
    expect(sent).toEqual([]);
    await userEvent.click(screen.getByRole("button", { name: "Drop 0198c0de" }));
    await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Drop" }));
    await screen.findByText("Dropped: its units went back.");
    await screen.findByText("No dead letters");
    expect(sent).toEqual([expect.stringContaining(`/api/v1/dead-letters/${HOLD}`)]);
});
