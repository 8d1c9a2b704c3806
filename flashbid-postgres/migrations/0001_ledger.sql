-- Makes the tables of the ledger: products, campaigns, checkpoints, bids, orders, holds, the outbox and discrepancies.
--
-- In:     a database without tables of these names; PostgreSQL 14 or later.
-- Out:    the tables, empty.
-- Atomic: the migration runs inside one transaction.
--
-- Ids are UUIDs, money and scores whole ten-thousandths, times milliseconds since 1970. All of them are exact, and any
-- value of the program's types fits. Whoever locks rows of several tables does so in this order: campaigns,
-- checkpoints, products, outbox_end.

CREATE TABLE products (
    id          uuid    NOT NULL PRIMARY KEY,
    name        text    NOT NULL,
    description text,
    image_url   text,
    min_price   bigint  NOT NULL CHECK (min_price >= 0),
    available   integer NOT NULL CHECK (available >= 0),
    held        integer NOT NULL CHECK (held >= 0),
    sold        integer NOT NULL CHECK (sold >= 0),
    created_at  bigint  NOT NULL
);

CREATE INDEX products_by_age ON products (created_at DESC, id);

CREATE TABLE campaigns (
    -- Small, because every bid repeats it, in the table and in each index.
    number              bigint  NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id                  uuid    NOT NULL UNIQUE,
    product             uuid    NOT NULL REFERENCES products (id),
    format              text    NOT NULL CHECK (format IN ('ranked')),
    alpha               bigint  NOT NULL CHECK (alpha >= 0),
    beta                bigint  NOT NULL CHECK (beta >= 0),
    gamma               bigint  NOT NULL CHECK (gamma >= 0),
    rebid               text    NOT NULL CHECK (rebid IN ('latest', 'best')),
    starts_at           bigint  NOT NULL,
    ends_at             bigint  NOT NULL,
    quota               integer NOT NULL CHECK (quota >= 0),
    min_price           bigint  NOT NULL CHECK (min_price >= 0),
    payment_deadline_ms bigint  NOT NULL CHECK (payment_deadline_ms >= 0),
    phase               text    NOT NULL CHECK (phase IN ('scheduled', 'open', 'sealing', 'settled', 'cancelled')),
    -- Counts the changes of phase.
    version             bigint  NOT NULL CHECK (version >= 0),
    -- The newest fencing token that changed the campaign.
    fence               bigint  NOT NULL CHECK (fence >= 0),
    -- What the settlement did with the quota.
    allocated           integer NOT NULL DEFAULT 0 CHECK (allocated >= 0),
    unsold              integer NOT NULL DEFAULT 0 CHECK (unsold >= 0),
    created_at          bigint  NOT NULL,
    CONSTRAINT campaigns_window CHECK (ends_at > starts_at),
    CONSTRAINT campaigns_within_quota CHECK (allocated::bigint + unsold <= quota)
);

CREATE INDEX campaigns_by_age ON campaigns (created_at DESC, id);
CREATE INDEX campaigns_by_product ON campaigns (product);
CREATE INDEX campaigns_by_phase ON campaigns (phase, ends_at);
CREATE INDEX campaigns_by_window ON campaigns (starts_at, ends_at);
CREATE INDEX campaigns_at_work ON campaigns (ends_at, id) WHERE phase IN ('scheduled', 'open', 'sealing');

-- How far `bid_history` is complete. One narrow row a campaign, locked and changed by every batch: no column that
-- changes is in an index and the page has room, so that a change never leaves the page.
CREATE TABLE checkpoints (
    campaign   bigint NOT NULL PRIMARY KEY REFERENCES campaigns (number),
    -- The newest life of the book: bids of an older one are refused.
    epoch      bigint NOT NULL DEFAULT 0 CHECK (epoch >= 0),
    -- Up to this sequence every bid is recorded that any book holds.
    checkpoint bigint NOT NULL DEFAULT 0 CHECK (checkpoint >= 0),
    -- The stretches beyond it that came early.
    early      int8multirange NOT NULL DEFAULT '{}'
) WITH (fillfactor = 20);

