import { useCallback, useRef, useState, type ReactNode } from "react";

import { answered, api, Problem } from "../api/client";
import { CaptchaDialog } from "../ui/captcha";

/** A campaign whose bids and purchases may need a token. */
interface Guards {
    campaign_id: string;
    require_token: boolean;
    require_captcha: boolean;
}

/**
 * Gets the request token that a campaign asks for, with its captcha where there is one. The element is to be shown:
 * it is the captcha's dialog.
 */
export function useRequestToken(): {
    token: (campaign: Guards) => Promise<string | null>;
    dialog: ReactNode;
} {
    const [asking, setAsking] = useState<string | null>(null);
    const settle = useRef<{ done: (token: string) => void; fail: (problem: Problem) => void } | null>(null);

    const token = useCallback(async (campaign: Guards): Promise<string | null> => {
        if (!campaign.require_token && !campaign.require_captcha) return null;
        if (!campaign.require_captcha) {
            const given = await answered(
                api.POST("/api/v1/campaigns/{campaign_id}/tokens", {
                    params: { path: { campaign_id: campaign.campaign_id } },
                    body: {},
                }),
            );
            return given.token;
        }
        return new Promise<string>((done, fail) => {
            settle.current = { done, fail };
            setAsking(campaign.campaign_id);
        });
    }, []);

    const dialog = asking && (
        <CaptchaDialog
            campaign={asking}
            onToken={(given) => {
                setAsking(null);
                settle.current?.done(given);
            }}
            onCancel={() => {
                setAsking(null);
                settle.current?.fail(
                    new Problem("CAPTCHA_REQUIRED", 403, "A captcha is to be solved first."),
                );
            }}
        />
    );
    return { token, dialog };
}
