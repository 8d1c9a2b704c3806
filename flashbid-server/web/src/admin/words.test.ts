import { expect, test } from "vitest";

import { en } from "./words/en";
import { zhTW } from "./words/zh-TW";

/** Each text with its path. */
function texts(of: object, path = ""): [string, string][] {
    return Object.entries(of).flatMap(([key, value]) =>
        typeof value === "string"
            ? [[path + key, value] as [string, string]]
            : texts(value as object, `${path}${key}.`),
    );
}

test("each text names the same values in every language", () => {
    const values = (text: string) => [...new Set(text.match(/{{\w+}}/g) ?? [])].sort();
    const chinese = new Map(texts(zhTW));
    for (const [path, text] of texts(en))
        expect([path, values(chinese.get(path) ?? "")]).toEqual([path, values(text)]);
});
