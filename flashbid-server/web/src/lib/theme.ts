import { stored } from "./stored";

export type Theme = "system" | "light" | "dark";

export const theme = stored<Theme>("flashbid.theme", (text) =>
    text === "light" || text === "dark" ? text : "system",
);

const dark = window.matchMedia("(prefers-color-scheme: dark)");

/** Whether the page is dark now. */
function isDark(): boolean {
    const chosen = theme.read();
    return chosen === "dark" || (chosen === "system" && dark.matches);
}

/** Keeps the page in the chosen theme. */
export function applyTheme(): void {
    const apply = () => {
        document.documentElement.classList.toggle("dark", isDark());
        document.documentElement.style.colorScheme = isDark() ? "dark" : "light";
    };
    apply();
    theme.subscribe(apply);
    dark.addEventListener("change", apply);
}
