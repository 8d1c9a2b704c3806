// Made by `npm run types` from the server's OpenAPI document: not to be edited.

export interface paths {
    "/api/v1/auth/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives a token for an email and a password. */
        post: operations["login"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The account that the token is of. */
        get: operations["me"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/register": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes an account. */
        post: operations["register"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/bids": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Places a bid.
         * @description With an `Idempotency-Key`, the same request may be sent any number of times and is one bid.
         */
        post: operations["place_bid"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/bids/{campaign_id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The user's own bids in a campaign, newest first. */
        get: operations["bid_history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/campaigns": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Campaigns with their products, newest first. */
        get: operations["list_campaigns"];
        put?: never;
        /** Makes a campaign. */
        post: operations["add_campaign"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/campaigns/{campaign_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One campaign with its product and its figures.
         * @description While the hot store is away, the figures of a ranked campaign are null, and those of a first-come campaign are the
         *     ledger's.
         */
        get: operations["get_campaign"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Changes what bids and purchases of a campaign need. Every server sees it within a second. */
        patch: operations["change_campaign"];
        trace?: never;
    };
    "/api/v1/campaigns/{campaign_id}/reconcile": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Compares a campaign's counter, holds, orders and stock, records what does not agree, and repairs the counter if asked. */
        post: operations["reconcile"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/campaigns/{campaign_id}/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Gives a token that is good for one bid or purchase of the user in the campaign.
         * @description It is sent in the header `X-Request-Token`. Where the campaign asks for a captcha, the answer of one is to be given.
         */
        post: operations["open_request_token"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/captcha": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** A captcha, to be answered once within five minutes; a wrong answer uses it up. */
        post: operations["open_captcha"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/carts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Buys units of several first-come campaigns together: all lines or none.
         * @description The orders are there when this answers. With an `Idempotency-Key`, the same request may be sent any number of times
         *     and is one cart.
         */
        post: operations["purchase_cart"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dead-letters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Purchases that could not be made orders, oldest first. */
        get: operations["list_dead_letters"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dead-letters/{hold_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Drops a dead letter: its units go back, and it never becomes an order. */
        delete: operations["drop_dead_letter"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dead-letters/{hold_id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tries again to make an order of a dead letter; its buyer has the usual time to pay from now on. */
        post: operations["replay_dead_letter"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/discrepancies": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Places that did not agree, newest first. */
        get: operations["list_discrepancies"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The user's own orders, newest first. */
        get: operations["own_orders"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/campaign/{campaign_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A campaign's orders by rank, and whether all of them together are sound. The limit goes up to 1000. */
        get: operations["campaign_orders"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{order_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One order of the user. An administrator may see any. */
        get: operations["get_order"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{order_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Calls an order off, or declines what was offered to a runner-up. One that has ended is answered as it is. */
        post: operations["cancel_order"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{order_id}/pay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pays an order. One that is paid is answered as it is.
         * @description A payment that comes too late gets a unit if there is one; else the order becomes `refund_due`.
         */
        post: operations["pay_order"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/payments/webhook": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Takes what a payment provider tells.
         * @description The header `X-FlashBid-Signature` is `t=UNIX_SECONDS,v1=HEX`, where `HEX` is the HMAC-SHA-256 of `t.body` with the
         *     secret that the server was started with. A signature is good for five minutes, and for one request.
         */
        post: operations["payment_webhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/products": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Products, newest first. */
        get: operations["list_products"];
        put?: never;
        /** Makes a product. */
        post: operations["add_product"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/products/low-stock": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Products that have little left, the least first. */
        get: operations["low_stock"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/products/sync": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Brings the counters of every running first-come campaign in line with the ledger. */
        post: operations["sync_products"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/products/{product_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One product. */
        get: operations["get_product"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Changes a product: its words, its reserve price for campaigns to come, its stock.
         * @description Only units that no campaign and no order has can be taken out of the stock. With an `Idempotency-Key`, an `add_stock`
         *     or `remove_stock` that is sent again counts once.
         */
        patch: operations["change_product"];
        trace?: never;
    };
    "/api/v1/products/{product_id}/sync": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Brings the counters of a product's first-come campaigns in line with the ledger: loads those that are missing into the
         *     hot store, and repairs the others.
         */
        post: operations["sync_product"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/purchases": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Buys units of a first-come campaign: all of them or none.
         * @description The units are held at once, and an order is made of them; see `GET /purchases/{hold_id}`. With an
         *     `Idempotency-Key`, the same request may be sent any number of times and is one purchase.
         */
        post: operations["purchase"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/purchases/{hold_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How far a purchase of the user has come. */
        get: operations["get_purchase"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rankings/{campaign_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The best of a campaign, as many as there are units. */
        get: operations["ranking"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rankings/{campaign_id}/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The user's own place. */
        get: operations["own_ranking"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/site": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The server's clock, and what its page may show. */
        get: operations["site"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether each store answers. */
        get: operations["health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What the server has counted since it started, for Prometheus.
         * @description Requests, bids, purchases and orders by what became of them; the time that requests took by route, and bids in each
         *     store; what waits in lanes, for the relay and for a settlement; and what must never be: oversold units, discrepancies,
         *     dead letters.
         */
        get: operations["metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ws/{campaign_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The live feed of a campaign, over a WebSocket.
         * @description Messages are `{"event", "data", "sequence"}`. A ranked campaign has the events `ranking_update`, `bid_accepted` and
         *     `campaign_ended`; a first-come one `stock_update`, with what is left, `order_update`, with an order of the user's own
         *     that was made or has changed, and `campaign_ended`. The text `ping` is answered with the text `pong`. The server closes
         *     with 4001 for a bad token, 4002 for a bad campaign id, 4004 without such a campaign, 1001 when it stops, 1013 when the
         *     client is too slow.
         */
        get: operations["feed"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description Asks for a request token. Where the campaign asks for a captcha, both fields are needed. */
        AskForToken: {
            /** @description What its picture says, in capitals or small letters. A wrong answer uses the captcha up. */
            captcha_answer?: string | null;
            /**
             * Format: uuid
             * @description As `/captcha` gives it.
             */
            captcha_id?: string | null;
        };
        /** @description An accepted bid. */
        Bid: {
            /** Format: uuid */
            bid_id: string;
            /**
             * Format: int32
             * @description How many bids of this bidder the campaign had taken, this one included.
             */
            bid_number: number;
            /** Format: uuid */
            campaign_id: string;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            created_at: string;
            /**
             * @description An exact decimal with two to four places
             * @example 500.5
             */
            price: number;
            /** Format: uuid */
            product_id: string;
            /**
             * Format: int32
             * @description The bidder's rank right after this bid.
             */
            rank: number;
            /**
             * @description An exact decimal with two to four places
             * @example 500.5
             */
            score: number;
            /**
             * Format: int64
             * @description The bid's position among all bids of the campaign.
             */
            sequence: number;
            /**
             * Format: int64
             * @description Milliseconds from the campaign's start to the bid.
             */
            time_elapsed_ms: number;
            /** Format: uuid */
            user_id: string;
        };
        /** @description A part of a bidder's bids in a campaign, newest first. */
        BidHistory: {
            bids: components["schemas"]["Bid"][];
            /**
             * Format: int64
             * @description How many there are in all.
             */
            total: number;
        };
        /** @description A campaign with its product. */
        Campaign: {
            /**
             * @description An exact decimal with two to four places
             * @example 500.5
             */
            alpha: number;
            /**
             * @description An exact decimal with two to four places
             * @example 500.5
             */
            beta: number;
            /** Format: uuid */
            campaign_id: string;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            created_at: string;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            end_time: string;
            /** @description How units find their buyers. */
            format: components["schemas"]["CampaignFormat"];
            /**
             * @description An exact decimal with two to four places
             * @example 500.5
             */
            gamma: number;
            /**
             * Format: int32
             * @description How long a winner or buyer has to pay, in seconds.
             */
            payment_deadline: number;
            /**
             * Format: int32
             * @description The most units that one buyer may have; null for no limit, and in a ranked campaign.
             */
            per_buyer_limit?: number | null;
            price?: components["schemas"]["Exact"] | null;
            product?: components["schemas"]["Product"] | null;
            /** Format: uuid */
            product_id: string;
            /** Format: int32 */
            quota: number;
            /** @description Whether a request token is given for a solved captcha only. */
            require_captcha: boolean;
            /** @description Whether a bid or purchase needs a request token. */
            require_token: boolean;
            runners_up?: components["schemas"]["RunnersUp"] | null;
            /** @description Whether it is over for good: the winners have their orders, and what was not sold went back. */
            settled: boolean;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            start_time: string;
            /**
             * @description How far a campaign has come.
             * @enum {string}
             */
            status: "pending" | "active" | "ended";
        };
        /** @description A campaign with its product and its figures. */
        CampaignDetails: components["schemas"]["Campaign"] & {
            stats?: components["schemas"]["CampaignStats"] | null;
        };
        /**
         * @description How units find their buyers.
         * @enum {string}
         */
        CampaignFormat: "ranked" | "first_come";
        /** @description A part of the campaigns. */
        CampaignList: {
            campaigns: components["schemas"]["Campaign"][];
            /**
             * Format: int64
             * @description How many there are in all.
             */
            total: number;
        };
        /** @description A part of a campaign's orders by rank, and whether all of them together are sound. */
        CampaignOrders: {
            /** Format: uuid */
            campaign_id: string;
            /**
             * @description Whether the units of orders that hold some are at most the quota, the quota at most the stock, and no bidder of a
             *     ranked campaign has two orders or buyer more than the limit.
             */
            is_consistent: boolean;
            orders: components["schemas"]["Order"][];
            /**
             * Format: int64
             * @description The product's units.
             */
            stock: number;
            /**
             * Format: int64
             * @description How many there are in all.
             */
            total: number;
        };
        /** @description The figures of a campaign. */
        CampaignStats: {
            max_price?: components["schemas"]["Exact"] | null;
            min_winning_score?: components["schemas"]["Exact"] | null;
            /** Format: int32 */
            total_participants: number;
            units?: components["schemas"]["UnitsLeft"] | null;
        };
        /** @description A cart that was bought. */
        Cart: {
            /** @description One order a line. */
            orders: components["schemas"]["Order"][];
        };
        /** @description Changes what bids and purchases of a campaign need. What is left out stays as it is. */
        ChangeCampaign: {
            /** @description Whether a request token is given for a solved captcha only. */
            require_captcha?: boolean | null;
            /** @description Whether they need a request token. */
            require_token?: boolean | null;
        };
        /** @description Changes a product. What is left out stays as it is; of the three changes of the stock one may be given. */
        ChangeProduct: {
            /**
             * Format: int32
             * @description So many arrived. With an `Idempotency-Key`, once.
             */
            add_stock?: number | null;
            /** @description More words; an empty text for none. */
            description?: string | null;
            /** @description Where its picture is; an empty text for none. */
            image_url?: string | null;
            min_price?: components["schemas"]["Reserve"] | null;
            /** @description What people call it. */
            name?: string | null;
            /**
             * Format: int32
             * @description So many are gone. With an `Idempotency-Key`, once.
             */
            remove_stock?: number | null;
            /**
             * Format: int32
             * @description All units together, wherever they are, are to be so many.
             */
            stock?: number | null;
        };
        /** @description A purchase that could not be made an order. */
        DeadLetter: {
            /** Format: int32 */
            attempts: number;
            /** Format: uuid */
            campaign_id: string;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            created_at: string;
            /** Format: uuid */
            hold_id: string;
            /** Format: int32 */
            quantity: number;
            /** @description What went wrong the last time. */
            reason: string;
            /** Format: uuid */
            user_id: string;
        };
        /** @description A part of the dead letters, oldest first. */
        DeadLetterList: {
            dead_letters: components["schemas"]["DeadLetter"][];
            /**
             * Format: int64
             * @description How many there are in all.
             */
            total: number;
        };
        /** @description The state of each store. */
        Dependencies: {
            accounts: components["schemas"]["Status"];
            hot: components["schemas"]["Status"];
            ledger: components["schemas"]["Status"];
        };
        /** @description Two places that do not agree. */
        Discrepancy: {
            /** Format: uuid */
            campaign_id: string;
            /** @description What should be. */
            expected: string;
            /** @description What is. */
            found: string;
            /**
             * @description What does not agree.
             * @example counter
             */
            kind: string;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            noticed_at: string;
            resolved_at?: components["schemas"]["Time"] | null;
            /**
             * Format: uuid
             * @description The hold, buyer, campaign or product that it is about.
             */
            subject_id: string;
        };
        /** @description A part of the discrepancies, newest first. */
        DiscrepancyList: {
            discrepancies: components["schemas"]["Discrepancy"][];
            /**
             * Format: int64
             * @description How many there are in all.
             */
            total: number;
        };
        /**
         * @description An exact decimal with two to four places
         * @example 500.5
         */
        Exact: number;
        /**
         * @description A decimal with at most four places, as a number or a string; it is taken exactly
         * @example 500.50
         */
        Factor: number | string;
        /** @description Whether the server can do its work. */
        Health: {
            dependencies: components["schemas"]["Dependencies"];
            status: components["schemas"]["Status"];
            /**
             * @description The server's version.
             * @example 0.1.0
             */
            version: string;
        };
        /** @description Asks for a token. */
        Login: {
            /**
             * @description The account's email.
             * @example ada@example.com
             */
            email: string;
            /**
             * Format: password
             * @description The account's password.
             */
            password: string;
        };
        /** @description Makes a campaign. */
        NewCampaign: {
            /**
             * @description The factor of the price.
             * @default 1
             */
            alpha: components["schemas"]["Factor"];
            /**
             * @description The factor of being early.
             * @default 1000
             */
            beta: components["schemas"]["Factor"];
            /** @description The first moment at which no bid is taken any more. */
            end_time: components["schemas"]["Time"];
            /** @description How units find their buyers. A first-come campaign has a price; alpha, beta and gamma are of no use to it. */
            format?: components["schemas"]["CampaignFormat"];
            /**
             * @description The factor of the member's weight.
             * @default 100
             */
            gamma: components["schemas"]["Factor"];
            /**
             * Format: int32
             * @description How long a winner or buyer has to pay, in seconds; without it 15 minutes.
             */
            payment_deadline?: number | null;
            /**
             * Format: int32
             * @description The most units that one buyer may have in a first-come campaign, held and paid together.
             */
            per_buyer_limit?: number | null;
            price?: components["schemas"]["Price"] | null;
            /**
             * Format: uuid
             * @description What it sells.
             */
            product_id: string;
            /**
             * Format: int32
             * @description The units it may sell; without it, all that the product has available.
             */
            quota?: number | null;
            /** @description Whether a request token is given for a solved captcha only. */
            require_captcha?: boolean;
            /** @description Whether a bid or purchase needs a request token. */
            require_token?: boolean;
            runners_up?: components["schemas"]["RunnersUp"] | null;
            /** @description The first moment at which bids are taken. */
            start_time: components["schemas"]["Time"];
        };
        /** @description Buys units of several first-come campaigns: all lines or none. */
        NewCart: {
            /** @description The lines; each campaign once. */
            items: components["schemas"]["NewCartItem"][];
        };
        /** @description One line of a cart. */
        NewCartItem: {
            /**
             * Format: uuid
             * @description Of which campaign.
             */
            campaign_id: string;
            /**
             * Format: int32
             * @description How many units.
             * @default 1
             */
            quantity: number;
            /** @description The request token of this line, where its campaign asks for one. */
            request_token?: string | null;
        };
        /** @description Makes a product. */
        NewProduct: {
            /** @description More words, under the same rules; or nothing. */
            description?: string | null;
            /** @description Where its picture is: an http(s) URL or an absolute path on this site. */
            image_url?: string | null;
            /** @description The reserve price, more than zero. */
            min_price: components["schemas"]["Reserve"];
            /**
             * @description What people call it: no control characters but line breaks and tabs, and not only blanks.
             * @example Console
             */
            name: string;
            /**
             * Format: int32
             * @description The units there are.
             * @example 10
             */
            stock: number;
        };
        /** @description Buys units of a first-come campaign. */
        NewPurchase: {
            /**
             * Format: uuid
             * @description Of which campaign.
             */
            campaign_id: string;
            /**
             * Format: int32
             * @description How many units; all of them or none.
             * @default 1
             */
            quantity: number;
        };
        /** @description A captcha that waits for its answer. */
        OpenCaptcha: {
            /** Format: uuid */
            captcha_id: string;
            /** @description The first moment at which no answer is taken any more. */
            expires_at: components["schemas"]["Time"];
            /**
             * @description Its picture, a PNG, as a `data:` URL.
             * @example data:image/png;base64,iVBORw0KGgo=
             */
            image: string;
        };
        /** @description A token and how long it is good for. */
        OpenedSession: {
            /** @description Goes into the `Authorization` header, behind `Bearer`. */
            access_token: string;
            /**
             * Format: int64
             * @description In seconds.
             */
            expires_in: number;
            /**
             * @description Always `bearer`.
             * @example bearer
             */
            token_type: string;
        };
        /** @description An order. */
        Order: {
            /** Format: uuid */
            campaign_id: string;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            created_at: string;
            /** @description What is to be paid in all. */
            final_price: components["schemas"]["Exact"];
            /** Format: int32 */
            final_rank?: number | null;
            final_score?: components["schemas"]["Exact"] | null;
            /** Format: uuid */
            order_id: string;
            /** @description Until when it may be paid. */
            pay_by: components["schemas"]["Time"];
            /** Format: uuid */
            product_id: string;
            /**
             * Format: int32
             * @description How many units; of a ranked campaign always one.
             */
            quantity: number;
            /**
             * @description How far an order has come.
             * @enum {string}
             */
            status: "pending_payment" | "paid" | "cancelled" | "expired" | "refund_due";
            /** Format: uuid */
            user_id: string;
        };
        /** @description A part of a user's orders, newest first. */
        OrderList: {
            orders: components["schemas"]["Order"][];
            /**
             * Format: int64
             * @description How many there are in all.
             */
            total: number;
        };
        /** @description A user's own place in a ranking. */
        OwnRanking: {
            /** Format: uuid */
            campaign_id: string;
            /** @description Whether the user would get a unit if the campaign ended now. */
            is_winning: boolean;
            /**
             * Format: int32
             * @description Null without a bid.
             */
            rank?: number | null;
            score?: components["schemas"]["Exact"] | null;
            /** Format: int32 */
            total_participants: number;
            /** Format: uuid */
            user_id: string;
        };
        /** @description Pays an order. */
        Pay: {
            /** @description What the buyer pays with, in the words of the payment provider. */
            method?: string | null;
        };
        /** @description What a payment provider tells. */
        PaymentEvent: {
            /**
             * Format: uuid
             * @description The order that was paid.
             */
            order_id: string;
            /** @description What the provider calls the payment: 1 to 255 visible ASCII characters. */
            payment_id: string;
            /**
             * @description What happened; other events than these are acknowledged and change nothing.
             * @example payment.succeeded
             */
            type: string;
        };
        /** @description Places a bid. */
        PlaceBid: {
            /**
             * Format: uuid
             * @description In which campaign.
             */
            campaign_id: string;
            /** @description What the bidder pays if it wins. */
            price: components["schemas"]["Price"];
        };
        /**
         * @description A decimal with at most four places, as a number or a string; it is taken exactly
         * @example 500.50
         */
        Price: number | string;
        /** @description What was wrong with a request, after RFC 9457. */
        Problem: {
            /**
             * @description Which problem it is, for programs.
             * @example PRICE_TOO_LOW
             */
            code: string;
            /**
             * @description One plain sentence for people.
             * @example The price must be at least 500.00.
             */
            detail: string;
            /**
             * Format: int32
             * @description The status once more.
             * @example 400
             */
            status: number;
            /**
             * @description The name of the status.
             * @example Bad Request
             */
            title: string;
            /**
             * @description Always `about:blank`: the code says which problem it is.
             * @example about:blank
             */
            type: string;
        };
        /** @description A product. */
        Product: {
            /**
             * Format: int32
             * @description Units that no campaign and no order has.
             */
            available: number;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            created_at: string;
            description?: string | null;
            image_url?: string | null;
            /**
             * @description An exact decimal with two to four places
             * @example 500.5
             */
            min_price: number;
            name: string;
            /** Format: uuid */
            product_id: string;
            /**
             * @description Whether a product can be sold.
             * @enum {string}
             */
            status: "available" | "sold_out";
            /**
             * Format: int64
             * @description Every unit that was loaded: available, promised or held, and sold.
             */
            stock: number;
        };
        /** @description A part of the products. */
        ProductList: {
            products: components["schemas"]["Product"][];
            /**
             * Format: int64
             * @description How many there are in all.
             */
            total: number;
        };
        /** @description A purchase. */
        Purchase: {
            expires_at?: components["schemas"]["Time"] | null;
            /** Format: uuid */
            hold_id: string;
            /**
             * Format: uuid
             * @description Null until there is an order.
             */
            order_id?: string | null;
            /**
             * @description How far a purchase has come.
             * @enum {string}
             */
            status: "held" | "ordered" | "sold_out" | "released";
        };
        /** @description The top of a campaign's ranking. */
        Ranking: {
            /** Format: uuid */
            campaign_id: string;
            max_score?: components["schemas"]["Exact"] | null;
            min_winning_score?: components["schemas"]["Exact"] | null;
            rankings: components["schemas"]["RankingEntry"][];
            /**
             * Format: int64
             * @description The position of the last bid that is counted in.
             */
            sequence: number;
            /** Format: int32 */
            total_participants: number;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            updated_at: string;
        };
        /** @description One line of a ranking. */
        RankingEntry: {
            /**
             * @description An exact decimal with two to four places
             * @example 500.5
             */
            price: number;
            /** Format: int32 */
            rank: number;
            /**
             * @description An exact decimal with two to four places
             * @example 500.5
             */
            score: number;
            /** Format: uuid */
            user_id: string;
            username?: string | null;
        };
        /** @description Compares a campaign's counter with the ledger. */
        Reconcile: {
            /**
             * @description Whether the counter is repaired; without it, it is a dry run.
             * @default false
             */
            fix: boolean;
        };
        /** @description What reconciling a campaign came to. */
        Reconciled: {
            /** @description What did not agree. */
            found: components["schemas"]["Discrepancy"][];
            /** @description What does not agree still. */
            left: components["schemas"]["Discrepancy"][];
        };
        /** @description Makes an account. */
        Registration: {
            /**
             * Format: email
             * @description Where to reach the user; also the login.
             * @example ada@example.com
             */
            email: string;
            /**
             * Format: password
             * @description 8 to 128 characters.
             */
            password: string;
            /**
             * @description The name that rankings show: no control characters, and not only blanks.
             * @example Ada
             */
            username: string;
        };
        /** @description A token that is good for one bid or purchase. */
        RequestToken: {
            /** @description The first moment at which it is not taken any more. */
            expires_at: components["schemas"]["Time"];
            /** @description Goes into the `X-Request-Token` header. */
            token: string;
        };
        /**
         * @description A decimal with at most four places, as a number or a string; it is taken exactly
         * @example 500.50
         */
        Reserve: number | string;
        /** @description To whom a unit is offered that was not paid. */
        RunnersUp: {
            /**
             * Format: int32
             * @description How long somebody has to pay who was offered a unit, in seconds.
             */
            payment_deadline: number;
            /**
             * Format: int32
             * @description How many places below the last winning one an offer may go.
             */
            places: number;
        };
        /** @description What a page has to know of its server. */
        Site: {
            /** @description The server's clock: what countdowns go by, whatever the device's says. */
            now: components["schemas"]["Time"];
            /**
             * @description Origins that pictures of products are shown from, beside the server's own; a host may begin with `*.`.
             * @example [
             *       "https://img.example.com"
             *     ]
             */
            picture_hosts: string[];
            /**
             * Format: int64
             * @description How often a changed ranking is told, in milliseconds.
             */
            ranking_interval_ms: number;
            /**
             * @description The server's version.
             * @example 0.1.0
             */
            version: string;
        };
        /**
         * @description Whether something answers.
         * @enum {string}
         */
        Status: "ok" | "unavailable";
        /**
         * Format: date-time
         * @example 2026-01-31T12:00:00.000Z
         */
        Time: string;
        /** @description Where the units of a campaign are. */
        UnitsLeft: {
            /**
             * Format: int32
             * @description To be bought now.
             */
            available: number;
            /**
             * Format: int32
             * @description Bought, and not paid yet.
             */
            held: number;
            /**
             * Format: int32
             * @description Paid.
             */
            sold: number;
        };
        /** @description An account, as its owner sees it. */
        User: {
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            created_at: string;
            email: string;
            is_admin: boolean;
            /** Format: uuid */
            user_id: string;
            username: string;
            /** @description The member weight, drawn from 0.50 to 5.00 at registration. */
            weight: components["schemas"]["Exact"];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    login: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Login"];
            };
        };
        responses: {
            /** @description The token */
            200: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenedSession"];
                };
            };
            /** @description BODY_INCOMPLETE: the body could not be read to its end */
            400: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no token, or it is not good */
            401: {
                headers: {
                    /** @description How to authenticate (RFC 6750) */
                    "WWW-Authenticate": string;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_SLOW: the body did not arrive within 10 seconds */
            408: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is larger than 64 KiB */
            413: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON */
            415: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is malformed */
            422: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    me: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The account */
            200: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            /** @description There is no token, or it is not good */
            401: {
                headers: {
                    /** @description How to authenticate (RFC 6750) */
                    "WWW-Authenticate": string;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    register: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Registration"];
            };
        };
        responses: {
            /** @description The account */
            201: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            /** @description EMAIL_TAKEN */
            400: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_SLOW: the body did not arrive within 10 seconds */
            408: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is larger than 64 KiB */
            413: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON */
            415: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is malformed */
            422: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    place_bid: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again is the same request again. */
                "Idempotency-Key"?: string;
                /** @description Where the campaign asks for one: as `/campaigns/{campaign_id}/tokens` gives it. */
                "X-Request-Token"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PlaceBid"];
            };
        };
        responses: {
            /** @description The accepted bid */
            201: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Bid"];
                };
            };
            /** @description PRICE_TOO_LOW */
            400: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no token, or it is not good */
            401: {
                headers: {
                    /** @description How to authenticate (RFC 6750) */
                    "WWW-Authenticate": string;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description CAMPAIGN_NOT_STARTED, CAMPAIGN_ENDED, or TOKEN_REQUIRED, TOKEN_INVALID, TOKEN_EXPIRED or TOKEN_USED */
            403: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist */
            404: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_SLOW: the body did not arrive within 10 seconds */
            408: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_KEY_REUSED or WRONG_FORMAT */
            409: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is larger than 64 KiB */
            413: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON */
            415: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is malformed */
            422: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    bid_history: {
        parameters: {
            query?: {
                /** @description Entries to leave out at the beginning. */
                skip?: number;
                /** @description The most entries to answer. */
                limit?: number;
            };
            header?: never;
            path: {
                campaign_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A part of the bids */
            200: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BidHistory"];
                };
            };
            /** @description There is no token, or it is not good */
            401: {
                headers: {
                    /** @description How to authenticate (RFC 6750) */
                    "WWW-Authenticate": string;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist */
            404: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is malformed */
            422: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_campaigns: {
        parameters: {
            query?: {
                /** @description Entries to leave out at the beginning. */
                skip?: number;
                /** @description The most entries to answer. */
                limit?: number;
                /** @description Only those that run now, the first to end first. */
                running?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A part of the campaigns */
            200: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CampaignList"];
                };
            };
            /** @description The request is malformed */
            422: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    add_campaign: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewCampaign"];
            };
        };
        responses: {
            /** @description The campaign */
            201: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Campaign"];
                };
            };
            /** @description UNKNOWN_PRODUCT, EMPTY_WINDOW, or WRONG_TERMS for the format */
            400: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no token, or it is not good */
            401: {
                headers: {
                    /** @description How to authenticate (RFC 6750) */
                    "WWW-Authenticate": string;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Only an administrator may do this */
            403: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_SLOW: the body did not arrive within 10 seconds */
            408: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description QUOTA_BEYOND_STOCK or SOLD_OUT */
            409: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is larger than 64 KiB */
            413: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON */
            415: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is malformed */
            422: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_campaign: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                campaign_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The campaign */
            200: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CampaignDetails"];
                };
            };
            /** @description It does not exist */
            404: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is malformed */
            422: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    change_campaign: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                campaign_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeCampaign"];
            };
        };
        responses: {
            /** @description The campaign as it is now */
            200: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Campaign"];
                };
            };
            /** @description BODY_INCOMPLETE: the body could not be read to its end */
            400: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no token, or it is not good */
            401: {
                headers: {
                    /** @description How to authenticate (RFC 6750) */
                    "WWW-Authenticate": string;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Only an administrator may do this */
            403: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist */
            404: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_SLOW: the body did not arrive within 10 seconds */
            408: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is larger than 64 KiB */
            413: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON */
            415: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is malformed */
            422: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    reconcile: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                campaign_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Reconcile"];
            };
        };
        responses: {
            /** @description What did not agree, and what does not agree still */
            200: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reconciled"];
                };
            };
            /** @description BODY_INCOMPLETE: the body could not be read to its end */
            400: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no token, or it is not good */
            401: {
                headers: {
                    /** @description How to authenticate (RFC 6750) */
                    "WWW-Authenticate": string;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Only an administrator may do this */
            403: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist */
            404: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_SLOW: the body did not arrive within 10 seconds */
            408: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is larger than 64 KiB */
            413: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON */
            415: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is malformed */
            422: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    open_request_token: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                campaign_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AskForToken"];
            };
        };
        responses: {
            /** @description The token */
            201: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RequestToken"];
                };
            };
            /** @description BODY_INCOMPLETE: the body could not be read to its end */
            400: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no token, or it is not good */
            401: {
                headers: {
                    /** @description How to authenticate (RFC 6750) */
                    "WWW-Authenticate": string;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description CAPTCHA_REQUIRED or CAPTCHA_FAILED */
            403: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist */
            404: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_SLOW: the body did not arrive within 10 seconds */
            408: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is larger than 64 KiB */
            413: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON */
            415: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is malformed */
            422: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    open_captcha: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The captcha */
            201: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenCaptcha"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    purchase_cart: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again is the same request again. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewCart"];
            };
        };
        responses: {
            /** @description One order a line, by campaign */
            201: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Cart"];
                };
            };
            /** @description BODY_INCOMPLETE: the body could not be read to its end */
            400: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no token, or it is not good */
            401: {
                headers: {
                    /** @description How to authenticate (RFC 6750) */
                    "WWW-Authenticate": string;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description CAMPAIGN_NOT_STARTED, CAMPAIGN_ENDED, or TOKEN_REQUIRED, TOKEN_INVALID, TOKEN_EXPIRED or TOKEN_USED */
            403: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist */
            404: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_SLOW: the body did not arrive within 10 seconds */
            408: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description SOLD_OUT, LIMIT_REACHED, HOLD_ENDED, WRONG_FORMAT or IDEMPOTENCY_KEY_REUSED */
            409: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is larger than 64 KiB */
            413: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON */
            415: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is malformed */
            422: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_dead_letters: {
        parameters: {
            query?: {
                /** @description Entries to leave out at the beginning. */
                skip?: number;
                /** @description The most entries to answer. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A part of the dead letters */
            200: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetterList"];
                };
            };
            /** @description There is no token, or it is not good */
            401: {
                headers: {
                    /** @description How to authenticate (RFC 6750) */
                    "WWW-Authenticate": string;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Only an administrator may do this */
            403: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is malformed */
            422: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    drop_dead_letter: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                hold_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is dropped */
            204: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description There is no token, or it is not good */
            401: {
                headers: {
                    /** @description How to authenticate (RFC 6750) */
                    "WWW-Authenticate": string;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Only an administrator may do this */
            403: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist */
            404: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is malformed */
            422: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    replay_dead_letter: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                hold_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The order */
            200: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Order"];
                };
            };
            /** @description There is no token, or it is not good */
            401: {
                headers: {
                    /** @description How to authenticate (RFC 6750) */
                    "WWW-Authenticate": string;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Only an administrator may do this */
            403: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist */
            404: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description SOLD_OUT, LIMIT_REACHED or HOLD_ENDED, for good */
            409: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is malformed */
            422: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_discrepancies: {
        parameters: {
            query?: {
                /** @description Entries to leave out at the beginning. */
                skip?: number;
                /** @description The most entries to answer. */
                limit?: number;
                /** @description Whether only those are told that last. */
                open?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A part of the discrepancies */
            200: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DiscrepancyList"];
                };
            };
            /** @description There is no token, or it is not good */
            401: {
                headers: {
                    /** @description How to authenticate (RFC 6750) */
                    "WWW-Authenticate": string;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Only an administrator may do this */
            403: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is malformed */
            422: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    own_orders: {
        parameters: {
            query?: {
                /** @description Entries to leave out at the beginning. */
                skip?: number;
                /** @description The most entries to answer. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A part of the orders */
            200: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrderList"];
                };
            };
            /** @description There is no token, or it is not good */
            401: {
                headers: {
                    /** @description How to authenticate (RFC 6750) */
                    "WWW-Authenticate": string;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is malformed */
            422: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    campaign_orders: {
        parameters: {
            query?: {
                /** @description Entries to leave out at the beginning. */
                skip?: number;
                /** @description The most entries to answer. */
                limit?: number;
            };
            header?: never;
            path: {
                campaign_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A part of the orders */
            200: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CampaignOrders"];
                };
            };
            /** @description There is no token, or it is not good */
            401: {
                headers: {
                    /** @description How to authenticate (RFC 6750) */
                    "WWW-Authenticate": string;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Only an administrator may do this */
            403: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist */
            404: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is malformed */
            422: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_order: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                order_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The order */
            200: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Order"];
                };
            };
            /** @description There is no token, or it is not good */
            401: {
                headers: {
                    /** @description How to authenticate (RFC 6750) */
                    "WWW-Authenticate": string;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist */
            404: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is malformed */
            422: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancel_order: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                order_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The order as it is now */
            200: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Order"];
                };
            };
            /** @description There is no token, or it is not good */
            401: {
                headers: {
                    /** @description How to authenticate (RFC 6750) */
                    "WWW-Authenticate": string;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist */
            404: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description ORDER_PAID */
            409: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is malformed */
            422: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    pay_order: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                order_id: string;
            };
            cookie?: never;
        };
        /** @description May be left out */
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Pay"] | null;
            };
        };
        responses: {
            /** @description The order as it is now */
            200: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Order"];
                };
            };
            /** @description BODY_INCOMPLETE: the body could not be read to its end */
            400: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no token, or it is not good */
            401: {
                headers: {
                    /** @description How to authenticate (RFC 6750) */
                    "WWW-Authenticate": string;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PAYMENT_DECLINED */
            402: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist */
            404: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_SLOW: the body did not arrive within 10 seconds */
            408: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description PAID_OTHERWISE */
            409: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is larger than 64 KiB */
            413: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON */
            415: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is malformed */
            422: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    payment_webhook: {
        parameters: {
            query?: never;
            header: {
                /** @description t=UNIX_SECONDS,v1=HEX */
                "X-FlashBid-Signature": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PaymentEvent"];
            };
        };
        responses: {
            /** @description The order as it is now: paid, or to be refunded when it came too late */
            200: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Order"];
                };
            };
            /** @description An event that changes nothing */
            204: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description BODY_INCOMPLETE: the body could not be read to its end */
            400: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BAD_SIGNATURE */
            401: {
                headers: {
                    /** @description How to authenticate (RFC 6750) */
                    "WWW-Authenticate": string;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist */
            404: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_SLOW: the body did not arrive within 10 seconds */
            408: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description WEBHOOK_REPLAYED or PAID_OTHERWISE */
            409: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is larger than 64 KiB */
            413: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON */
            415: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is malformed */
            422: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_products: {
        parameters: {
            query?: {
                /** @description Entries to leave out at the beginning. */
                skip?: number;
                /** @description The most entries to answer. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A part of the products */
            200: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProductList"];
                };
            };
            /** @description The request is malformed */
            422: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    add_product: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewProduct"];
            };
        };
        responses: {
            /** @description The product */
            201: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Product"];
                };
            };
            /** @description BODY_INCOMPLETE: the body could not be read to its end */
            400: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no token, or it is not good */
            401: {
                headers: {
                    /** @description How to authenticate (RFC 6750) */
                    "WWW-Authenticate": string;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Only an administrator may do this */
            403: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_SLOW: the body did not arrive within 10 seconds */
            408: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is larger than 64 KiB */
            413: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON */
            415: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is malformed */
            422: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    low_stock: {
        parameters: {
            query?: {
                /** @description Entries to leave out at the beginning. */
                skip?: number;
                /** @description The most entries to answer. */
                limit?: number;
                /** @description Products with at most so many available units. */
                most?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A part of the products */
            200: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProductList"];
                };
            };
            /** @description There is no token, or it is not good */
            401: {
                headers: {
                    /** @description How to authenticate (RFC 6750) */
                    "WWW-Authenticate": string;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Only an administrator may do this */
            403: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is malformed */
            422: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    sync_products: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The campaigns whose counters agree with the ledger now */
            200: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CampaignList"];
                };
            };
            /** @description There is no token, or it is not good */
            401: {
                headers: {
                    /** @description How to authenticate (RFC 6750) */
                    "WWW-Authenticate": string;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Only an administrator may do this */
            403: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is malformed */
            422: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_product: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                product_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The product */
            200: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Product"];
                };
            };
            /** @description It does not exist */
            404: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is malformed */
            422: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    change_product: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again is the same request again. */
                "Idempotency-Key"?: string;
            };
            path: {
                product_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeProduct"];
            };
        };
        responses: {
            /** @description The product as it is now */
            200: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Product"];
                };
            };
            /** @description AMBIGUOUS_CHANGE: more than one change of the stock */
            400: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no token, or it is not good */
            401: {
                headers: {
                    /** @description How to authenticate (RFC 6750) */
                    "WWW-Authenticate": string;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Only an administrator may do this */
            403: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist */
            404: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_SLOW: the body did not arrive within 10 seconds */
            408: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description STOCK_PROMISED or IDEMPOTENCY_KEY_REUSED */
            409: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is larger than 64 KiB */
            413: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON */
            415: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is malformed */
            422: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    sync_product: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                product_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The campaigns whose counters agree with the ledger now */
            200: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CampaignList"];
                };
            };
            /** @description There is no token, or it is not good */
            401: {
                headers: {
                    /** @description How to authenticate (RFC 6750) */
                    "WWW-Authenticate": string;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Only an administrator may do this */
            403: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist */
            404: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is malformed */
            422: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    purchase: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again is the same request again. */
                "Idempotency-Key"?: string;
                /** @description Where the campaign asks for one: as `/campaigns/{campaign_id}/tokens` gives it. */
                "X-Request-Token"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewPurchase"];
            };
        };
        responses: {
            /** @description The units are held */
            202: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Purchase"];
                };
            };
            /** @description BODY_INCOMPLETE: the body could not be read to its end */
            400: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no token, or it is not good */
            401: {
                headers: {
                    /** @description How to authenticate (RFC 6750) */
                    "WWW-Authenticate": string;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description CAMPAIGN_NOT_STARTED, CAMPAIGN_ENDED, or TOKEN_REQUIRED, TOKEN_INVALID, TOKEN_EXPIRED or TOKEN_USED */
            403: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist */
            404: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_SLOW: the body did not arrive within 10 seconds */
            408: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description SOLD_OUT, LIMIT_REACHED, HOLD_ENDED, WRONG_FORMAT or IDEMPOTENCY_KEY_REUSED */
            409: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is larger than 64 KiB */
            413: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON */
            415: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is malformed */
            422: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_purchase: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                hold_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The purchase */
            200: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Purchase"];
                };
            };
            /** @description There is no token, or it is not good */
            401: {
                headers: {
                    /** @description How to authenticate (RFC 6750) */
                    "WWW-Authenticate": string;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist */
            404: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is malformed */
            422: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ranking: {
        parameters: {
            query?: {
                /** @description The most lines to answer; without it as many as there are units, up to 10,000. */
                limit?: number;
            };
            header?: never;
            path: {
                campaign_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The top of the ranking */
            200: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ranking"];
                };
            };
            /** @description It does not exist */
            404: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description WRONG_FORMAT: it ranks nobody */
            409: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is malformed */
            422: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    own_ranking: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                campaign_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The user's place */
            200: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnRanking"];
                };
            };
            /** @description There is no token, or it is not good */
            401: {
                headers: {
                    /** @description How to authenticate (RFC 6750) */
                    "WWW-Authenticate": string;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist */
            404: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description WRONG_FORMAT: it ranks nobody */
            409: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is malformed */
            422: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    site: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What a page has to know */
            200: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Site"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All is well */
            200: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description A store is away */
            503: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
        };
    };
    metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The figures, in the text format of OpenMetrics 1.0 */
            200: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/openmetrics-text": string;
                };
            };
        };
    };
    feed: {
        parameters: {
            query: {
                /** @description As /auth/login gives it */
                token: string;
                /** @description The last sequence that the client knows of; without it the feed starts with the ranking, or with what is left, as it is */
                since?: number;
            };
            header?: never;
            path: {
                campaign_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The feed */
            101: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description NOT_A_WEBSOCKET */
            426: {
                headers: {
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED, or TOO_MANY_REQUESTS for logins; Retry-After says when to try again */
            429: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, or a store is away; Retry-After says when to try again */
            503: {
                headers: {
                    /** @description After how many seconds to try again */
                    "Retry-After": number;
                    /** @description Which request this was, for whoever reads the log */
                    "X-Request-Id": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