-- The log. A foreign key would look the campaign up for every bid, although the transaction has just locked its
-- checkpoint; there is none.
CREATE TABLE bid_history (
    campaign   bigint NOT NULL,
    sequence   bigint NOT NULL CHECK (sequence > 0),
    id         uuid   NOT NULL,
    bidder     uuid   NOT NULL,
    name       text,
    price      bigint NOT NULL CHECK (price >= 0),
    weight     bigint NOT NULL CHECK (weight >= 0),
    score      bigint NOT NULL CHECK (score >= 0),
    rank       bigint NOT NULL CHECK (rank > 0),
    at         bigint NOT NULL,
    elapsed_ms bigint NOT NULL CHECK (elapsed_ms >= 0),
    bid_number bigint NOT NULL CHECK (bid_number >= 0),
    PRIMARY KEY (campaign, sequence),
    UNIQUE (campaign, id)
);

CREATE INDEX bid_history_of_bidder ON bid_history (campaign, bidder, sequence);

-- What counts for each bidder of each campaign by its rule of re-bids: always what follows from `bid_history`.
CREATE TABLE bids (
    campaign bigint NOT NULL,
    bidder   uuid   NOT NULL,
    id       uuid   NOT NULL,
    sequence bigint NOT NULL CHECK (sequence > 0),
    price    bigint NOT NULL CHECK (price >= 0),
    weight   bigint NOT NULL CHECK (weight >= 0),
    score    bigint NOT NULL CHECK (score >= 0),
    at       bigint NOT NULL,
    PRIMARY KEY (campaign, bidder)
) WITH (fillfactor = 80);

CREATE INDEX bids_by_score ON bids (campaign, score DESC, sequence);

CREATE TABLE orders (
    id         uuid   NOT NULL PRIMARY KEY,
    campaign   bigint NOT NULL REFERENCES campaigns (number),
    product    uuid   NOT NULL REFERENCES products (id),
    bidder     uuid   NOT NULL,
    bid        uuid   NOT NULL,
    price      bigint NOT NULL CHECK (price >= 0),
    score      bigint NOT NULL CHECK (score >= 0),
    rank       bigint NOT NULL CHECK (rank > 0),
    status     text   NOT NULL CHECK (status IN ('pending_payment', 'paid', 'cancelled', 'expired', 'refund_due')),
    created_at bigint NOT NULL,
    pay_by     bigint NOT NULL,
    -- Whatever else fails: nobody gets two.
    UNIQUE (campaign, bidder)
);

CREATE INDEX orders_by_rank ON orders (campaign, rank, id);
CREATE INDEX orders_by_age ON orders (campaign, created_at);
CREATE INDEX orders_of_bidder ON orders (bidder, created_at DESC, id);
CREATE INDEX orders_by_status ON orders (status, pay_by);

-- The units that orders hold, each under the id of its order.
CREATE TABLE holds (
    id         uuid    NOT NULL PRIMARY KEY REFERENCES orders (id),
    product    uuid    NOT NULL REFERENCES products (id),
    units      integer NOT NULL CHECK (units > 0),
    state      text    NOT NULL CHECK (state IN ('held', 'consumed', 'released', 'expired')),
    expires_at bigint  NOT NULL
);

CREATE INDEX holds_by_expiry ON holds (expires_at) WHERE state = 'held';
CREATE INDEX holds_by_product ON holds (product);

CREATE TABLE outbox (
    position bigint NOT NULL PRIMARY KEY,
    event    text   NOT NULL CHECK (event IN ('order_created', 'campaign_settled')),
    subject  uuid   NOT NULL
);

-- The last position that was given away. Its row is locked until the entries are committed, so positions become visible
-- in their order: whoever acknowledges one has seen all before it. A sequence would not promise that.
CREATE TABLE outbox_end (
    one_row  boolean NOT NULL PRIMARY KEY DEFAULT true CHECK (one_row),
    position bigint  NOT NULL CHECK (position >= 0)
) WITH (fillfactor = 20);

INSERT INTO outbox_end (position) VALUES (0);

-- Where two places that must agree did not.
CREATE TABLE discrepancies (
    number      bigint NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text   NOT NULL,
    subject     uuid   NOT NULL,
    expected    text   NOT NULL,
    found       text   NOT NULL,
    noticed_at  bigint NOT NULL,
    resolved_at bigint CHECK (resolved_at >= noticed_at)
);

CREATE UNIQUE INDEX discrepancies_open ON discrepancies (kind, subject) WHERE resolved_at IS NULL;
CREATE INDEX discrepancies_by_age ON discrepancies (noticed_at);
