-- Makes the function that records a batch of bids in one round trip.
--
-- In:     the tables of the ledger.
-- Out:    `record_bids`, described below.
-- Atomic: the migration runs inside one transaction.

-- Records a stretch of a campaign's log, and answers the checkpoint.
--
-- In:     the campaign; the epoch of its book; the stretch, `in_after < sequence <= in_through`; whether the caller
--         found the batch to be malformed; the bids, one array a column, by ascending sequence and with distinct ids.
--         Names come as the hexadecimal digits of their UTF-8.
-- Out:    the checkpoint; or an error of the class FB, whose digits say what kind: FB403 fenced, FB404 not found,
--         FB409 conflict.
-- Atomic: the row of the checkpoint is locked first and until the caller's transaction ends. An error is raised after
--         some bids were written, so the caller has to roll back.
CREATE FUNCTION record_bids(
    in_campaign  uuid,
    in_epoch     bigint,
    in_after     bigint,
    in_through   bigint,
    in_malformed boolean,
    sequences    bigint[],
    ids          uuid[],
    bidders      uuid[],
    hex_names    text[],
    prices       bigint[],
    weights      bigint[],
    scores       bigint[],
    ranks        bigint[],
    times        bigint[],
    elapsed      bigint[],
    bid_numbers  bigint[]
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    names        text[] := ARRAY(SELECT convert_from(decode(name, 'hex'), 'UTF8') FROM unnest(hex_names) AS name);
    known_number bigint;
    known_epoch  bigint;
    known_early  int8multirange;
    reached      bigint;
    is_settled   boolean;
    keeps_best   boolean;
    written      bigint := 0;
BEGIN
    SELECT number INTO known_number FROM campaigns WHERE id = in_campaign;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no such campaign' USING ERRCODE = 'FB404';
    END IF;

    SELECT epoch, checkpoint, early INTO STRICT known_epoch, reached, known_early
    FROM checkpoints WHERE campaign = known_number FOR NO KEY UPDATE;
    IF known_epoch <> in_epoch THEN
        RAISE EXCEPTION 'the book of the batch is not the newest' USING ERRCODE = 'FB403';
    END IF;
    IF in_malformed THEN
        RAISE EXCEPTION 'a bid is outside the stretch of its batch, out of order or there twice'
            USING ERRCODE = 'FB409';
    END IF;

    -- Read with the lock in hand: a settlement holds the same one.
    SELECT phase = 'settled', rebid = 'best' INTO STRICT is_settled, keeps_best
    FROM campaigns WHERE number = known_number;

    IF NOT is_settled THEN
        -- Mostly nothing of the stretch is recorded, and then a plain insert is a third cheaper than one that looks
        -- for conflicts bid by bid. It fails by itself when an id is taken.
        PERFORM FROM bid_history
        WHERE campaign = known_number AND sequence > in_after AND sequence <= in_through LIMIT 1;
        IF NOT FOUND THEN
            INSERT INTO bid_history
                (campaign, sequence, id, bidder, name, price, weight, score, rank, at, elapsed_ms, bid_number)
            SELECT known_number, bid.*
            FROM unnest(sequences, ids, bidders, names, prices, weights, scores, ranks, times, elapsed, bid_numbers)
                AS bid;
        ELSE
            INSERT INTO bid_history
                (campaign, sequence, id, bidder, name, price, weight, score, rank, at, elapsed_ms, bid_number)
            SELECT known_number, bid.*
            FROM unnest(sequences, ids, bidders, names, prices, weights, scores, ranks, times, elapsed, bid_numbers)
                AS bid
            ON CONFLICT DO NOTHING;
        END IF;
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
        IF is_settled THEN
            RAISE EXCEPTION 'the campaign is settled' USING ERRCODE = 'FB409';
        END IF;
        RAISE EXCEPTION 'a sequence or a bid id is recorded with another bid' USING ERRCODE = 'FB409';
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
    RETURN reached;
END
$$;
