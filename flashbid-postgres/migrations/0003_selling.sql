-- Makes room for first-come sales, orders that live, and repairs.
--
-- In:     the tables of the ledger, with whatever earlier versions wrote.
-- Out:    the same, with every unit in its place: `campaigns` say where their units are, and `orders` what they hold.
--         `holds` is gone: it said nothing that does not follow from an order. `void_holds`, `dead_letters` and
--         `stock_changes` are new.
-- Atomic: the migration runs inside one transaction.
--
-- Whoever locks rows of several tables does so in this order: campaigns by ascending id, checkpoints, orders, products
-- by ascending id, outbox_end. Orders, void holds and dead letters of a campaign are written with its row locked.

ALTER TABLE campaigns
    ALTER alpha DROP NOT NULL,
    ALTER beta DROP NOT NULL,
    ALTER gamma DROP NOT NULL,
    ALTER rebid DROP NOT NULL,
    DROP CONSTRAINT campaigns_format_check,
    ADD unit_price            bigint CHECK (unit_price >= 0),
    ADD per_buyer             integer CHECK (per_buyer >= 0),
    ADD runner_up_places      bigint CHECK (runner_up_places >= 0),
    ADD runner_up_deadline_ms bigint CHECK (runner_up_deadline_ms >= 0),
    ADD needs_ticket          boolean NOT NULL DEFAULT false,
    ADD needs_captcha         boolean NOT NULL DEFAULT false,
    -- Where the units of the quota are; the rest is available.
    ADD held                  integer NOT NULL DEFAULT 0 CHECK (held >= 0),
    ADD sold                  integer NOT NULL DEFAULT 0 CHECK (sold >= 0),
    ADD returned              integer NOT NULL DEFAULT 0 CHECK (returned >= 0),
    -- Counts the changes of its orders.
    ADD revision              bigint NOT NULL DEFAULT 0 CHECK (revision >= 0);

-- Before this, orders awaited payment and nothing else happened to them, and what a campaign had left at its end went
-- back to the product.
UPDATE campaigns
SET held = ordered.pending,
    sold = ordered.paid,
    returned = CASE WHEN phase IN ('settled', 'cancelled') THEN quota - ordered.pending - ordered.paid ELSE 0 END,
    revision = ordered.total
FROM (
    SELECT number AS campaign, count(*) FILTER (WHERE status = 'pending_payment') AS pending,
           count(*) FILTER (WHERE status = 'paid') AS paid, count(orders.id) AS total
    FROM campaigns LEFT JOIN orders ON orders.campaign = number GROUP BY number
) AS ordered
WHERE number = ordered.campaign;

ALTER TABLE campaigns
    DROP CONSTRAINT campaigns_within_quota,
    DROP allocated,
    DROP unsold,
    -- Says of a campaign what `campaigns_left_over` lists. It stays the same while units are sold, so that an index on
    -- it does not make each sale write to all indexes.
    ADD left_over boolean NOT NULL
        GENERATED ALWAYS AS (phase = 'settled' AND held::bigint + sold + returned < quota) STORED,
    ADD CONSTRAINT campaigns_within_quota CHECK (held::bigint + sold + returned <= quota),
    ADD CONSTRAINT campaigns_runners_up CHECK ((runner_up_places IS NULL) = (runner_up_deadline_ms IS NULL)),
    ADD CONSTRAINT campaigns_format CHECK (CASE format
        WHEN 'ranked' THEN num_nulls(alpha, beta, gamma, rebid) = 0 AND num_nonnulls(unit_price, per_buyer) = 0
        WHEN 'first_come' THEN num_nonnulls(alpha, beta, gamma, rebid) = 0 AND unit_price IS NOT NULL
        ELSE false
    END),
    -- Every purchase changes the row: room for the next version of it on its page.
    SET (fillfactor = 40);

