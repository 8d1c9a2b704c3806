import i18next from "i18next";
import { initReactI18next } from "react-i18next";

import { stored } from "../lib/stored";
import { en } from "./en";
import { zhTW } from "./zh-TW";

export const LANGUAGES = { en: "English", "zh-TW": "繁體中文" } as const;
export type Language = keyof typeof LANGUAGES;

/** What people read the page in: as they chose, else as their browser asks. Every Chinese is better off with ours. */
export const language = stored<Language>("flashbid.language", (text) => {
    if (text === "en" || text === "zh-TW") return text;
    const wanted = navigator.languages?.[0] ?? navigator.language ?? "en";
    return wanted.toLowerCase().startsWith("zh") ? "zh-TW" : "en";
});

declare module "i18next" {
    interface CustomTypeOptions {
        resources: { translation: typeof en };
    }
}

void i18next.use(initReactI18next).init({
    lng: language.read(),
    fallbackLng: "en",
    resources: { en: { translation: en }, "zh-TW": { translation: zhTW } },
    interpolation: { escapeValue: false },
    returnNull: false,
});

function apply(): void {
    document.documentElement.lang = language.read();
}
apply();
language.subscribe(() => {
    apply();
    void i18next.changeLanguage(language.read());
});

export default i18next;
