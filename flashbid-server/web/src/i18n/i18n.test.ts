import { expect, test } from "vitest";

import { en as adminEn } from "../admin/words/en";
import { zhTW as adminZhTW } from "../admin/words/zh-TW";
import { en } from "./en";
import { zhTW } from "./zh-TW";

type Texts = { [key: string]: string | Texts };

/** Each text by its key; of a plural, the form that stands for all of them. */
function flat(texts: Texts, prefix = ""): [string, string][] {
    return Object.entries(texts).flatMap(([key, text]) =>
        typeof text === "string" ? [[prefix + key, text]] : flat(text, `${prefix}${key}.`),
    );
}

const values = (text: string) => new Set(text.match(/\{\{\w+\}\}/g));

test.each<[string, Texts, Texts]>([
    ["everybody", en, zhTW],
    ["administrators", adminEn, adminZhTW],
])("the texts for %s say the same in both languages", (_, english, chinese) => {
    const other = new Map(flat(chinese));
    for (const [key, text] of flat(english)) {
        const theirs = other.get(key) ?? other.get(key.replace(/_one$/, "_other"));
        expect(theirs, key).toBeTruthy();
        // A singular need not name its number.
        if (key.endsWith("_one")) continue;
        expect(values(theirs!), key).toEqual(values(text));
    }
});