CREATE INDEX campaigns_left_over ON campaigns (id) WHERE left_over;
CREATE INDEX campaigns_of_product ON campaigns (product, created_at DESC, id);
DROP INDEX campaigns_by_product;

CREATE INDEX products_by_stock ON products (available, id);

ALTER TABLE orders
    ALTER bid DROP NOT NULL,
    ALTER score DROP NOT NULL,
    ALTER rank DROP NOT NULL,
    ADD units    integer CHECK (units > 0),
    ADD purchase uuid,
    ADD hold     uuid,
    ADD payment  text,
    -- Its last change, as its campaign counts them.
    ADD revision bigint CHECK (revision > 0);

UPDATE orders
SET units = 1, hold = id, revision = numbered.revision
FROM (SELECT id AS numbered_id, row_number() OVER (PARTITION BY campaign ORDER BY rank, id) AS revision FROM orders)
    AS numbered
WHERE id = numbered_id;

ALTER TABLE orders
    ALTER units SET NOT NULL,
    ALTER hold SET NOT NULL,
    ALTER revision SET NOT NULL,
    DROP CONSTRAINT orders_campaign_bidder_key,
    -- Looked up for every order, although the transaction has just locked its campaign, and so knows the product.
    DROP CONSTRAINT orders_campaign_fkey,
    DROP CONSTRAINT orders_product_fkey,
    ADD CONSTRAINT orders_origin CHECK (CASE WHEN purchase IS NULL
        THEN num_nulls(bid, score, rank) = 0 AND units = 1
        ELSE num_nonnulls(bid, score, rank) = 0
    END),
    ADD CONSTRAINT orders_payment CHECK (payment IS NULL OR status IN ('paid', 'refund_due'));

DROP INDEX orders_by_rank;
DROP INDEX orders_by_age;
DROP INDEX orders_by_status;

-- Whatever else fails: of what is won, nobody gets two.
CREATE UNIQUE INDEX orders_won_once ON orders (campaign, bidder) WHERE purchase IS NULL;
-- What counts for the limit per buyer.
CREATE INDEX orders_of_buyer ON orders (campaign, bidder)
    WHERE purchase IS NOT NULL AND status IN ('pending_payment', 'paid');
CREATE INDEX orders_by_rank ON orders (campaign, rank, created_at, id);
CREATE INDEX orders_overdue ON orders (pay_by, id) WHERE status = 'pending_payment';
CREATE UNIQUE INDEX orders_by_revision ON orders (campaign, revision);
CREATE UNIQUE INDEX orders_taken_again ON orders (hold) WHERE hold <> id;

DROP TABLE holds;

-- Holds that never become orders.
CREATE TABLE void_holds (
    hold   uuid NOT NULL PRIMARY KEY,
    reason text NOT NULL CHECK (reason IN ('sold_out', 'limit_reached', 'ended'))
);

-- Purchases that could not be made orders, for an operator.
CREATE TABLE dead_letters (
    hold       uuid    NOT NULL PRIMARY KEY,
    campaign   bigint  NOT NULL REFERENCES campaigns (number),
    purchase   uuid    NOT NULL,
    bidder     uuid    NOT NULL,
    units      integer NOT NULL CHECK (units >= 0),
    taken_at   bigint  NOT NULL,
    expires_at bigint  NOT NULL,
    state      text    NOT NULL CHECK (state IN ('held', 'consumed', 'released', 'expired')),
    reason     text    NOT NULL,
    attempts   bigint  NOT NULL CHECK (attempts >= 0),
    at         bigint  NOT NULL
);

CREATE INDEX dead_letters_by_age ON dead_letters (at, hold);
CREATE INDEX dead_letters_of_campaign ON dead_letters (campaign);

-- Arrivals and losses, each of which counts once.
CREATE TABLE stock_changes (
    id        uuid    NOT NULL PRIMARY KEY,
    product   uuid    NOT NULL REFERENCES products (id),
    direction text    NOT NULL CHECK (direction IN ('add', 'remove')),
    units     integer NOT NULL CHECK (units >= 0),
    at        bigint  NOT NULL
);

