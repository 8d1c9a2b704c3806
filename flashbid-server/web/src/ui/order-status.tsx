import { useTranslation } from "react-i18next";

import type { Order } from "../api/client";
import { Badge, type Tone } from "./index";

export const TONES: Record<Order["status"], Tone> = {
    pending_payment: "warn",
    paid: "good",
    cancelled: "neutral",
    expired: "bad",
    refund_due: "bad",
};

/** What has become of an order. */
export function OrderStatus({ status }: { status: Order["status"] }) {
    const { t } = useTranslation();
    return <Badge tone={TONES[status]}>{t(`orders.status.${status}`)}</Badge>;
}
