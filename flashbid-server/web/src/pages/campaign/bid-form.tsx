import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import {
    answered,
    api,
    type Bid,
    type CampaignDetails,
    type OwnRanking,
    type Ranking,
    type User,
} from "../../api/client";
import { historyQuery } from "../../api/queries";
import { useAttempt } from "../../lib/attempt";
import { useNow } from "../../lib/clock";
import { parseUnits, toUnits, unitsText, type Units } from "../../lib/decimal";
import { useFormat } from "../../lib/format";
import { useRequestToken } from "../../lib/guarded";
import type { Live } from "../../lib/live";
import type { Phase } from "../../lib/phase";
import { useProblemText } from "../../lib/problem";
import { priceToBeat, score, type Weights } from "../../lib/score";
import { useToken } from "../../lib/session";
import { Button, Card, Field, Notice } from "../../ui";
import { Join } from "../../ui/join";

export function BidForm({
    campaign,
    live,
    own,
    me,
    phase,
}: {
    campaign: CampaignDetails;
    live: Live;
    own: OwnRanking | null;
    me: User | null;
    phase: Phase;
}) {
    const { t } = useTranslation();
    const format = useFormat();
    const say = useProblemText();
    const queries = useQueryClient();
    const token = useToken();
    const now = useNow();
    const gate = useRequestToken();
    const [tried, setTried] = useState(false);

    const id = campaign.campaign_id;
    const bidding = useAttempt({
        name: `bid.${id}`,
        prepare: async (price: string) => ({ price, token: await gate.token(campaign) }),
        send: (request, key): Promise<Bid> =>
            answered(
                api.POST("/api/v1/bids", {
                    params: {
                        header: {
                            "Idempotency-Key": key,
                            ...(request.token && { "X-Request-Token": request.token }),
                        },
                    },
                    body: { campaign_id: id, price: request.price },
                }),
            ),
        // Its terms may have become stricter, it may be sold out or over.
        failed: () => void queries.invalidateQueries({ queryKey: ["campaign", id] }),
        after() {
            void queries.invalidateQueries({ queryKey: ["own-ranking", id] });
            void queries.invalidateQueries({ queryKey: ["history", id] });
            if (live.connection !== "live") void queries.invalidateQueries({ queryKey: ["ranking", id] });
        },
    });

    const [typed, setText] = useState(bidding.sent?.price ?? "");
    const text = bidding.sent?.price ?? typed;
    const price = parseUnits(text);
    const least = toUnits(campaign.product?.min_price ?? 0);
    const weights: Weights = {
        alpha: toUnits(campaign.alpha),
        beta: toUnits(campaign.beta),
        gamma: toUnits(campaign.gamma),
    };
    const weight = me ? toUnits(me.weight) : toUnits(1);
    const elapsed = Math.max(0, now - Date.parse(campaign.start_time));
    const { ranking } = live;
    const winning = ranking && winningPrice(ranking, weights, least, elapsed, weight);
    // The same price scores a little less each moment: nobody is warned of the bid just made.
    const isTaken = bidding.answer !== undefined && price === toUnits(bidding.answer.price);
    const isLower =
        price !== null &&
        !isTaken &&
        own?.score != null &&
        score(weights, price, elapsed, weight) < toUnits(own.score);

    const wrong =
        price === null
            ? t("bid.malformed", { example: unitsText(least) })
            : price < least
              ? t("bid.tooLow", { price: unitsText(least) })
              : null;

    function submit(event: FormEvent) {
        event.preventDefault();
        if (bidding.isUnknown) {
            bidding.askAgain();
            return;
        }
        setTried(true);
        if (!wrong && price !== null) bidding.ask(unitsText(price));
    }

    if (phase === "ended") return token ? <History id={id} title={t("bid.history")} /> : null;

    const rank = own?.rank ?? null;
    return (
        <>
            <Card title={t("bid.title")}>
                {gate.dialog}
                <div className="flex flex-col gap-4">
                    {rank !== null && own && (
                        <div
                            data-testid="own-rank"
                            data-rank={rank}
                            className={
                                own.is_winning
                                    ? "bg-good-soft text-good rounded-xl p-4"
                                    : "bg-bad-soft text-bad rounded-xl p-4"
                            }
                            aria-live="polite"
                        >
                            <p className="flex items-baseline justify-between gap-3 text-lg font-extrabold">
                                {own.is_winning ? t("bid.winning") : t("bid.losing")}
                                <span className="text-2xl tabular-nums">#{format.number(rank)}</span>
                            </p>
                            <p className="text-sm font-medium">
                                {t(own.is_winning ? "bid.winningHint" : "bid.losingHint", {
                                    rank: format.number(rank),
                                    total: format.number(own.total_participants),
                                    quota: format.number(campaign.quota),
                                })}
                            </p>
                        </div>
                    )}
                    {ranking && phase === "active" && !own?.is_winning && (
                        <WinningPrice
                            winning={winning}
                            isOpen={ranking.min_winning_score == null}
                            onTake={(price) => {
                                setText(price);
                                bidding.forget();
                            }}
                        />
                    )}
                    {token ? (
                        <form onSubmit={submit} noValidate className="flex flex-col gap-3">
                            <Field
                                label={t("bid.price")}
                                inputMode="decimal"
                                autoComplete="off"
                                placeholder={unitsText(winning ?? least)}
                                value={text}
                                disabled={phase === "pending"}
                                readOnly={bidding.isPending}
                                onChange={(event) => {
                                    setText(event.target.value);
                                    bidding.forget();
                                    setTried(false);
                                }}
                                hint={
                                    price !== null && price >= least
                                        ? t("bid.estimate", {
                                              score: format.score(
                                                  Number(score(weights, price, elapsed, weight)) / 10_000,
                                              ),
                                          })
                                        : t("bid.minimum", {
                                              price: format.money(campaign.product?.min_price ?? 0),
                                          })
                                }
                                error={tried && wrong}
                            />
                            {isLower && !bidding.isPending && <Notice tone="warn">{t("bid.lower")}</Notice>}
                            <Button
                                type="submit"
                                busy={bidding.isPending}
                                disabled={phase === "pending"}
                                className="min-h-13 text-base"
                            >
                                {bidding.isPending
                                    ? t("bid.placing")
                                    : bidding.isUnknown
                                      ? t("bid.retry")
                                      : rank === null
                                        ? t("bid.place")
                                        : t("bid.placeAgain")}
                            </Button>
                        </form>
                    ) : (
                        <Join next={`/campaigns/${id}`} words={t("bid.logIn")} />
                    )}
                    {bidding.isUnknown ? (
                        <Notice tone="bad">{t("bid.unknown")}</Notice>
                    ) : (
                        bidding.error && <Notice tone="bad">{say(bidding.error)}</Notice>
                    )}
                    {bidding.answer && !bidding.error && (
                        <Notice tone="good">
                            {t("bid.accepted", {
                                rank: format.number(bidding.answer.rank),
                                price: format.money(bidding.answer.price),
                            })}
                        </Notice>
                    )}
                    {phase === "pending" && <p className="text-muted text-sm">{t("bid.notStarted")}</p>}
                    {me && weights.gamma > 0n && (
                        <p className="text-muted text-xs">
                            {t("bid.weight", {
                                weight: format.score(me.weight),
                                points: format.score(me.weight * campaign.gamma),
                            })}
                        </p>
                    )}
                </div>
            </Card>
            {token && rank !== null && <History id={id} title={t("bid.history")} />}
        </>
    );
}

