import { useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

import type { CampaignDetails, OwnRanking, Ranking, UnitsLeft } from "../api/client";
import { campaignQuery, ownRankingQuery, rankingQuery } from "../api/queries";
import { measureClock } from "./clock";
import { follow, type CampaignEnded, type Connection, type FeedEvent, type RankingUpdate } from "./feed";
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
    /** The ranking as it was told last; `null` while nothing is known of it. */
    ranking: Ranking | null;
    /** Why nothing is known of the ranking. */
    problem: Error | null;
    units: UnitsLeft | null;
    ended: CampaignEnded | null;
}

/** How much of a sale its chart keeps: half an hour of two samples a second is less than a megabyte. */
const SAMPLES = 3_600;
/** At least so many milliseconds lie between two samples. */
const SAMPLE_EVERY = 500;
/** So often is asked for what the feed does not tell at the moment. */
const POLL = 2_000;

/** What the feed told since the last frame: only the newest of each is shown. */
interface Told {
    ranking?: Ranking;
    units?: UnitsLeft;
    ended?: CampaignEnded;
    connection?: Connection;
}

/**
 * A sale as its feed tells it, and as it is asked for every two seconds while there is no feed. A ranking that is told
 * replaces one that was asked for, and the other way round; units that are told count as long as there is a feed. Many
 * events within a frame are one change of the page.
 */
export function useLive(campaign: CampaignDetails): Live & { samples: readonly Sample[] } {
    const queries = useQueryClient();
    const id = campaign.campaign_id;
    const [connection, setConnection] = useState<Connection>("connecting");
    const [ended, setEnded] = useState<CampaignEnded | null>(null);
    const [units, setUnits] = useState<UnitsLeft | null>(null);
    const [samples] = useState<Sample[]>(() => []);

    useEffect(() => {
        let told: Told = {};
        let lastUnits: UnitsLeft | null = null;
        let frame = 0;
        let fallback: ReturnType<typeof setTimeout> | undefined;

        function apply(): void {
            clearTimeout(fallback);
            cancelAnimationFrame(frame);
            frame = 0;
            const { ranking, units, ...rest } = told;
            told = {};
            if (ranking) replace(queries, id, ranking);
            if (units) setUnits((lastUnits = units));
            if (rest.ended) setEnded(rest.ended);
            if (!rest.connection) return;
            setConnection(rest.connection);
            if (rest.connection === "live" || !lastUnits) return;
            // From here on the campaign's own figures count, which begin with what was told last.
            const left = lastUnits;
            queries.setQueryData<CampaignDetails>(campaignQuery(id).queryKey, (known) =>
                known?.stats ? { ...known, stats: { ...known.stats, units: left } } : known,
            );
            setUnits((lastUnits = null));
        }
        function show(change: Told): void {
            told = { ...told, ...change };
            if (frame) return;
            // A page in the background gets no frames, but its title and its orders are to be right.
            frame = requestAnimationFrame(apply);
            fallback = setTimeout(apply, 250);
        }
        const ask = (...keys: string[][]) => {
            for (const queryKey of keys) void queries.invalidateQueries({ queryKey });
        };

        function hear(event: FeedEvent): void {
            switch (event.event) {
                case "ranking_update":
                    show({ ranking: asRanking(event) });
                    break;
                case "bid_accepted":
                    ask(["own-ranking", id], ["history", id]);
                    break;
                case "stock_update":
                    show({ units: event.data });
                    break;
                case "order_update":
                    ask(["orders"]);
                    if (event.data.hold_id) ask(["purchase", event.data.hold_id]);
                    break;
                case "campaign_ended":
                    show({ ended: event.data });
                    ask(["campaign", id], ["orders"], ["own-ranking", id]);
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
                        ask(["campaign", id], ["own-ranking", id], ["history", id], ["orders"], ["purchase"]);
                    }
                }
                show({ connection });
            },
        });
        return () => {
            stop();
            clearTimeout(fallback);
            cancelAnimationFrame(frame);
        };
    }, [id, queries]);

    const isFirstCome = campaign.format === "first_come";
    const isPolled = connection !== "live" && campaign.status !== "pending" && !campaign.settled;
    const refetchInterval = isPolled ? POLL : false;
    const ranking = useQuery({ ...rankingQuery(id), enabled: !isFirstCome, refetchInterval });
    useQuery({ ...campaignQuery(id), enabled: isFirstCome, refetchInterval });

    // What was asked for last may be older than the end, and than the settlement.
    const { status, settled } = campaign;
    useEffect(() => {
        if (status !== "ended") return;
        for (const queryKey of [["ranking", id], ["own-ranking", id], ["orders"]])
            void queries.invalidateQueries({ queryKey });
    }, [id, queries, settled, status]);

    const known = ranking.data ?? null;
    useEffect(() => {
        if (known) takeSample(samples, known, campaign);
        // Its terms stay what they are.
        // eslint-disable-next-line react-hooks/exhaustive-deps
    }, [known, samples]);
    return {
        connection,
        ranking: known,
        problem: ranking.error,
        units: units ?? campaign.stats?.units ?? null,
        ended,
        samples,
    };
}

