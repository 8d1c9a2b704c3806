import { useId, type ButtonHTMLAttributes, type InputHTMLAttributes, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";

import { useNow } from "../lib/clock";
import { clockDigits, useFormat } from "../lib/format";
import { useProblemText } from "../lib/problem";
import { useTitle } from "../lib/title";

/** Joins class names, leaving out what is not there. */
export function cx(...names: (string | false | null | undefined)[]): string {
    return names.filter(Boolean).join(" ");
}

const BUTTON =
    "inline-flex items-center justify-center gap-2 rounded-xl px-4 py-2.5 text-sm font-semibold transition " +
    "disabled:opacity-60 aria-disabled:opacity-60 min-h-11 select-none active:scale-[0.98]";
const KINDS = {
    primary: "bg-brand text-brand-ink hover:brightness-110",
    secondary: "bg-card text-ink border border-line hover:bg-sunken",
    quiet: "text-ink hover:bg-sunken",
    danger: "bg-bad-soft text-bad hover:brightness-95",
};

export function buttonClass(kind: keyof typeof KINDS = "primary", extra = ""): string {
    return cx(BUTTON, KINDS[kind], extra);
}

export function Button({
    kind = "primary",
    busy = false,
    className,
    children,
    ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & { kind?: keyof typeof KINDS; busy?: boolean }) {
    return (
        <button
            type="button"
            {...rest}
            // A button that is disabled loses the focus: a busy one only does nothing.
            onClick={busy ? (event) => event.preventDefault() : rest.onClick}
            aria-disabled={busy || undefined}
            aria-busy={busy}
            className={buttonClass(kind, className)}
        >
            {busy && <Spinner />}
            {children}
        </button>
    );
}

/** A link of a navigation, which says when the reader is where it leads. */
export function NavLink({
    to,
    isHere,
    className,
    here,
    elsewhere,
    children,
}: {
    to: string;
    isHere: boolean;
    className: string;
    here: string;
    elsewhere?: string;
    children: ReactNode;
}) {
    return (
        <Link
            href={to}
            aria-current={isHere ? "page" : undefined}
            className={cx(
                "text-sm font-semibold whitespace-nowrap",
                className,
                isHere ? here : cx("text-muted hover:text-ink", elsewhere),
            )}
        >
            {children}
        </Link>
    );
}

export function Spinner() {
    return (
        <span
            aria-hidden
            className="size-4 animate-spin rounded-full border-2 border-current border-r-transparent"
        />
    );
}

export function Card({
    title,
    aside,
    children,
    className,
}: {
    title?: ReactNode;
    aside?: ReactNode;
    children: ReactNode;
    className?: string;
}) {
    return (
        <section className={cx("bg-card border-line rounded-2xl border p-4 shadow-sm sm:p-5", className)}>
            {title && (
                <header className="mb-3 flex flex-wrap items-center justify-between gap-2">
                    <h2 className="text-base font-bold">{title}</h2>
                    {aside}
                </header>
            )}
            {children}
        </section>
    );
}

const TONES = {
    neutral: "bg-sunken text-muted",
    brand: "bg-brand-soft text-brand",
    good: "bg-good-soft text-good",
    bad: "bg-bad-soft text-bad",
    warn: "bg-warn-soft text-warn",
};
export type Tone = keyof typeof TONES;

export function Badge({ tone = "neutral", children }: { tone?: Tone; children: ReactNode }) {
    return (
        <span
            className={cx(
                "inline-flex items-center gap-1.5 rounded-full px-2.5 py-1 text-xs font-semibold whitespace-nowrap",
                TONES[tone],
            )}
        >
            {children}
        </span>
    );
}

/** A message within the page; read out when it appears. */
export function Notice({ tone = "neutral", children }: { tone?: Tone; children: ReactNode }) {
    return (
        <div
            role={tone === "bad" ? "alert" : "status"}
            className={cx("animate-pop rounded-xl px-4 py-3 text-sm font-medium", TONES[tone])}
        >
            {children}
        </div>
    );
}

export function Field({
    label,
    hint,
    error,
    suffix,
    className,
    ...input
}: InputHTMLAttributes<HTMLInputElement> & {
    label: ReactNode;
    hint?: ReactNode;
    error?: ReactNode;
    suffix?: ReactNode;
}) {
    const id = useId();
    const described = error ? `${id}-error` : hint ? `${id}-hint` : undefined;
    return (
        <div className={cx("flex flex-col gap-1.5", className)}>
            <label htmlFor={id} className="text-sm font-semibold">
                {label}
            </label>
            <div className="flex items-stretch gap-2">
                <input
                    id={id}
                    {...input}
                    aria-invalid={error ? true : undefined}
                    aria-describedby={described}
                    className={cx(
                        "bg-sunken min-h-11 w-full min-w-0 rounded-xl border px-3.5 py-2 text-base tabular-nums",
                        error ? "border-bad" : "border-line",
                    )}
                />
                {suffix}
            </div>
            {error ? (
                <p id={`${id}-error`} role="alert" className="text-bad text-sm font-medium">
                    {error}
                </p>
            ) : (
                hint && (
                    <p id={`${id}-hint`} className="text-muted text-sm">
                        {hint}
                    </p>
                )
            )}
        </div>
    );
}

/** What a list or page shows while it has nothing to show. */
export function Loading({ lines = 3 }: { lines?: number }) {
    const { t } = useTranslation();
    return (
        <div role="status" aria-label={t("state.loading")} className="flex flex-col gap-3">
            {Array.from({ length: lines }, (_, line) => (
                <div key={line} className="bg-line/60 h-16 animate-pulse rounded-2xl" />
            ))}
        </div>
    );
}

export function Empty({
    title,
    hint,
    children,
}: {
    title: ReactNode;
    hint?: ReactNode;
    children?: ReactNode;
}) {
    return (
        <div className="border-line flex flex-col items-center gap-2 rounded-2xl border border-dashed px-6 py-12 text-center">
            <Bolt className="text-muted size-8" />
            <p className="font-bold">{title}</p>
            {hint && <p className="text-muted max-w-md text-sm">{hint}</p>}
            {children}
        </div>
    );
}

export function Failed({ error, retry }: { error: unknown; retry?: () => void }) {
    const { t } = useTranslation();
    const say = useProblemText();
    return (
        <div
            role="alert"
            className="bg-bad-soft text-bad flex flex-col items-start gap-3 rounded-2xl p-5 text-sm font-medium"
        >
            {say(error)}
            {retry && (
                <Button kind="secondary" onClick={retry}>
                    {t("state.retry")}
                </Button>
            )}
        </div>
    );
}

/** The three states of a query before it has data, and then `children`. */
export function Fetched<T>({
    of,
    children,
}: {
    of: { data: T | undefined; error: unknown; refetch: () => unknown };
    children: (data: T) => ReactNode;
}) {
    if (of.data !== undefined) return <>{children(of.data)}</>;
    if (of.error) return <Failed error={of.error} retry={() => void of.refetch()} />;
    return <Loading />;
}

/** The time until `to` by the server's clock, ticking. */
export function Countdown({ to, className }: { to: string; className?: string }) {
    const { t } = useTranslation();
    const now = useNow();
    const left = Date.parse(to) - now;
    const format = useFormat();
    return (
        <time
            dateTime={to}
            title={format.dateTime(to)}
            role="timer"
            className={cx("tabular-nums", left < 30_000 && left > 0 && "text-bad", className)}
        >
            {clockDigits(left, t("time.d"))}
        </time>
    );
}

export function Bolt({ className }: { className?: string }) {
    return (
        <svg aria-hidden viewBox="0 0 32 32" className={className} fill="currentColor">
            <path d="M18.5 3 7 18h7.5L12.5 29 25 13.5h-8z" />
        </svg>
    );
}

export function Page({
    title,
    back,
    children,
}: {
    title: string;
    back?: { to: string; label: string };
    children: ReactNode;
}) {
    useTitle(title);
    return (
        <div className="flex flex-col gap-5">
            <div>
                {back && (
                    <Link href={back.to} className="text-brand text-sm font-semibold hover:underline">
                        ← {back.label}
                    </Link>
                )}
                <h1 className="text-2xl font-extrabold tracking-tight sm:text-3xl">{title}</h1>
            </div>
            {children}
        </div>
    );
}
