import { useTranslation } from "react-i18next";
import { Link } from "wouter";

import { buttonClass } from "./index";

/** The ways in for who is not logged in; each leads back to `next`. */
export function Join({ next, words }: { next: string; words: string }) {
    const { t } = useTranslation();
    return (
        <div className="flex flex-col gap-2">
            <Link href={`/login?next=${next}`} className={buttonClass("primary", "min-h-13 text-base")}>
                {words}
            </Link>
            <Link
                href={`/register?next=${next}`}
                className="text-brand text-center text-sm font-semibold hover:underline"
            >
                {t("bid.join")}
            </Link>
        </div>
    );
}
