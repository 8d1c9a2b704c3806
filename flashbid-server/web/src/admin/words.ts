import { useCallback } from "react";
import { useTranslation } from "react-i18next";

import { Problem } from "../api/client";
import i18next from "../i18n";
import { useProblemText } from "../lib/problem";
import { en, type Words } from "./words/en";
import { zhTW } from "./words/zh-TW";

// They come with the pages that use them: who only buys need not load them.
i18next.addResourceBundle("en", "admin", en);
i18next.addResourceBundle("zh-TW", "admin", zhTW);

type Plain<K extends string> = K extends `${infer Base}_one` | `${infer Base}_other` ? Base : K;
type Keys<T> = {
    [K in keyof T & string]: T[K] extends string ? Plain<K> : `${K}.${Keys<T[K]>}`;
}[keyof T & string];

/** What can be said on the admin pages. */
export type Key = Keys<Words>;
export type Say = (key: Key, values?: Record<string, string | number>) => string;

/** The words of the admin pages in the reader's language. */
export function useWords(): Say {
    const { t } = useTranslation();
    // The type of `t` knows the words of everybody only; `Key` knows these.
    const any = t as unknown as (key: string, values?: Record<string, string | number>) => string;
    return useCallback<Say>((key, values) => any(`admin:${key}`, values), [any]);
}

/** Says a problem as an administrator understands it, and else as everybody does. */
export function useAdminProblem(): (error: unknown) => string {
    const words = useWords();
    const say = useProblemText();
    return (error) =>
        error instanceof Problem && error.code in en.problem
            ? words(`problem.${error.code}` as Key)
            : say(error);
}
