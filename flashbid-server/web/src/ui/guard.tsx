import { Component, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { Button, Empty } from "./index";

interface Props {
    children: ReactNode;
    /** What is shown then. */
    instead?: ReactNode;
    /** Where the reader is: elsewhere it is tried anew. */
    at?: string;
}

/** Shows something else instead of nothing at all when what is within it breaks. */
export class Guard extends Component<Props, { broken: boolean }> {
    override state = { broken: false };

    static getDerivedStateFromError() {
        return { broken: true };
    }

    override componentDidUpdate(before: Props) {
        if (this.state.broken && before.at !== this.props.at) this.setState({ broken: false });
    }

    override render() {
        return this.state.broken ? (this.props.instead ?? <Broken />) : this.props.children;
    }
}

function Broken() {
    const { t } = useTranslation();
    return (
        <div className="mx-auto max-w-xl p-6">
            <Empty title={t("state.broken")} hint={t("state.brokenHint")}>
                <Reload />
            </Empty>
        </div>
    );
}

export function Reload() {
    const { t } = useTranslation();
    return (
        <Button kind="secondary" onClick={() => window.location.reload()}>
            {t("state.reload")}
        </Button>
    );
}
