// A page among 5,000 bidders and 200 changes a second: it stays smooth, and takes no more memory the longer it is open.
// FLASHBID_LOAD_SECONDS says for how long it is measured: five minutes if it does not.
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { closeBrowser, House, ownRank, pause, shownRanking, until } from "./house.mjs";

after(closeBrowser);

const PEOPLE = 5_000;
const RATE = 200;
const SECONDS = Number(process.env.FLASHBID_LOAD_SECONDS ?? 300);
/** Until everything is compiled and every cache is full. */
const WARM_UP = Math.min(60, SECONDS);
/** Between two looks at the memory. */
const EVERY = 10;
const SLOWEST_FRAME = 50;
/** Measured after a collection, memory still goes up and down by so much. */
const heapMay = (before) => before * 1.1 + 2_000_000;
const nodesMay = (before) => before * 1.1 + 100;

/**
 * Counts frames and messages within the page, in memory that is taken beforehand. The server gathers what changes within
 * a few milliseconds in one message; where its own are fewer, made-up ones, in which neighbours change places, see to it
 * that the page hears of a change 200 times a second on every machine.
 */
const INSTRUMENTS = `
  window.measured = { frames: new Float64Array(200000), count: 0, running: false, messages: 0, made: 0, isOver: false };
  let last = 0;
  const frame = (now) => {
    if (measured.running && last && measured.count < measured.frames.length) measured.frames[measured.count++] = now - last;
    last = measured.running ? now : 0;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  let latest, socket, begun;
  window.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data, isTrusted }) => {
        measured.messages += 1;
        if (!isTrusted || !data.startsWith('{"event":"ranking_update"')) return;
        begun ??= performance.now();
        [latest, socket] = [data, this];
      });
    }
  };
  const changed = (data, offset) => {
    const event = JSON.parse(data);
    const top = event.data.top_k;
    for (let at = offset; at + 1 < top.length; at += 2) {
      const [one, other] = [top[at], top[at + 1]];
      [top[at], top[at + 1]] = [{ ...other, rank: one.rank }, { ...one, rank: other.rank }];
    }
    return new MessageEvent("message", { data: JSON.stringify(event) });
  };
  setInterval(() => {
    if (!latest || measured.isOver) return;
    const due = ((performance.now() - begun) / 1000) * ${RATE};
    for (let each = 0; each < 10 && measured.messages < due; each += 1) {
      measured.made += 1;
      socket.dispatchEvent(changed(latest, measured.made % 2));
    }
  }, 5);
`;

const median = (values) => values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];

