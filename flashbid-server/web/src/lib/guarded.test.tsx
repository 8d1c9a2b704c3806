import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { afterEach, expect, test, vi } from "vitest";

import type { CampaignDetails } from "../api/client";
import { answer, campaign, problem, serve, show } from "../testing";
import { useRequestToken } from "./guarded";

afterEach(() => vi.unstubAllGlobals());

/** Pictures are numbered as they are asked for; an answer is right if it is the number of its own picture. */
function guard() {
    const answers: unknown[] = [];
    let pictures = 0;
    serve(async (request) => {
        if (new URL(request.url).pathname === "/api/v1/captcha") {
            pictures += 1;
            return answer({ captcha_id: `${pictures}`, image: "data:image/png;base64,", expires_at: "" });
        }
        const asked = (await request.clone().json()) as { captcha_id?: string; captcha_answer?: string };
        answers.push(asked);
        if (asked.captcha_id !== asked.captcha_answer) return problem("CAPTCHA_FAILED", 403);
        return answer({ token: "a token" });
    });
    return answers;
}

function Asking({ of }: { of: CampaignDetails }) {
    const gate = useRequestToken();
    const [got, setGot] = useState("nothing");
    const ask = () =>
        gate.token(of).then(
            (token) => setGot(`got ${token}`),
            (error: Error) => setGot(error.message),
        );
    return (
        <>
            {gate.dialog}
            <button type="button" onClick={() => void ask()}>
                Ask
            </button>
            <output>{got}</output>
        </>
    );
}

const ask = () => userEvent.click(screen.getByRole("button", { name: "Ask" }));

async function solve(text: string) {
    await userEvent.type(screen.getByLabelText("Text in the picture"), text);
    await userEvent.click(screen.getByRole("button", { name: "Continue" }));
}

test("a sale without a guard needs no token and asks for none", async () => {
    const answers = guard();
    show(<Asking of={campaign()} />);
    await ask();
    await screen.findByText("got null");
    expect(answers).toHaveLength(0);
});

test("a token without a captcha is got without a word", async () => {
    const answers = guard();
    show(<Asking of={campaign({ require_token: true })} />);
    await ask();
    await screen.findByText("got a token");
    expect(answers).toEqual([{}]);
    expect(screen.queryByRole("dialog")).toBeNull();
});

test("a picture misread is followed by another, and the answer to that one counts", async () => {
    const answers = guard();
    show(<Asking of={campaign({ require_token: true, require_captcha: true })} />);
    await ask();
    await screen.findByRole("img");
    await solve("wrong");
    await screen.findByText("That is not what the picture says. Try the next one.");
    await solve(" 2 ");
    await screen.findByText("got a token");
    expect(answers).toEqual([
        { captcha_id: "1", captcha_answer: "wrong" },
        { captcha_id: "2", captcha_answer: "2" },
    ]);
    expect(screen.queryByRole("dialog")).toBeNull();
});

test("who does not want to read a picture is told that the sale asks for it", async () => {
    guard();
    show(<Asking of={campaign({ require_captcha: true })} />);
    await ask();
    await userEvent.click(await screen.findByRole("button", { name: "Cancel" }));
    await screen.findByText(/^CAPTCHA_REQUIRED/);
});