/** Puts a ranking in the place of what is known, and of what is being asked for: that answer may be older. */
function replace(queries: QueryClient, campaign: string, ranking: Ranking): void {
    const { queryKey } = rankingQuery(campaign);
    void queries.cancelQueries({ queryKey, exact: true });
    queries.setQueryData(queryKey, ranking);
}

function asRanking({ data, sequence }: FeedEvent & { data: RankingUpdate }): Ranking {
    const { top_k, timestamp, ...rest } = data;
    return { ...rest, rankings: top_k, sequence, updated_at: timestamp };
}

function takeSample(samples: Sample[], ranking: Ranking, { quota, end_time }: CampaignDetails): void {
    const { rankings, total_participants: participants } = ranking;
    const at = Date.parse(ranking.updated_at);
    const last = samples[samples.length - 1];
    if (at > Date.parse(end_time) || (last && at - last.at < SAMPLE_EVERY)) return;
    const prices = rankings.map(({ price }) => price);
    const least = (of: number[]) => of.reduce((one, other) => Math.min(one, other), Infinity);
    samples.push({
        at,
        participants,
        best: prices.length ? -least(prices.map((price) => -price)) : null,
        // Of a great many places only the first are told.
        winning: prices.length && prices.length >= Math.min(quota, participants) ? least(prices) : null,
    });
    // Half the resolution for the older half, so that a long sale keeps its beginning.
    if (samples.length > SAMPLES) {
        const kept = samples.filter((_, index) => index % 2 === 0 || index > SAMPLES / 2);
        samples.splice(0, samples.length, ...kept);
    }
}

/** The user's own place: from the ranking when it is there, else asked for. */
export function useOwnPlace(campaign: CampaignDetails, live: Live, me: string | null): OwnRanking | null {
    const token = useToken();
    const queries = useQueryClient();
    const id = campaign.campaign_id;
    const listed = me === null ? undefined : live.ranking?.rankings.find((entry) => entry.user_id === me);
    const isListed = listed !== undefined;
    const wasListed = useRef(isListed);
    useEffect(() => {
        // Whoever is pushed out has a place that nobody has asked for yet; the answer of before is a better one.
        if (wasListed.current && !isListed) void queries.resetQueries({ queryKey: ["own-ranking", id] });
        wasListed.current = isListed;
    }, [id, isListed, queries]);
    const asked = useQuery({
        ...ownRankingQuery(id, token),
        enabled: token !== null && campaign.format === "ranked" && campaign.status !== "pending",
        refetchInterval: campaign.status === "active" && !listed ? POLL : false,
    });
    if (me !== null && listed) {
        return {
            campaign_id: id,
            user_id: me,
            rank: listed.rank,
            score: listed.score,
            is_winning: listed.rank <= campaign.quota,
            total_participants: live.ranking?.total_participants ?? 0,
        };
    }
    return asked.data ?? null;
}
