import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import type { CampaignDetails, OwnRanking, Ranking, RankingEntry, UnitsLeft } from "../api/client";
import { ownRankingQuery, rankingQuery } from "../api/queries";
import { measureClock, serverNow } from "./clock";
import { follow, type BidAccepted, type CampaignEnded, type Connection, type FeedEvent } from "./feed";
import { useToken } from "./session";

/** A moment of a sale, for its chart. */
export interface Sample {
    at: number;
    participants: number;
    best: number | null;
    winning: number | null;
}

/** What is known of a sale right now. */
export interface Live {
    connection: Connection;
    top: RankingEntry[];
    participants: number;
    minWinningScore: number | null;
    maxScore: number | null;
    units: UnitsLeft | null;
    lastBid: BidAccepted | null;
    ended: CampaignEnded | null;
}

export const NOTHING: Live = {
    connection: "connecting",
    top: [],
    participants: 0,
    minWinningScore: null,
    maxScore: null,
    units: null,
    lastBid: null,
    ended: null,
};

/** How much of a sale its chart keeps: half an hour of two samples a second is less than a megabyte. */
const SAMPLES = 3_600;
/** At least so many milliseconds lie between two samples. */
const SAMPLE_EVERY = 500;

/** Events of a campaign, as they come; many within a frame are one change of the page. */
export function useLive(campaign: CampaignDetails): Live & { samples: readonly Sample[] } {
    const token = useToken();
    const queries = useQueryClient();
    const id = campaign.campaign_id;
    const [live, setLive] = useState<Live>(NOTHING);
    const [samples] = useState<Sample[]>(() => []);

    useEffect(() => {
        let pending: Partial<Live> | null = null;
        let frame = 0;

        function show(change: Partial<Live>): void {
            pending = { ...pending, ...change };
            if (frame) return;
            const apply = () => {
                clearTimeout(fallback);
                cancelAnimationFrame(painted);
                frame = 0;
                const next = pending;
                pending = null;
                if (next) setLive((known) => ({ ...known, ...next }));
            };
            // A page in the background gets no frames, but its title and its orders are to be right.
            const painted = requestAnimationFrame(apply);
            const fallback = setTimeout(apply, 250);
            frame = painted || 1;
        }

        function hear(event: FeedEvent): void {
            switch (event.event) {
                case "ranking_update":
                    takeSample(samples, event.data);
                    show({
                        top: event.data.top_k,
                        participants: event.data.total_participants,
                        minWinningScore: event.data.min_winning_score,
                        maxScore: event.data.max_score,
                    });
                    break;
                case "bid_accepted":
                    show({ lastBid: event.data });
                    void queries.invalidateQueries({ queryKey: ["own-ranking", id] });
                    void queries.invalidateQueries({ queryKey: ["history", id] });
                    break;
                case "stock_update":
                    show({ units: event.data });
                    break;
                case "order_update":
                    void queries.invalidateQueries({ queryKey: ["orders"] });
                    void queries.invalidateQueries({ queryKey: ["purchase", event.data.hold_id] });
                    break;
                case "campaign_ended":
                    show({ ended: event.data });
                    void queries.invalidateQueries({ queryKey: ["campaign", id] });
                    void queries.invalidateQueries({ queryKey: ["orders"] });
                    void queries.invalidateQueries({ queryKey: ["own-ranking", id] });
                    break;
            }
        }

        let connections = 0;
        const stop = follow(id, {
            onEvent: hear,
            onConnection(connection) {
                if (connection === "live") {
                    connections += 1;
                    // What was missed and is not in the feed: whoever was cut off asks anew.
                    if (connections > 1) {
                        measureClock().catch(() => undefined);
                        void queries.invalidateQueries();
                    }
                }
                show({ connection });
            },
        });
        return () => {
            stop();
            cancelAnimationFrame(frame);
            pending = null;
        };
    }, [id, queries, samples]);

    // Who is not logged in has no feed and asks every two seconds instead.
    const isFirstCome = campaign.format === "first_come";
    const polled = useQuery({
        ...rankingQuery(id),
        enabled: !isFirstCome && (token === null || live.connection !== "live"),
        refetchInterval: token === null && campaign.status === "active" ? 2_000 : false,
    });
    const ranking = live.top.length === 0 ? polled.data : token === null ? polled.data : undefined;
    useEffect(() => {
        if (ranking) takeSample(samples, { ...fromRanking(ranking), timestamp: ranking.updated_at });
    }, [ranking, samples]);
    const base = ranking
        ? {
              ...live,
              top: ranking.rankings,
              participants: ranking.total_participants,
              minWinningScore: ranking.min_winning_score ?? null,
              maxScore: ranking.max_score ?? null,
          }
        : live;
    return { ...base, units: base.units ?? campaign.stats?.units ?? null, samples: samples };
}

function fromRanking(ranking: Ranking) {
    return {
        top_k: ranking.rankings,
        total_participants: ranking.total_participants,
        min_winning_score: ranking.min_winning_score ?? null,
    };
}

interface Sampled {
    top_k: RankingEntry[];
    total_participants: number;
}

function takeSample(samples: Sample[], ranking: Sampled & { timestamp?: string }): void {
    const at = ranking.timestamp ? Date.parse(ranking.timestamp) : serverNow();
    const last = samples[samples.length - 1];
    if (last && at - last.at < SAMPLE_EVERY) return;
    let best: number | null = null;
    let winning: number | null = null;
    for (const { price } of ranking.top_k) {
        if (best === null || price > best) best = price;
        if (winning === null || price < winning) winning = price;
    }
    samples.push({ at, participants: ranking.total_participants, best, winning });
    // Half the resolution for the older half, so that a long sale keeps its beginning.
    if (samples.length > SAMPLES) {
        const kept = samples.filter((_, index) => index % 2 === 0 || index > SAMPLES / 2);
        samples.splice(0, samples.length, ...kept);
    }
}

/** The user's own place: from the ranking when it is there, else asked for. */
export function useOwnPlace(campaign: CampaignDetails, live: Live, me: string | null): OwnRanking | null {
    const token = useToken();
    const listed = me === null ? undefined : live.top.find((entry) => entry.user_id === me);
    const asked = useQuery({
        ...ownRankingQuery(campaign.campaign_id, token),
        enabled: token !== null && campaign.format === "ranked" && campaign.status !== "pending",
        refetchInterval: campaign.status === "active" && !listed ? 2_000 : false,
    });
    if (me !== null && listed) {
        return {
            campaign_id: campaign.campaign_id,
            user_id: me,
            rank: listed.rank,
            score: listed.score,
            is_winning: listed.rank <= campaign.quota,
            total_participants: live.participants,
        };
    }
    return asked.data ?? null;
}
