import "uplot/dist/uPlot.min.css";

import { useEffect, useRef, type RefObject } from "react";
import uPlot from "uplot";

/** What a plot is drawn by, but for its size. */
export type Look = Omit<uPlot.Options, "width" | "height">;

/** Draws `data` in the element that the reference is given to, as wide as it is; anew once `key` is another. */
export function usePlot(
    look: () => Look,
    data: uPlot.AlignedData,
    height: number,
    key: string,
): RefObject<HTMLDivElement | null> {
    const place = useRef<HTMLDivElement>(null);
    const plot = useRef<uPlot | null>(null);
    const latest = useRef({ look, data });

    useEffect(() => {
        latest.current = { look, data };
    });
    useEffect(() => {
        const element = place.current;
        if (!element) return;
        const size = () => ({ width: element.clientWidth, height });
        const made = new uPlot({ ...latest.current.look(), ...size() }, latest.current.data, element);
        plot.current = made;
        const sized = new ResizeObserver(() => made.setSize(size()));
        sized.observe(element);
        return () => {
            sized.disconnect();
            made.destroy();
            plot.current = null;
        };
    }, [height, key]);
    useEffect(() => {
        plot.current?.setData(data);
    }, [data]);
    return place;
}

/** A colour of the page's theme; asked for whenever something is drawn, it follows the theme. */
export function colour(name: string): string {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