CREATE INDEX stock_changes_of_product ON stock_changes (product, at);

ALTER TABLE outbox
    DROP CONSTRAINT outbox_event_check,
    ADD CONSTRAINT outbox_event_check CHECK (event IN ('order_created', 'order_moved', 'campaign_settled'));

-- Nothing has written any before this.
DELETE FROM discrepancies;
ALTER TABLE discrepancies ADD campaign uuid NOT NULL;
DROP INDEX discrepancies_open;
DROP INDEX discrepancies_by_age;
CREATE UNIQUE INDEX discrepancies_open ON discrepancies (campaign, kind, subject) WHERE resolved_at IS NULL;
CREATE INDEX discrepancies_by_age ON discrepancies (noticed_at DESC, number DESC);
CREATE INDEX discrepancies_lasting ON discrepancies (noticed_at DESC, number DESC) WHERE resolved_at IS NULL;

-- Makes orders of purchases, of each wholly or not at all, one after the other. What is refused is void from then on.
--
-- In:     the campaigns, ascending; the buyers, each a place in these and an id; one row an order, as arrays: its id,
--         which is its hold's as well, its place in the buyers, units, price and times; the purchases, each the first
--         and last of its rows. No id is there twice.
-- Out:    rows of those orders that were not made: their place, and why they never will be or what they are.
--         Or an error FB409: an order is known with other contents, or a purchase in part.
-- Atomic: the rows of the campaigns are locked first, in their order, and until the caller's transaction ends. An
--         error may be raised after something was written, so the caller has to roll back.
CREATE FUNCTION commit_purchases(
    in_campaigns    uuid[],
    in_products     uuid[],
    buyer_campaigns integer[],
    buyer_ids       uuid[],
    ids             uuid[],
    buyers          integer[],
    unit_counts     integer[],
    prices          bigint[],
    taken_at        bigint[],
    due_at          bigint[],
    purchase_ids    uuid[],
    first_rows      integer[],
    last_rows       integer[]
) RETURNS TABLE (
    order_place integer, refusal text, order_id uuid, order_campaign uuid, order_product uuid, order_bidder uuid,
    order_units integer, order_price bigint, order_bid uuid, order_score bigint, order_rank bigint,
    order_purchase uuid, order_hold uuid, order_status text, order_created_at bigint, order_pay_by bigint,
    order_payment text
) LANGUAGE plpgsql
-- Plans that look rows up by the indexes, however few there were when the plan was made.
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    -- By place in `in_campaigns`. What is not sold first-come has nothing available.
    numbers   bigint[]  := array_fill(NULL::bigint, ARRAY[cardinality(in_campaigns)]);
    available integer[] := array_fill(0, ARRAY[cardinality(in_campaigns)]);
    limits    integer[] := array_fill(NULL::integer, ARRAY[cardinality(in_campaigns)]);
    -- By place in `in_campaigns`: over, so that what is left is its dead letters'.
    ended     boolean[] := array_fill(false, ARRAY[cardinality(in_campaigns)]);
    -- By row: set aside; only read when a campaign is over.
    aside     boolean[];
    -- By place in the buyers: units that they have.
    taken     bigint[];
    -- By row: known, void for a reason, and in the end what has become of it: 'known', 'made', or a reason.
    known     boolean[];
    verdicts  text[];
    row_purchases uuid[] := array_fill(NULL::uuid, ARRAY[cardinality(ids)]);
    one       record;
    place     integer;
    last      integer;
    tried     integer;
    buyer     integer;
    part      integer;
    verdict   text;
    any_known boolean;
    any_void  boolean;
    differ    boolean;
    made      bigint := 0;
