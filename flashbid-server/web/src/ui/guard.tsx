import { Component, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { Button, Empty } from "./index";

/** Shows a page that says so instead of a blank one when something within it breaks. */
export class Guard extends Component<{ children: ReactNode }, { broken: boolean }> {
    override state = { broken: false };

    static getDerivedStateFromError() {
        return { broken: true };
    }

    override render() {
        return this.state.broken ? <Broken /> : this.props.children;
    }
}

function Broken() {
    const { t } = useTranslation();
    return (
        <main className="mx-auto max-w-xl p-6">
            <Empty title={t("state.broken")} hint={t("state.brokenHint")}>
                <Button onClick={() => window.location.reload()}>{t("state.reload")}</Button>
            </Empty>
        </main>
    );
}
