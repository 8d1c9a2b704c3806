import type { Campaign } from "../api/client";
import { isClockKnown, useNow } from "./clock";

export type Phase = "pending" | "active" | "ended";

/** How far a campaign has come by the server's clock, which goes on between two answers. */
export function phaseAt(campaign: Pick<Campaign, "start_time" | "end_time" | "status">, now: number): Phase {
    if (campaign.status === "ended" || !isClockKnown()) return campaign.status;
    if (now >= Date.parse(campaign.end_time)) return "ended";
    return now < Date.parse(campaign.start_time) ? "pending" : "active";
}

export function usePhase(campaign: Campaign): Phase {
    return phaseAt(campaign, useNow());
}

/** How a place is called: what may still change is not called won. */
export function placeWords(isWinning: boolean, phase: Phase) {
    if (phase === "ended") return isWinning ? "ranking.won" : "ranking.notWon";
    return isWinning ? "ranking.winning" : "ranking.notWinning";
}