BEGIN
    FOR one IN
        SELECT campaigns.number, campaigns.product, campaigns.format, campaigns.phase, campaigns.per_buyer, named.place,
               campaigns.quota - campaigns.held - campaigns.sold - campaigns.returned AS left_over
        FROM unnest(in_campaigns) WITH ORDINALITY AS named (id, place)
        JOIN campaigns ON campaigns.id = named.id
        ORDER BY campaigns.id FOR NO KEY UPDATE OF campaigns
    LOOP
        numbers[one.place] := one.number;
        IF one.product <> in_products[one.place] THEN
            RAISE EXCEPTION 'an order is of another product than its campaign' USING ERRCODE = 'FB409';
        END IF;
        IF one.format = 'first_come' THEN
            available[one.place] := one.left_over;
            limits[one.place] := one.per_buyer;
            ended[one.place] := one.phase = 'settled';
        END IF;
    END LOOP;

    -- With the locks in hand.
    SELECT array_agg(orders.id IS NOT NULL ORDER BY new.place), array_agg(void_holds.reason ORDER BY new.place),
           bool_or(orders.id IS NOT NULL), bool_or(void_holds.hold IS NOT NULL),
           bool_or(orders.id IS NOT NULL AND
               (orders.campaign, orders.bidder, orders.units, orders.price) IS DISTINCT FROM
               (numbers[buyer_campaigns[new.buyer]], buyer_ids[new.buyer], new.units, new.price))
    INTO known, verdicts, any_known, any_void, differ
    FROM unnest(ids, buyers, unit_counts, prices) WITH ORDINALITY AS new (id, buyer, units, price, place)
    LEFT JOIN orders ON orders.id = new.id
    LEFT JOIN void_holds ON void_holds.hold = new.id;
    IF differ THEN
        RAISE EXCEPTION 'an order is known with other contents' USING ERRCODE = 'FB409';
    END IF;
    IF true = ANY (ended) THEN
        SELECT array_agg(dead_letters.hold IS NOT NULL ORDER BY new.place) INTO aside
        FROM unnest(ids) WITH ORDINALITY AS new (id, place)
        LEFT JOIN dead_letters ON dead_letters.hold = new.id;
    END IF;

    IF num_nonnulls(VARIADIC limits) > 0 THEN
        SELECT array_agg(coalesce(counted.units, 0) ORDER BY named.place) INTO taken
        FROM unnest(buyer_campaigns, buyer_ids) WITH ORDINALITY AS named (campaign, id, place)
        LEFT JOIN LATERAL (
            SELECT sum(orders.units) AS units FROM orders
            WHERE orders.campaign = numbers[named.campaign] AND orders.bidder = named.id
                AND orders.purchase IS NOT NULL AND orders.status IN ('pending_payment', 'paid')
        ) AS counted ON limits[named.campaign] IS NOT NULL;
    END IF;

    FOR purchase IN 1 .. cardinality(first_rows) LOOP
        place := first_rows[purchase];
        last := last_rows[purchase];
        IF any_known AND true = ANY (known[place:last]) THEN
            IF false = ANY (known[place:last]) THEN
                RAISE EXCEPTION 'a purchase is known in part' USING ERRCODE = 'FB409';
            END IF;
            FOR at IN place .. last LOOP
                verdicts[at] := 'known';
            END LOOP;
            CONTINUE;
        END IF;
        verdict := 'made';
        IF any_void THEN
            verdict := coalesce(
                (SELECT reason FROM unnest(verdicts[place:last]) WITH ORDINALITY AS void (reason, at)
                 WHERE reason IS NOT NULL ORDER BY at LIMIT 1),
                'made');
        END IF;
        IF verdict = 'made' THEN
            tried := place;
            WHILE tried <= last LOOP
                buyer := buyers[tried];
                part := buyer_campaigns[buyer];
                EXIT WHEN unit_counts[tried] > available[part] OR (ended[part] AND NOT aside[tried]);
                available[part] := available[part] - unit_counts[tried];
                IF limits[part] IS NOT NULL THEN
                    taken[buyer] := taken[buyer] + unit_counts[tried];
                    IF taken[buyer] > limits[part] THEN
                        -- Lines behind may lack units, which is told first.
                        verdict := 'limit_reached';
                    END IF;
                END IF;
                tried := tried + 1;
            END LOOP;
            IF tried <= last THEN
                verdict := 'sold_out';
            END IF;
            IF verdict = 'made' THEN
                made := made + 1 + last - place;
            ELSE
                FOR at IN place .. tried - 1 LOOP
                    buyer := buyers[at];
                    part := buyer_campaigns[buyer];
                    available[part] := available[part] + unit_counts[at];
                    IF limits[part] IS NOT NULL THEN
                        taken[buyer] := taken[buyer] - unit_counts[at];
                    END IF;
                END LOOP;
            END IF;
        END IF;
        FOR at IN place .. last LOOP
            verdicts[at] := verdict;
            row_purchases[at] := purchase_ids[purchase];
        END LOOP;
    END LOOP;

    IF made > 0 THEN
        INSERT INTO orders (id, campaign, product, bidder, units, price, purchase, hold, status, created_at, pay_by,
                            revision)
        SELECT new.id, campaigns.number, campaigns.product, buyer_ids[new.buyer], new.units, new.price, new.purchase,
               new.id, 'pending_payment', new.created_at, new.pay_by,
               campaigns.revision + row_number() OVER (PARTITION BY campaigns.number ORDER BY new.place)
        FROM unnest(ids, buyers, unit_counts, prices, row_purchases, taken_at, due_at, verdicts) WITH ORDINALITY
            AS new (id, buyer, units, price, purchase, created_at, pay_by, verdict, place)
        JOIN campaigns ON campaigns.number = numbers[buyer_campaigns[new.buyer]]
        WHERE new.verdict = 'made';

        UPDATE campaigns SET held = held + new.units, revision = revision + new.orders
        FROM (
            SELECT numbers[buyer_campaigns[new.buyer]] AS campaign, sum(new.units) AS units, count(*) AS orders
            FROM unnest(buyers, unit_counts, verdicts) AS new (buyer, units, verdict)
            WHERE new.verdict = 'made' GROUP BY 1
        ) AS new
        WHERE campaigns.number = new.campaign;
    END IF;

    IF made < cardinality(ids) THEN
        INSERT INTO void_holds (hold, reason)
        SELECT new.id, new.verdict FROM unnest(ids, verdicts) AS new (id, verdict)
        WHERE new.verdict NOT IN ('made', 'known') ORDER BY new.id
        ON CONFLICT DO NOTHING;

        RETURN QUERY
        SELECT new.place::integer, nullif(new.verdict, 'known'), orders.id, campaigns.id, orders.product, orders.bidder,
               orders.units, orders.price, orders.bid, orders.score, orders.rank, orders.purchase, orders.hold,
               orders.status, orders.created_at, orders.pay_by, orders.payment
        FROM unnest(ids, verdicts) WITH ORDINALITY AS new (id, verdict, place)
        LEFT JOIN orders ON orders.id = new.id AND new.verdict = 'known'
        LEFT JOIN campaigns ON campaigns.number = orders.campaign
        WHERE new.verdict <> 'made';
    END IF;

    DELETE FROM dead_letters USING unnest(ids, verdicts) AS new (id, verdict)
    WHERE dead_letters.hold = new.id AND new.verdict <> 'known';

    IF made > 0 THEN
        WITH moved AS (
            UPDATE outbox_end SET position = position + made RETURNING position - made AS before
        )
        INSERT INTO outbox (position, event, subject)
        SELECT moved.before + row_number() OVER (ORDER BY new.place), 'order_created', new.id
        FROM moved, unnest(ids, verdicts) WITH ORDINALITY AS new (id, verdict, place)
        WHERE new.verdict = 'made';
    END IF;
END
$$;
