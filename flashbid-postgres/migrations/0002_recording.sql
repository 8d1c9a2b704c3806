-- Makes the function that records a batch of bids in one round trip.
--
-- In:     the tables of the ledger.
-- Out:    `record_bids`, described below.
-- Atomic: the migration runs inside one transaction.

-- Records a stretch of a campaign's log.
--
-- In:     the campaign; the epoch of its book; the stretch, `in_after < sequence <= in_through`; whether the caller
--         found the batch to be malformed; the bids, one array a column, by ascending sequence and with distinct ids.
-- Out:    `outcome` and, when that is 'recorded', the checkpoint in `reached`. Any other outcome is a refusal, after
--         which the caller rolls back: 'unknown', 'fenced', 'malformed', 'settled', 'contradiction'.
-- Atomic: the row of the checkpoint is locked first and until the caller's transaction ends.
CREATE FUNCTION record_bids(
    in_campaign  uuid,
    in_epoch     bigint,
    in_after     bigint,
    in_through   bigint,
    in_malformed boolean,
    sequences    bigint[],
    ids          uuid[],
    bidders      uuid[],
    names        text[],
    prices       bigint[],
    weights      bigint[],
    scores       bigint[],
    ranks        bigint[],
    times        bigint[],
    elapsed      bigint[],
    bid_numbers  bigint[],
    OUT outcome  text,
    OUT reached  bigint
) LANGUAGE plpgsql AS $$
DECLARE
    known_number bigint;
    known_epoch  bigint;
    known_early  int8multirange;
    is_settled   boolean;
    keeps_best   boolean;
    written      bigint := 0;
BEGIN
    SELECT number INTO known_number FROM campaigns WHERE id = in_campaign;
    IF NOT FOUND THEN
        outcome := 'unknown';
        RETURN;
    END IF;

    SELECT epoch, checkpoint, early INTO STRICT known_epoch, reached, known_early
    FROM checkpoints WHERE campaign = known_number FOR NO KEY UPDATE;
    IF known_epoch <> in_epoch THEN
        outcome := 'fenced';
        RETURN;
    END IF;
    IF in_malformed THEN
        outcome := 'malformed';
        RETURN;
    END IF;

    -- Read with the lock in hand: a settlement holds the same one.
    SELECT phase = 'settled', rebid = 'best' INTO STRICT is_settled, keeps_best
    FROM campaigns WHERE number = known_number;

    IF NOT is_settled THEN
        INSERT INTO bid_history
            (campaign, sequence, id, bidder, name, price, weight, score, rank, at, elapsed_ms, bid_number)
        SELECT known_number, bid.*
        FROM unnest(sequences, ids, bidders, names, prices, weights, scores, ranks, times, elapsed, bid_numbers) AS bid
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS written = ROW_COUNT;
    END IF;

    IF written < cardinality(sequences) AND EXISTS (
        SELECT FROM unnest(sequences, ids, bidders, names, prices, weights, scores, ranks, times, elapsed, bid_numbers)
            AS bid (sequence, id, bidder, name, price, weight, score, rank, at, elapsed_ms, bid_number)
        LEFT JOIN bid_history AS there ON there.campaign = known_number AND there.sequence = bid.sequence
        WHERE ROW (there.id, there.bidder, there.name, there.price, there.weight, there.score, there.rank, there.at,
                   there.elapsed_ms, there.bid_number)
            IS DISTINCT FROM ROW (bid.id, bid.bidder, bid.name, bid.price, bid.weight, bid.score, bid.rank, bid.at,
                                  bid.elapsed_ms, bid.bid_number)
    ) THEN
        outcome := CASE WHEN is_settled THEN 'settled' ELSE 'contradiction' END;
        RETURN;
    END IF;

    -- Batches come in any order, so a row only ever gives way to one that beats it.
    IF written > 0 THEN
        INSERT INTO bids AS current (campaign, bidder, id, sequence, price, weight, score, at)
        SELECT DISTINCT ON (bid.bidder)
            known_number, bid.bidder, bid.id, bid.sequence, bid.price, bid.weight, bid.score, bid.at
        FROM unnest(sequences, ids, bidders, prices, weights, scores, times)
            AS bid (sequence, id, bidder, price, weight, score, at)
        ORDER BY bid.bidder, CASE WHEN keeps_best THEN bid.score ELSE bid.sequence END DESC, bid.sequence
        ON CONFLICT (campaign, bidder) DO UPDATE
        SET id = EXCLUDED.id, sequence = EXCLUDED.sequence, price = EXCLUDED.price, weight = EXCLUDED.weight,
            score = EXCLUDED.score, at = EXCLUDED.at
        WHERE CASE WHEN keeps_best
            THEN (EXCLUDED.score, -EXCLUDED.sequence) > (current.score, -current.sequence)
            ELSE EXCLUDED.sequence > current.sequence
        END;
    END IF;

    IF in_after <= reached AND isempty(known_early) THEN
        IF in_through > reached THEN
            UPDATE checkpoints SET checkpoint = in_through WHERE campaign = known_number;
            reached := in_through;
        END IF;
    ELSIF in_after < in_through THEN
        -- A multirange melts stretches that touch; what then begins at 1 is complete.
        known_early := known_early + int8multirange(int8range(0, reached, '(]'), int8range(in_after, in_through, '(]'));
        SELECT coalesce(max(upper(stretch) - 1), 0) INTO STRICT reached
        FROM unnest(known_early) AS stretch WHERE lower(stretch) = 1;
        UPDATE checkpoints
        SET checkpoint = reached, early = known_early - int8multirange(int8range(0, reached, '(]'))
        WHERE campaign = known_number;
    END IF;
    outcome := 'recorded';
END
$$;
