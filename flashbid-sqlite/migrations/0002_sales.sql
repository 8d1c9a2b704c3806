-- Adds first-come campaigns, orders that live, holds that never become orders, dead letters, changes of stock and
-- discrepancies; units of a campaign are told apart by where they are.
--
-- In:     the tables of 0001, with or without rows.
-- Out:    the same rows in the new tables; of each campaign the orders have the revisions 1, 2, 3, … by rank.
-- Atomic: the migration runs inside the caller's transaction.
--
-- SQLite changes no CHECK or UNIQUE in place, so three tables are made anew, filled, and given the old names. Foreign
-- keys are enforced throughout and hold at every step: the new orders refer to the new campaigns before the old ones
-- are dropped, the child before its parent, and renaming the parent renames the reference.
-- Source: https://sqlite.org/lang_altertable.html#otheralter, https://sqlite.org/foreignkeys.html#fk_schemacommands

CREATE TABLE new_campaigns (
    -- Small, because every bid and order repeats it.
    number                INTEGER NOT NULL PRIMARY KEY,
    id                    BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    product               BLOB    NOT NULL REFERENCES products (id),
    format                TEXT    NOT NULL CHECK (format IN ('ranked', 'first_come')),
    -- Of a ranked campaign.
    alpha                 INTEGER CHECK (alpha >= 0),
    beta                  INTEGER CHECK (beta >= 0),
    gamma                 INTEGER CHECK (gamma >= 0),
    rebid                 TEXT    CHECK (rebid IN ('latest', 'best')),
    -- Of a first-come campaign; without a limit each buyer may have all.
    unit_price            INTEGER CHECK (unit_price >= 0),
    per_buyer             INTEGER CHECK (per_buyer >= 0),
    starts_at             INTEGER NOT NULL,
    ends_at               INTEGER NOT NULL CHECK (ends_at > starts_at),
    quota                 INTEGER NOT NULL CHECK (quota >= 0),
    min_price             INTEGER NOT NULL CHECK (min_price >= 0),
    payment_deadline_ms   INTEGER NOT NULL CHECK (payment_deadline_ms >= 0),
    -- How far below the winners an unpaid unit is offered, and how long it may be paid then; neither or both.
    runner_up_places      INTEGER CHECK (runner_up_places >= 0),
    runner_up_deadline_ms INTEGER CHECK (runner_up_deadline_ms >= 0),
    needs_ticket          INTEGER NOT NULL DEFAULT FALSE CHECK (needs_ticket IN (FALSE, TRUE)),
    needs_captcha         INTEGER NOT NULL DEFAULT FALSE CHECK (needs_captcha IN (FALSE, TRUE)),
    phase                 TEXT    NOT NULL CHECK (phase IN ('scheduled', 'open', 'sealing', 'settled', 'cancelled')),
    -- Counts the changes of phase.
    version               INTEGER NOT NULL CHECK (version >= 0),
    -- The newest fencing token that changed the campaign.
    fence                 INTEGER NOT NULL CHECK (fence >= 0),
    -- The newest life of its book: bids of an older one are refused.
    epoch                 INTEGER NOT NULL DEFAULT 0 CHECK (epoch >= 0),
    -- Up to this sequence `bids` has every bid that any book holds.
    checkpoint            INTEGER NOT NULL DEFAULT 0 CHECK (checkpoint >= 0),
    -- Counts the changes of its orders.
    revision              INTEGER NOT NULL DEFAULT 0 CHECK (revision >= 0),
    -- Where the units of the quota are: promised to nobody yet, in orders that await payment, paid for, and given back
    -- to the product.
    available             INTEGER NOT NULL CHECK (available >= 0),
    held                  INTEGER NOT NULL CHECK (held >= 0),
    sold                  INTEGER NOT NULL CHECK (sold >= 0),
    returned              INTEGER NOT NULL CHECK (returned >= 0),
    created_at            INTEGER NOT NULL,
    -- Whatever else fails: nobody sells more than the quota, and no unit gets lost.
    CHECK (available + held + sold + returned = quota),
    CHECK (CASE format
        WHEN 'ranked' THEN alpha IS NOT NULL AND beta IS NOT NULL AND gamma IS NOT NULL AND rebid IS NOT NULL
            AND unit_price IS NULL AND per_buyer IS NULL
        ELSE alpha IS NULL AND beta IS NULL AND gamma IS NULL AND rebid IS NULL AND unit_price IS NOT NULL
    END),
    CHECK ((runner_up_places IS NULL) = (runner_up_deadline_ms IS NULL))
) STRICT;