/** The price that would win if it were bid this very moment. */
function winningPrice(
    { min_winning_score: toBeat }: Ranking,
    weights: Weights,
    least: Units,
    elapsed: number,
    weight: Units,
): Units | null {
    return toBeat == null ? least : priceToBeat(weights, toUnits(toBeat), least, elapsed, weight);
}

function WinningPrice({
    winning,
    isOpen,
    onTake,
}: {
    winning: Units | null;
    isOpen: boolean;
    onTake: (text: string) => void;
}) {
    const { t } = useTranslation();
    const format = useFormat();
    if (winning === null) return <Notice tone="warn">{t("bid.unreachable")}</Notice>;
    const price = format.money(Number(winning) / 10_000);
    return (
        <div className="bg-brand-soft flex items-center justify-between gap-2 rounded-xl py-1.5 pr-1.5 pl-4 text-sm font-semibold">
            <span>{isOpen ? t("bid.openPlaces", { price }) : t("bid.needed", { price })}</span>
            <Button kind="quiet" onClick={() => onTake(unitsText(winning))}>
                {t("bid.takeIt")}
            </Button>
        </div>
    );
}

function History({ id, title }: { id: string; title: string }) {
    const format = useFormat();
    const history = useQuery(historyQuery(id, useToken()));
    if (!history.data?.bids.length) return null;
    return (
        <Card
            title={title}
            aside={
                <span className="text-muted text-sm tabular-nums">{format.number(history.data.total)}</span>
            }
        >
            <ol className="flex flex-col gap-1 text-sm">
                {history.data.bids.slice(0, 5).map((bid) => (
                    <li key={bid.bid_id} className="flex justify-between gap-3 tabular-nums">
                        <span className="font-semibold">{format.money(bid.price)}</span>
                        <span className="text-muted">{format.score(bid.score)}</span>
                        <time dateTime={bid.created_at} className="text-muted">
                            {format.time(bid.created_at)}
                        </time>
                    </li>
                ))}
            </ol>
        </Card>
    );
}
