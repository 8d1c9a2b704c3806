import { useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { answered, api } from "../api/client";
import { useAction } from "../lib/action";
import { useProblemText } from "../lib/problem";
import { Dialog } from "./dialog";
import { Button, Failed, Field, Loading } from "./index";

/** Asks for what a picture says, and for another picture's after a wrong answer: each is good for one. */
export function CaptchaDialog({
    campaign,
    onToken,
    onCancel,
}: {
    campaign: string;
    onToken: (token: string) => void;
    onCancel: () => void;
}) {
    const { t } = useTranslation();
    const say = useProblemText();
    const [answer, setAnswer] = useState("");
    const captcha = useQuery({
        queryKey: ["captcha", campaign],
        staleTime: Infinity,
        gcTime: 0,
        queryFn: () => answered(api.POST("/api/v1/captcha")),
    });
    const asking = useAction(
        () =>
            answered(
                api.POST("/api/v1/campaigns/{campaign_id}/tokens", {
                    params: { path: { campaign_id: campaign } },
                    body: { captcha_id: captcha.data?.captcha_id, captcha_answer: answer.trim() },
                }),
            ),
        { after: ({ token }) => onToken(token), failed: another },
    );
    function another() {
        setAnswer("");
        void captcha.refetch();
    }
    function submit(event: FormEvent) {
        event.preventDefault();
        if (answer.trim()) asking.run();
    }
    return (
        <Dialog title={t("captcha.title")} onClose={onCancel}>
            <form onSubmit={submit} className="flex flex-col gap-4">
                {captcha.data ? (
                    <img
                        src={captcha.data.image}
                        alt={t("captcha.picture")}
                        className="border-line w-full rounded-xl border bg-white"
                    />
                ) : captcha.error ? (
                    <Failed error={captcha.error} retry={another} />
                ) : (
                    <Loading lines={1} />
                )}
                <Field
                    label={t("captcha.answer")}
                    hint={t("captcha.hint")}
                    error={asking.error && say(asking.error)}
                    value={answer}
                    maxLength={64}
                    autoFocus
                    autoComplete="off"
                    autoCapitalize="off"
                    spellCheck={false}
                    onChange={(event) => setAnswer(event.target.value)}
                />
                <div className="flex flex-wrap gap-2">
                    <Button type="submit" busy={asking.isPending}>
                        {t("captcha.go")}
                    </Button>
                    <Button kind="secondary" onClick={another}>
                        {t("captcha.another")}
                    </Button>
                    <Button kind="quiet" onClick={onCancel}>
                        {t("captcha.cancel")}
                    </Button>
                </div>
            </form>
        </Dialog>
    );
}
