/** One figure of a server. */
export interface Figure {
    name: string;
    labels: Readonly<Record<string, string>>;
    value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\})?\s+(\S+)/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;
const ESCAPED: Record<string, string> = { n: "\n", '"': '"', "\\": "\\" };

/** Reads the text format of Prometheus and of OpenMetrics; what is no figure is left out. */
export function parseMetrics(text: string): Figure[] {
    const figures: Figure[] = [];
    for (const line of text.split("\n")) {
        if (line === "" || line.startsWith("#")) continue;
        const match = LINE.exec(line);
        const value = match ? numberOf(match[3]!) : null;
        if (!match || value === null) continue;
        const labels: Record<string, string> = {};
        for (const [, name, written] of (match[2] ?? "").matchAll(LABEL)) {
            labels[name!] = written!.replace(/\\(.)/g, (_, letter: string) => ESCAPED[letter] ?? letter);
        }
        figures.push({ name: match[1]!, labels, value });
    }
    return figures;
}

function numberOf(text: string): number | null {
    if (text === "+Inf" || text === "Inf") return Infinity;
    if (text === "-Inf") return -Infinity;
    const value = Number(text);
    return Number.isNaN(value) ? null : value;
}

/** The figures of a name whose labels have these values. */
export function select(
    figures: readonly Figure[],
    name: string,
    labels: Record<string, string> = {},
): Figure[] {
    const wanted = Object.entries(labels);
    return figures.filter(
        (figure) => figure.name === name && wanted.every(([key, value]) => figure.labels[key] === value),
    );
}

/** Their sum; `null` when there are none. */
export function total(figures: readonly Figure[]): number | null {
    return figures.length === 0 ? null : figures.reduce((sum, { value }) => sum + value, 0);
}

/**
 * By how much counters grew together. `null` when one of them is smaller than before: the server began anew, and
 * nobody knows what was counted in between. A counter that was not there was zero.
 */
export function increase(before: readonly Figure[], now: readonly Figure[]): number | null {
    const known = new Map(before.map((figure) => [keyOf(figure), figure.value]));
    let grown = 0;
    for (const figure of now) {
        const step = figure.value - (known.get(keyOf(figure)) ?? 0);
        known.delete(keyOf(figure));
        if (step < 0) return null;
        grown += step;
    }
    return known.size > 0 ? null : grown;
}

function keyOf({ name, labels }: Figure): string {
    return JSON.stringify([name, Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1))]);
}

/**
 * The `q`-quantile of what a histogram observed between two looks at its buckets, between two bounds in proportion, as
 * `histogram_quantile` of Prometheus has it. `null` when nothing was observed, or the server began anew.
 */
export function quantile(q: number, before: readonly Figure[], now: readonly Figure[]): number | null {
    const bounds = new Set(now.map(({ labels }) => labels.le));
    const buckets: { upTo: number; count: number }[] = [];
    for (const le of bounds) {
        if (le === undefined) continue;
        const within = (figures: readonly Figure[]) => figures.filter(({ labels }) => labels.le === le);
        const count = increase(within(before), within(now));
        const upTo = numberOf(le);
        if (count === null || upTo === null) return null;
        buckets.push({ upTo, count });
    }
    buckets.sort((one, other) => one.upTo - other.upTo);
    const all = buckets[buckets.length - 1]?.count ?? 0;
    if (all === 0) return null;
    const rank = q * all;
    let [lower, below] = [0, 0];
    for (const { upTo, count } of buckets) {
        if (count >= rank && count > below) {
            return upTo === Infinity ? lower : lower + ((upTo - lower) * (rank - below)) / (count - below);
        }
        if (upTo !== Infinity) lower = upTo;
        below = count;
    }
    return lower;
}
