import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "wouter";

import { useMe } from "../api/queries";
import { LANGUAGES, language, type Language } from "../i18n";
import { cart } from "../lib/cart";
import { logOut, useToken } from "../lib/session";
import { useStored } from "../lib/stored";
import { theme, type Theme } from "../lib/theme";
import { Bolt, buttonClass, NavLink } from "./index";

/** The frame of every page: where one is, who one is, and how the page looks. */
export function Shell({ children }: { children: ReactNode }) {
    const { t } = useTranslation();
    const [location] = useLocation();
    const [open, setOpen] = useState(false);
    const [shown, setShown] = useState(location);
    // Going to another page closes the menu.
    if (shown !== location) {
        setShown(location);
        setOpen(false);
    }
    return (
        <>
            <a
                href="#main"
                className="bg-brand text-brand-ink sr-only z-50 rounded-lg p-3 focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
            >
                {t("nav.skip")}
            </a>
            <header className="bg-card/95 border-line sticky top-0 z-30 border-b backdrop-blur">
                <div className="mx-auto flex max-w-6xl items-center gap-2 px-4 py-2 sm:px-6">
                    <Link
                        href="/"
                        className="mr-2 flex items-center gap-2 text-lg font-extrabold tracking-tight"
                    >
                        <span className="bg-brand text-brand-ink grid size-8 place-items-center rounded-lg">
                            <Bolt className="size-5" />
                        </span>
                        FlashBid
                    </Link>
                    <nav aria-label={t("nav.menu")} className="hidden flex-1 items-center md:flex">
                        <Links />
                    </nav>
                    <div className="ml-auto hidden items-center gap-2 md:flex">
                        <Choices />
                        <Account />
                    </div>
                    <button
                        type="button"
                        aria-expanded={open}
                        aria-controls="menu"
                        onClick={() => setOpen(!open)}
                        className={buttonClass("quiet", "ml-auto md:hidden")}
                    >
                        <span aria-hidden>{open ? "✕" : "☰"}</span>
                        {t("nav.menu")}
                    </button>
                </div>
                {open && (
                    <div id="menu" className="border-line flex flex-col gap-3 border-t p-4 md:hidden">
                        <nav aria-label={t("nav.menu")} className="flex flex-col">
                            <Links />
                        </nav>
                        <Choices />
                        <Account />
                    </div>
                )}
            </header>
            <main
                id="main"
                tabIndex={-1}
                className="mx-auto max-w-6xl px-4 py-6 outline-none sm:px-6 sm:py-8"
            >
                {children}
            </main>
        </>
    );
}

function Links() {
    const { t } = useTranslation();
    const token = useToken();
    const me = useMe();
    const lines = useStored(cart).length;
    return (
        <>
            <Tab to="/">{t("nav.home")}</Tab>
            {token && <Tab to="/bids">{t("nav.bids")}</Tab>}
            {token && <Tab to="/orders">{t("nav.orders")}</Tab>}
            <Tab to="/cart">
                {t("nav.cart")}
                {lines > 0 && (
                    <span className="bg-brand text-brand-ink ml-1.5 rounded-full px-1.5 text-xs">
                        {lines}
                    </span>
                )}
            </Tab>
            {me?.is_admin && <Tab to="/admin">{t("nav.admin")}</Tab>}
        </>
    );
}

function Tab({ to, children }: { to: string; children: ReactNode }) {
    const [location] = useLocation();
    const here = to === "/" ? location === "/" : location.startsWith(to);
    return (
        <NavLink to={to} isHere={here} className="rounded-lg px-3 py-2.5" here="text-brand bg-brand-soft">
            {children}
        </NavLink>
    );
}

const SELECT = "bg-card border-line text-ink min-h-11 rounded-xl border px-2.5 text-sm";

function Choices() {
    const { t } = useTranslation();
    const chosen = useStored(language);
    const look = useStored(theme);
    return (
        <div className="flex gap-2">
            <select
                aria-label={t("nav.language")}
                value={chosen}
                onChange={(event) => language.write(event.target.value as Language)}
                className={SELECT}
            >
                {Object.entries(LANGUAGES).map(([code, name]) => (
                    <option key={code} value={code} lang={code}>
                        {name}
                    </option>
                ))}
            </select>
            <select
                aria-label={t("nav.theme")}
                value={look}
                onChange={(event) => theme.write(event.target.value as Theme)}
                className={SELECT}
            >
                <option value="system">{t("nav.system")}</option>
                <option value="light">{t("nav.light")}</option>
                <option value="dark">{t("nav.dark")}</option>
            </select>
        </div>
    );
}

function Account() {
    const { t } = useTranslation();
    const token = useToken();
    const me = useMe();
    const [location] = useLocation();
    const leave = () => {
        cart.write([]);
        logOut();
    };
    if (token) {
        return (
            <div className="flex items-center gap-2">
                {me && <span className="max-w-32 truncate text-sm font-semibold">{me.username}</span>}
                <button type="button" onClick={leave} className={buttonClass("secondary")}>
                    {t("nav.logOut")}
                </button>
            </div>
        );
    }
    const next =
        location === "/" || location === "/login" || location === "/register"
            ? ""
            : `?next=${encodeURIComponent(location)}`;
    return (
        <div className="flex items-center gap-2">
            <Link href={`/login${next}`} className={buttonClass("quiet")}>
                {t("nav.logIn")}
            </Link>
            <Link href={`/register${next}`} className={buttonClass("primary")}>
                {t("nav.register")}
            </Link>
        </div>
    );
}
