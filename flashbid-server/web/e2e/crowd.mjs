// The crowd of load.test.mjs, in a process of its own so that it takes no time from whoever measures: it is told where
// to bid, as whom and how often, then bids at that rate until it is told to stop.
import { Agent, request } from "node:http";

const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const count = { sent: 0, accepted: 0, failed: 0 };
/** Prices rise, so that nearly every bid takes one of the winning places and moves all below it. */
let price = 100;

function bid({ address, campaign, tokens }) {
    const token = tokens[count.sent % tokens.length];
    price += 0.02;
    count.sent += 1;
    const body = JSON.stringify({ campaign_id: campaign, price: (price + Math.random()).toFixed(2) });
    const [host, port] = address.split(":");
    return new Promise((done) => {
        const failed = () => {
            count.failed += 1;
            done();
        };
        const asking = request(
            {
                agent,
                host,
                port,
                method: "POST",
                path: "/api/v1/bids",
                headers: {
                    authorization: `Bearer ${token}`,
                    "content-type": "application/json",
                    "content-length": Buffer.byteLength(body),
                },
            },
            (answer) => {
                answer.resume();
                answer.once("error", failed);
                answer.once("end", () => {
                    count[answer.statusCode === 201 ? "accepted" : "failed"] += 1;
                    done();
                });
            },
        );
        asking.once("error", failed);
        asking.end(body);
    });
}

process.once("message", async (terms) => {
    // Everybody takes part once, as fast as the server takes it.
    let next = 0;
    const taker = async () => {
        while (next < terms.tokens.length) {
            next += 1;
            await bid(terms);
        }
    };
    await Promise.all(Array.from({ length: 32 }, taker));
    process.send({ present: count.accepted, ...count });

    Object.assign(count, { sent: 0, accepted: 0, failed: 0 });
    const begun = performance.now();
    let unanswered = 0;
    const timer = setInterval(() => {
        const due = Math.floor(((performance.now() - begun) / 1_000) * terms.rate);
        while (count.sent < due && unanswered < 1_000) {
            unanswered += 1;
            void bid(terms).then(() => (unanswered -= 1));
        }
    }, 5);
    process.once("message", () => {
        clearInterval(timer);
        process.send({ ...count, seconds: (performance.now() - begun) / 1_000 }, () => process.exit());
    });
});