test(
    `a page stays smooth and small among ${PEOPLE} bidders and ${RATE} bids a second`,
    { timeout: (SECONDS + 240) * 1_000 },
    async (t) => {
        const house = await House.open(t, {
            // As often as it can.
            options: ["--ranking-interval", "1ms"],
            seed: ["--users", String(PEOPLE), "--stock", "1", "--duration", "10m"],
        });
        const sale = await house.sale({
            stock: 100,
            quota: 100,
            minPrice: "100",
            beta: "0",
            gamma: "0",
            lasts: 3_600,
        });
        const tokens = house.seeded.users.map((user) => house.token(user.user_id));
        const page = await house.page(sale.path, { token: tokens[0], script: INSTRUMENTS });
        const crowd = fork(fileURLToPath(new URL("crowd.mjs", import.meta.url)), { stdio: "inherit" });
        t.after(() => crowd.kill());
        crowd.send({ address: house.address, campaign: sale.campaign_id, tokens, rate: RATE });
        const [present] = await once(crowd, "message");
        assert.deepEqual([present.accepted, present.failed], [PEOPLE, 0], "everybody takes part");

        const devtools = await page.context().newCDPSession(page);
        await devtools.send("HeapProfiler.enable");
        const weigh = async () => {
            // Collecting takes a frame or two, which are nobody's fault.
            await page.evaluate(() => (measured.running = false));
            await devtools.send("HeapProfiler.collectGarbage");
            const { usedSize } = await devtools.send("Runtime.getHeapUsage");
            const { nodes, jsEventListeners } = await devtools.send("Memory.getDOMCounters");
            await page.evaluate(() => (measured.running = true));
            return { at: performance.now(), heap: usedSize, nodes, listeners: jsEventListeners };
        };

        await pause(WARM_UP * 1_000);
        const before = await page.evaluate(() => ({ messages: measured.messages, made: measured.made }));
        const begun = performance.now();
        const samples = [await weigh()];
        while (performance.now() - begun < SECONDS * 1_000) {
            await pause(EVERY * 1_000);
            samples.push(await weigh());
        }
        const seconds = (performance.now() - begun) / 1_000;
        const { frames, messages, made } = await page.evaluate(() => ({
            frames: [...measured.frames.subarray(0, measured.count)],
            messages: measured.messages,
            made: measured.made,
        }));
        crowd.send("stop");
        const [bids] = await once(crowd, "message");

        const within = (from, to) =>
            samples.filter(({ at }) => at - begun >= from * 1_000 && at - begun <= to * 1_000);
        const part = Math.min(60, seconds / 3);
        const [first, last] = [within(0, part), within(seconds - part - 1, seconds)];
        const of = (which, key) => median(which.map((sample) => sample[key]));
        frames.sort((one, other) => one - other);
        const quantile = (share) => frames[Math.min(frames.length - 1, Math.floor(frames.length * share))];
        const mega = (bytes) => (bytes / 1_000_000).toFixed(2);
        t.diagnostic(
            `bids: ${(bids.accepted / bids.seconds).toFixed(1)} a second, ${bids.failed} failed; told to the page: ${((messages - before.messages) / seconds).toFixed(1)} a second, ${((made - before.made) / seconds).toFixed(1)} of them made up`,
        );
        t.diagnostic(
            `frames: ${(frames.length / seconds).toFixed(1)} a second; median ${quantile(0.5).toFixed(1)} ms, p95 ${quantile(0.95).toFixed(1)} ms, p99 ${quantile(0.99).toFixed(1)} ms, longest ${quantile(1).toFixed(1)} ms`,
        );
        t.diagnostic(
            `heap: ${mega(of(first, "heap"))} MB at first, ${mega(of(last, "heap"))} MB after ${Math.round(seconds)} s`,
        );
        t.diagnostic(
            `nodes: ${of(first, "nodes")} and ${of(last, "nodes")}; listeners: ${of(first, "listeners")} and ${of(last, "listeners")}`,
        );

        assert.ok(
            bids.accepted / bids.seconds >= RATE * 0.95,
            `the crowd bid only ${bids.accepted} times in ${bids.seconds} s`,
        );
        assert.equal(bids.failed, 0);
        assert.ok((messages - before.messages) / seconds >= RATE * 0.9, "the page hears of too little");
        assert.ok(quantile(0.95) < SLOWEST_FRAME, `19 of 20 frames take up to ${quantile(0.95)} ms`);
        assert.ok(of(last, "heap") <= heapMay(of(first, "heap")), "the heap grows");
        assert.ok(of(last, "nodes") <= nodesMay(of(first, "nodes")), "nodes pile up");
        assert.ok(of(last, "listeners") <= nodesMay(of(first, "listeners")), "listeners pile up");

        // After all that it still shows what is.
        await page.evaluate(() => (measured.isOver = true));
        await house.bid(sale, 100_000, tokens[1]);
        const { rankings } = await house.call("GET", `/rankings/${sale.campaign_id}?limit=20`);
        const own = await house.call("GET", `/rankings/${sale.campaign_id}/me`, null, tokens[0]);
        const top = rankings
            .slice(0, 20)
            .map((row) => `${row.rank} ${row.username}`)
            .join();
        await until(async () => (await shownRanking(page)).join() === top, "the ranking is right", 5_000);
        await until(async () => (await ownRank(page)) === own.rank, "the own place is right", 5_000);
    },
);
