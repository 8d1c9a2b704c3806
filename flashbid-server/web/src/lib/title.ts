import { useEffect } from "react";

/** Names the page in the browser's tab, and to whoever hears it read. */
export function useTitle(title: string | null | undefined): void {
    useEffect(() => {
        document.title = title ? `${title} – FlashBid` : "FlashBid";
        return () => {
            document.title = "FlashBid";
        };
    }, [title]);
}
