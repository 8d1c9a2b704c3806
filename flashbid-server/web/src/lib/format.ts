import { useTranslation } from "react-i18next";

/** Numbers, prices and times as the reader's language writes them. */
export function useFormat() {
    const { i18n, t } = useTranslation();
    const locale = i18n.language;
    const money = formatter(locale, { minimumFractionDigits: 2, maximumFractionDigits: 4 });
    const whole = formatter(locale, { maximumFractionDigits: 0 });
    const decimal = formatter(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
    return {
        money: (value: number) => money.format(value),
        number: (value: number) => whole.format(value),
        score: (value: number) => decimal.format(value),
        dateTime: (value: string) =>
            dates(locale, { dateStyle: "medium", timeStyle: "short" }).format(new Date(value)),
        time: (value: string | number) => dates(locale, { timeStyle: "medium" }).format(new Date(value)),
        /** A length of time in its two largest units. */
        span(ms: number): string {
            const seconds = Math.max(0, Math.ceil(ms / 1_000));
            const fields: [number, string][] = [
                [Math.floor(seconds / 86_400), t("time.d")],
                [Math.floor(seconds / 3_600) % 24, t("time.h")],
                [Math.floor(seconds / 60) % 60, t("time.m")],
                [seconds % 60, t("time.s")],
            ];
            const first = fields.findIndex(([value]) => value > 0);
            return (first < 0 ? fields.slice(3) : fields.slice(first, first + 2))
                .filter(([value], index) => index === 0 || value > 0)
                .map(([value, unit]) => `${value} ${unit}`)
                .join(" ");
        },
    };
}

const numbers = new Map<string, Intl.NumberFormat>();
function formatter(locale: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
    const key = `${locale}/${options.minimumFractionDigits}/${options.maximumFractionDigits}`;
    let found = numbers.get(key);
    if (!found) numbers.set(key, (found = new Intl.NumberFormat(locale, options)));
    return found;
}

const moments = new Map<string, Intl.DateTimeFormat>();
function dates(
    locale: string,
    options: Pick<Intl.DateTimeFormatOptions, "dateStyle" | "timeStyle">,
): Intl.DateTimeFormat {
    const key = `${locale}/${options.dateStyle}/${options.timeStyle}`;
    let found = moments.get(key);
    if (!found) moments.set(key, (found = new Intl.DateTimeFormat(locale, options)));
    return found;
}

/** Digits of a clock: `01:05`, `02:03:04`, with days before. */
export function clockDigits(ms: number, day: string): string {
    const seconds = Math.max(0, Math.ceil(ms / 1_000));
    const two = (value: number) => String(value).padStart(2, "0");
    const [days, hours, minutes] = [
        Math.floor(seconds / 86_400),
        Math.floor(seconds / 3_600) % 24,
        Math.floor(seconds / 60) % 60,
    ];
    const clock =
        hours > 0 || days > 0
            ? `${two(hours)}:${two(minutes)}:${two(seconds % 60)}`
            : `${two(minutes)}:${two(seconds % 60)}`;
    return days > 0 ? `${days} ${day} ${clock}` : clock;
}
