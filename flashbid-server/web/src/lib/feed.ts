import { onSession, currentToken } from "./session";
import type { Order, RankingEntry, UnitsLeft } from "../api/client";

/** How a page hears of a sale: live, not any more for the moment, or not at all. */
export type Connection = "connecting" | "live" | "lost" | "gone";

export interface RankingUpdate {
    campaign_id: string;
    top_k: RankingEntry[];
    total_participants: number;
    min_winning_score: number | null;
    max_score: number | null;
    timestamp: string;
}

export interface BidAccepted {
    bid_id: string;
    price: number;
    score: number;
    rank: number;
    time_elapsed_ms: number;
    timestamp: string;
}

export type StockUpdate = UnitsLeft & { timestamp: string };
export type OrderUpdate = Order & { hold_id: string | null };

export interface CampaignEnded {
    is_winner: boolean;
    final_rank: number | null;
    final_score: number | null;
    final_price: number | null;
}

export type FeedEvent =
    | { event: "ranking_update"; data: RankingUpdate; sequence: number }
    | { event: "bid_accepted"; data: BidAccepted; sequence: number }
    | { event: "stock_update"; data: StockUpdate; sequence: number }
    | { event: "order_update"; data: OrderUpdate; sequence: number }
    | { event: "campaign_ended"; data: CampaignEnded; sequence: number };

interface Listener {
    onEvent(event: FeedEvent): void;
    onConnection(connection: Connection): void;
}

/** Between two attempts to connect: short, since a sale is a matter of seconds, and never at one moment for all. */
const RETRY = 400;
/** So long it becomes at the most, and where the server itself asks for patience. */
const LONGEST = 1_000;
const LONGEST_ASKED = 10_000;
/** The server could not go on for now. */
const TRY_AGAIN_LATER = 1013;
/** How often the server is asked for a sign of life, and how long it may take to give one. */
const PING = 3_000;
const PATIENCE = 2_000;
/** How long a connection may take to open. */
const OPENING = 5_000;

/**
 * Follows a campaign over a WebSocket until it is closed: connects again by itself, behind the last event it knows of,
 * so that nothing is missed and the page need not be loaded again.
 */
export function follow(campaign: string, listener: Listener): () => void {
    let socket: WebSocket | null = null;
    let since: number | null = null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let vital: ReturnType<typeof setTimeout> | undefined;
    let closed = false;
    let failures = 0;

    function connect(): void {
        clearTimeout(timer);
        const token = currentToken();
        if (closed || socket || !token) return;
        const url = new URL(`/ws/${campaign}`, window.location.href);
        url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
        url.searchParams.set("token", token);
        if (since !== null) url.searchParams.set("since", String(since));
        const opened = new WebSocket(url);
        socket = opened;
        vital = setTimeout(() => lose(opened), OPENING);
        let isLive = false;
        // Being open is not being let in: the server says something only to whom it tells of the sale.
        opened.onopen = () => opened.send("ping");
        opened.onmessage = (message: MessageEvent<string>) => {
            if (opened !== socket) return;
            watch(opened);
            if (!isLive) {
                isLive = true;
                failures = 0;
                listener.onConnection("live");
            }
            if (message.data === "pong") return;
            const event = JSON.parse(message.data) as FeedEvent;
            since = event.sequence;
            listener.onEvent(event);
        };
        opened.onclose = ({ code }) => {
            // The log went back to an earlier position: what was told may be told again.
            if (code === 1012) since = null;
            if (code === 4001 || code === 4002 || code === 4004) end();
            else lose(opened, code === TRY_AGAIN_LATER ? LONGEST_ASKED : LONGEST);
        };
    }

    /** Takes a connection for dead when it says nothing any more: a network that is cut closes nothing. */
    function watch(opened: WebSocket): void {
        clearTimeout(vital);
        vital = setTimeout(() => {
            opened.send("ping");
            vital = setTimeout(() => lose(opened), PATIENCE);
        }, PING);
    }

    function lose(lost: WebSocket, longest = LONGEST): void {
        if (closed || lost !== socket) return;
        socket = null;
        clearTimeout(vital);
        lost.close();
        listener.onConnection("lost");
        const pause = Math.min(longest, RETRY * 2 ** failures);
        failures += 1;
        timer = setTimeout(connect, pause * (0.75 + Math.random() / 2));
    }

    function hurry(): void {
        // What was open before the network came back may be dead without knowing it.
        if (socket) lose(socket);
        connect();
    }
    function cut(): void {
        if (socket) lose(socket);
    }
    function end(): void {
        closed = true;
        clearTimeout(timer);
        clearTimeout(vital);
        window.removeEventListener("online", hurry);
        window.removeEventListener("offline", cut);
        stopListening();
        socket?.close();
        socket = null;
        listener.onConnection("gone");
    }

    const stopListening = onSession(() => {
        since = null;
        if (socket) lose(socket);
        connect();
    });
    window.addEventListener("online", hurry);
    window.addEventListener("offline", cut);
    listener.onConnection("connecting");
    connect();
    return () => {
        if (!closed) end();
    };
}
