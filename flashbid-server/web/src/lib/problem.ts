import { useTranslation } from "react-i18next";

import { Problem } from "../api/client";

/** Says a problem as one plain sentence with what to do, in the reader's language. */
export function useProblemText(): (error: unknown) => string {
    const { t, i18n } = useTranslation();
    return (error) => {
        const problem = error instanceof Problem ? error : new Problem("INTERNAL", 500, String(error));
        const key = `problem.${problem.code}`;
        if (i18n.exists(key)) return t(key as "problem.INTERNAL", { seconds: problem.retryAfter ?? 1 });
        return t("problem.fallback", { detail: problem.detail });
    };
}
