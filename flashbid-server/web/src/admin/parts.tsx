import {
    useEffect,
    useId,
    useRef,
    type InputHTMLAttributes,
    type ReactNode,
    type SelectHTMLAttributes,
    type TextareaHTMLAttributes,
} from "react";

import { useFormat } from "../lib/format";
import { Button, cx } from "../ui";
import { PAGE } from "./queries";
import { useWords } from "./words";

const CONTROL = "bg-sunken min-h-11 w-full min-w-0 rounded-xl border px-3.5 py-2 text-base";

/** A table that scrolls within its card where it is too wide, with the keyboard too. */
export function Table({ label, head, children }: { label: string; head: ReactNode[]; children: ReactNode }) {
    return (
        <div
            role="region"
            aria-label={label}
            tabIndex={0}
            className="-mx-4 overflow-x-auto px-4 sm:-mx-5 sm:px-5"
        >
            <table className="w-full text-left text-sm">
                <thead>
                    <tr className="border-line text-muted border-b text-xs">
                        {head.map((name, column) => (
                            <th
                                key={column}
                                scope="col"
                                className="py-2 pr-4 font-semibold whitespace-nowrap last:pr-0"
                            >
                                {name}
                            </th>
                        ))}
                    </tr>
                </thead>
                <tbody className="divide-line divide-y">{children}</tbody>
            </table>
        </div>
    );
}

export function Cell({
    children,
    className,
    title,
}: {
    children: ReactNode;
    className?: string;
    title?: string;
}) {
    return (
        <td
            title={title}
            className={cx("py-2.5 pr-4 align-middle whitespace-nowrap tabular-nums last:pr-0", className)}
        >
            {children}
        </td>
    );
}

/** Eight digits of an id, which tell it from others: an id of version 7 begins with its time, any other at random. */
export function shortId(id: string): string {
    return id[14] === "7" ? id.slice(-8) : id.slice(0, 8);
}

/** An id in short, and all of it on a closer look. */
export function Id({ of }: { of: string }) {
    return (
        <code title={of} className="text-xs">
            {shortId(of)}
        </code>
    );
}

/** Goes through a list that does not fit on one page. */
export function Pager({
    skip,
    total,
    onSkip,
}: {
    skip: number;
    total: number;
    onSkip: (skip: number) => void;
}) {
    const words = useWords();
    const format = useFormat();
    if (total <= PAGE) return null;
    const range = {
        from: format.number(skip + 1),
        to: format.number(Math.min(total, skip + PAGE)),
        total: format.number(total),
    };
    return (
        <div className="mt-3 flex flex-wrap items-center gap-2">
            <Button kind="secondary" disabled={skip === 0} onClick={() => onSkip(Math.max(0, skip - PAGE))}>
                {words("table.newer")}
            </Button>
            <Button kind="secondary" disabled={skip + PAGE >= total} onClick={() => onSkip(skip + PAGE)}>
                {words("table.older")}
            </Button>
            <span className="text-muted text-sm">{words("table.range", range)}</span>
        </div>
    );
}

interface Labelled {
    label: ReactNode;
    hint?: ReactNode;
    error?: ReactNode;
    className?: string;
}

function Described({
    id,
    label,
    hint,
    error,
    className,
    children,
}: Labelled & { id: string; children: ReactNode }) {
    return (
        <div className={cx("flex flex-col gap-1.5", className)}>
            <label htmlFor={id} className="text-sm font-semibold">
                {label}
            </label>
            {children}
            {error ? (
                <p id={`${id}-about`} role="alert" className="text-bad text-sm font-medium">
                    {error}
                </p>
            ) : (
                hint && (
                    <p id={`${id}-about`} className="text-muted text-sm">
                        {hint}
                    </p>
                )
            )}
        </div>
    );
}

export function Select({
    label,
    hint,
    error,
    className,
    ...select
}: SelectHTMLAttributes<HTMLSelectElement> & Labelled) {
    const id = useId();
    return (
        <Described {...{ id, label, hint, error, className }}>
            <select
                id={id}
                {...select}
                aria-invalid={error ? true : undefined}
                aria-describedby={error || hint ? `${id}-about` : undefined}
                className={cx(CONTROL, error ? "border-bad" : "border-line")}
            />
        </Described>
    );
}

export function TextArea({
    label,
    hint,
    error,
    className,
    ...area
}: TextareaHTMLAttributes<HTMLTextAreaElement> & Labelled) {
    const id = useId();
    return (
        <Described {...{ id, label, hint, error, className }}>
            <textarea
                id={id}
                rows={3}
                {...area}
                aria-invalid={error ? true : undefined}
                aria-describedby={error || hint ? `${id}-about` : undefined}
                className={cx(CONTROL, error ? "border-bad" : "border-line")}
            />
        </Described>
    );
}

/** Something that is on or off. */
export function Switch({
    label,
    hint,
    ...input
}: InputHTMLAttributes<HTMLInputElement> & { label: ReactNode; hint?: ReactNode }) {
    const id = useId();
    return (
        <div className="flex items-start gap-3">
            <input
                id={id}
                type="checkbox"
                role="switch"
                {...input}
                aria-describedby={hint ? `${id}-about` : undefined}
                className="bg-line checked:bg-brand before:bg-card relative mt-0.5 h-6 w-11 shrink-0 cursor-pointer appearance-none rounded-full transition before:absolute before:top-0.5 before:left-0.5 before:size-5 before:rounded-full before:transition checked:before:translate-x-5 disabled:opacity-60"
            />
            <div>
                <label htmlFor={id} className="cursor-pointer text-sm font-semibold">
                    {label}
                </label>
                {hint && (
                    <p id={`${id}-about`} className="text-muted text-sm">
                        {hint}
                    </p>
                )}
            </div>
        </div>
    );
}

/** One of a few, all in sight. */
export function Choice<T extends string>({
    label,
    value,
    options,
    disabled,
    onChange,
}: {
    label: string;
    value: T;
    options: { value: T; label: string; hint?: string }[];
    disabled?: boolean;
    onChange: (value: T) => void;
}) {
    const name = useId();
    return (
        <fieldset disabled={disabled} className="flex flex-col gap-1.5">
            <legend className="mb-1.5 text-sm font-semibold">{label}</legend>
            <div className="grid gap-2 sm:grid-flow-col sm:auto-cols-fr">
                {options.map((option) => (
                    <label
                        key={option.value}
                        className="border-line has-checked:border-brand has-checked:bg-brand-soft has-focus-visible:outline-brand relative flex min-h-11 flex-col justify-center rounded-xl border px-3.5 py-2 has-focus-visible:outline-2 has-focus-visible:outline-offset-2"
                    >
                        <input
                            type="radio"
                            name={name}
                            value={option.value}
                            checked={option.value === value}
                            onChange={() => onChange(option.value)}
                            aria-labelledby={`${name}-${option.value}`}
                            aria-describedby={option.hint && `${name}-${option.value}-about`}
                            className="absolute inset-0 cursor-pointer opacity-0"
                        />
                        <span id={`${name}-${option.value}`} className="text-sm font-semibold">
                            {option.label}
                        </span>
                        {option.hint && (
                            <span id={`${name}-${option.value}-about`} className="text-muted text-xs">
                                {option.hint}
                            </span>
                        )}
                    </label>
                ))}
            </div>
        </fieldset>
    );
}

/** Brings whoever sent a form with a mistake to the first field that has one. */
export function useFirstMistake(tries: number) {
    const form = useRef<HTMLFormElement>(null);
    useEffect(() => {
        if (tries > 0) form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
    }, [tries]);
    return form;
}
