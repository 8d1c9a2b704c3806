import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { Link, Redirect, useLocation, useSearch } from "wouter";

import { answered, api, Problem } from "../api/client";
import { useAction } from "../lib/action";
import { useProblemText } from "../lib/problem";
import { logIn, useToken } from "../lib/session";
import { Button, Card, Field, Notice, Page } from "../ui";

/** Logging in, or making an account and then logging in with it. */
export function AuthPage({ kind }: { kind: "login" | "register" }) {
    const { t } = useTranslation();
    const say = useProblemText();
    const token = useToken();
    const [, go] = useLocation();
    const next = wayBack(useSearch());
    const [email, setEmail] = useState("");
    const [password, setPassword] = useState("");
    const [username, setUsername] = useState("");
    const [tried, setTried] = useState(false);
    const isNew = kind === "register";

    const wrong = {
        email: /^[^\s@]+@[^\s@]+$/.test(email.trim()) ? null : t("auth.emailMalformed"),
        password: !isNew ? password.length > 0 : password.length >= 8 && password.length <= 128,
        username: !isNew || (username.trim().length > 0 && username.length <= 100),
    };

    const entering = useAction(
        async () => {
            if (isNew) {
                await answered(
                    api.POST("/api/v1/auth/register", {
                        body: { email: email.trim(), password, username: username.trim() },
                    }),
                );
            }
            return answered(api.POST("/api/v1/auth/login", { body: { email: email.trim(), password } }));
        },
        {
            after(session) {
                logIn(session.access_token);
                go(next, { replace: true });
            },
        },
    );

    if (token && !entering.isPending && !entering.isSuccess) return <Redirect to={next} replace />;

    function submit(event: FormEvent) {
        event.preventDefault();
        setTried(true);
        if (!wrong.email && wrong.password && wrong.username) entering.run();
    }

    const refused = entering.error instanceof Problem && entering.error.status === 401;
    const search = next === "/" ? "" : `?next=${encodeURIComponent(next)}`;
    return (
        <div className="mx-auto max-w-md">
            <Page title={isNew ? t("auth.registerTitle") : t("auth.logInTitle")}>
                <Card>
                    <form onSubmit={submit} noValidate className="flex flex-col gap-4">
                        {!isNew && next !== "/" && !entering.error && (
                            <p className="text-muted text-sm">{t("auth.needed")}</p>
                        )}
                        {isNew && (
                            <Field
                                label={t("auth.username")}
                                hint={t("auth.usernameHint")}
                                autoComplete="nickname"
                                value={username}
                                onChange={(event) => setUsername(event.target.value)}
                                error={tried && !wrong.username && t("auth.usernameMalformed")}
                            />
                        )}
                        <Field
                            label={t("auth.email")}
                            type="email"
                            autoComplete="email"
                            value={email}
                            onChange={(event) => setEmail(event.target.value)}
                            error={tried && wrong.email}
                        />
                        <Field
                            label={t("auth.password")}
                            type="password"
                            hint={isNew && t("auth.passwordHint")}
                            autoComplete={isNew ? "new-password" : "current-password"}
                            value={password}
                            onChange={(event) => setPassword(event.target.value)}
                            error={tried && !wrong.password && t("auth.passwordMalformed")}
                        />
                        {entering.error && (
                            <Notice tone="bad">
                                {refused ? t("problem.WRONG_LOGIN") : say(entering.error)}
                            </Notice>
                        )}
                        <Button type="submit" busy={entering.isPending}>
                            {entering.isPending
                                ? t("auth.working")
                                : isNew
                                  ? t("auth.register")
                                  : t("auth.logIn")}
                        </Button>
                    </form>
                </Card>
                <p className="text-muted text-center text-sm">
                    {isNew ? t("auth.haveAccount") : t("auth.noAccount")}{" "}
                    <Link
                        href={`${isNew ? "/login" : "/register"}${search}`}
                        className="text-brand font-semibold underline"
                    >
                        {isNew ? t("nav.logIn") : t("nav.register")}
                    </Link>
                </p>
            </Page>
        </div>
    );
}

/** Where somebody came from, if it is a page of this site. */
function wayBack(search: string): string {
    const next = new URLSearchParams(search).get("next") ?? "/";
    return next.startsWith("/") && !next.startsWith("//") && !next.includes("\\") ? next : "/";
}