-- Until now nobody paid or gave back anything: the orders of a settlement are held, the rest is unsold.
INSERT INTO new_campaigns (
    number, id, product, format, alpha, beta, gamma, rebid, starts_at, ends_at, quota, min_price, payment_deadline_ms,
    phase, version, fence, epoch, checkpoint, revision, available, held, sold, returned, created_at
)
SELECT
    number, id, product, format, alpha, beta, gamma, rebid, starts_at, ends_at, quota, min_price, payment_deadline_ms,
    phase, version, fence, epoch, checkpoint,
    (SELECT count(*) FROM orders WHERE orders.campaign = campaigns.number),
    CASE WHEN phase IN ('settled', 'cancelled') THEN 0 ELSE quota END,
    CASE WHEN phase = 'settled' THEN allocated ELSE 0 END,
    0,
    CASE phase WHEN 'settled' THEN quota - allocated WHEN 'cancelled' THEN quota ELSE 0 END,
    created_at
FROM campaigns;

CREATE TABLE new_orders (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    campaign   INTEGER NOT NULL REFERENCES new_campaigns (number),
    product    BLOB    NOT NULL REFERENCES products (id),
    bidder     BLOB    NOT NULL CHECK (length(bidder) = 16),
    units      INTEGER NOT NULL CHECK (units >= 0),
    price      INTEGER NOT NULL CHECK (price >= 0),
    -- Of an order that was won.
    bid        BLOB    CHECK (length(bid) = 16),
    score      INTEGER CHECK (score >= 0),
    rank       INTEGER CHECK (rank > 0),
    -- Of an order that was bought.
    purchase   BLOB    CHECK (length(purchase) = 16),
    hold       BLOB    NOT NULL CHECK (length(hold) = 16),
    status     TEXT    NOT NULL CHECK (status IN ('pending_payment', 'paid', 'cancelled', 'expired', 'refund_due')),
    payment    TEXT    CHECK (length(payment) BETWEEN 1 AND 255),
    -- The change of the campaign's orders that changed it last.
    revision   INTEGER NOT NULL CHECK (revision > 0),
    created_at INTEGER NOT NULL,
    pay_by     INTEGER NOT NULL,
    CHECK ((bid IS NULL) = (purchase IS NOT NULL) AND (bid IS NULL) = (score IS NULL)
        AND (bid IS NULL) = (rank IS NULL))
) STRICT;

INSERT INTO new_orders (
    id, campaign, product, bidder, units, price, bid, score, rank, hold, status, revision, created_at, pay_by
)
SELECT
    id, campaign, product, bidder, 1, price, bid, score, rank, id, status,
    row_number() OVER (PARTITION BY campaign ORDER BY rank, id),
    created_at, pay_by
FROM orders
ORDER BY campaign, rank, id;

DROP TABLE orders;
DROP TABLE campaigns;
ALTER TABLE new_campaigns RENAME TO campaigns;
ALTER TABLE new_orders RENAME TO orders;

CREATE INDEX campaigns_by_age ON campaigns (created_at DESC, id);
CREATE INDEX campaigns_by_product ON campaigns (product, created_at DESC, id);
CREATE INDEX campaigns_at_work ON campaigns (ends_at, id) WHERE phase IN ('scheduled', 'open', 'sealing');
CREATE INDEX campaigns_with_units_left ON campaigns (id) WHERE phase = 'settled' AND available > 0;

-- A rush writes hundreds of orders in one commit, whose ids and buyers are random: each index that begins with one of
-- them costs a page an order. There are two, the ids and the buyers; the others grow at their end, or have only rows
-- that no first-come order is.

-- Whatever else fails: nobody wins two.
CREATE UNIQUE INDEX orders_won ON orders (campaign, bidder) WHERE rank IS NOT NULL;
-- All orders of a campaign have a rank, or none has.
CREATE INDEX orders_by_rank ON orders (campaign, rank, created_at, id);
-- Also for the limit of what one buyer may have of a campaign.
CREATE INDEX orders_of ON orders (bidder, campaign);
-- An order is found by its hold under its own id, but for those whose units were taken again.
CREATE UNIQUE INDEX orders_held_again ON orders (hold) WHERE hold <> id;
CREATE INDEX orders_by_revision ON orders (campaign, revision);
CREATE INDEX orders_unpaid ON orders (pay_by, id) WHERE status = 'pending_payment';

CREATE INDEX products_by_stock ON products (available, id);

-- Each change of a stock that may only happen once.
CREATE TABLE stock_changes (
    id        BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    product   BLOB    NOT NULL REFERENCES products (id),
    direction TEXT    NOT NULL CHECK (direction IN ('add', 'remove')),
    units     INTEGER NOT NULL CHECK (units >= 0),
    at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Holds that never become an order.
CREATE TABLE void_holds (
    hold   BLOB NOT NULL PRIMARY KEY CHECK (length(hold) = 16),
    reason TEXT NOT NULL CHECK (reason IN ('sold_out', 'limit_reached', 'ended'))
) STRICT, WITHOUT ROWID;

-- Holds that could not be made an order, for an operator.
CREATE TABLE dead_letters (
    hold       BLOB    NOT NULL PRIMARY KEY CHECK (length(hold) = 16),
    campaign   INTEGER NOT NULL REFERENCES campaigns (number),
    purchase   BLOB    NOT NULL CHECK (length(purchase) = 16),
    bidder     BLOB    NOT NULL CHECK (length(bidder) = 16),
    units      INTEGER NOT NULL CHECK (units >= 0),
    taken_at   INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('held', 'consumed', 'released', 'expired')),
    reason     TEXT    NOT NULL,
    attempts   INTEGER NOT NULL CHECK (attempts >= 0),
    at         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX dead_letters_by_age ON dead_letters (at, hold);
CREATE INDEX dead_letters_in ON dead_letters (campaign);

CREATE TABLE discrepancies (
    number      INTEGER NOT NULL PRIMARY KEY,
    campaign    BLOB    NOT NULL CHECK (length(campaign) = 16),
    kind        TEXT    NOT NULL,
    subject     BLOB    NOT NULL CHECK (length(subject) = 16),
    expected    TEXT    NOT NULL,
    found       TEXT    NOT NULL,
    noticed_at  INTEGER NOT NULL,
    -- Nothing while it lasts.
    resolved_at INTEGER
) STRICT;

CREATE UNIQUE INDEX discrepancies_open ON discrepancies (campaign, kind, subject) WHERE resolved_at IS NULL;
CREATE INDEX discrepancies_by_age ON discrepancies (noticed_at DESC, number DESC);

CREATE TABLE new_outbox (
    -- AUTOINCREMENT: a position is never used again, also after its entry was acknowledged and is gone.
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    event    TEXT NOT NULL CHECK (event IN ('order_created', 'order_moved', 'campaign_settled')),
    subject  BLOB NOT NULL CHECK (length(subject) = 16)
) STRICT;

INSERT INTO new_outbox SELECT position, event, subject FROM outbox ORDER BY position;
-- The last position may be that of an entry that is gone.
DELETE FROM sqlite_sequence WHERE name = 'new_outbox';
INSERT INTO sqlite_sequence (name, seq) SELECT 'new_outbox', seq FROM sqlite_sequence WHERE name = 'outbox';
DROP TABLE outbox;
ALTER TABLE new_outbox RENAME TO outbox;
