import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import type { Product } from "../api/client";
import { siteQuery } from "../api/queries";
import { Bolt, cx } from "./index";

const GRADIENTS = [
    "from-indigo-500 to-fuchsia-500",
    "from-sky-500 to-indigo-600",
    "from-emerald-500 to-cyan-600",
    "from-amber-500 to-rose-600",
    "from-rose-500 to-violet-600",
    "from-violet-500 to-blue-600",
];

/** The picture of a product, or a coloured cover of its own where there is none that the operator allows. */
export function Picture({ product, className }: { product: Product | null | undefined; className?: string }) {
    const site = useQuery(siteQuery);
    const [broken, setBroken] = useState(false);
    const url = product?.image_url;
    if (url && !broken && isAllowed(url, site.data?.picture_hosts ?? [])) {
        return (
            <img
                src={url}
                alt=""
                loading="lazy"
                onError={() => setBroken(true)}
                className={cx("object-cover", className)}
            />
        );
    }
    const name = product?.name ?? "";
    // FNV-1a, whose upper bits are the ones to take.
    let hash = 0x811c9dc5;
    for (const letter of name) hash = Math.imul(hash ^ letter.codePointAt(0)!, 0x01000193) >>> 0;
    return (
        <div
            aria-hidden
            className={cx(
                "grid place-items-center bg-gradient-to-br text-white",
                GRADIENTS[(hash >>> 16) % GRADIENTS.length],
                className,
            )}
        >
            <span className="relative grid place-items-center">
                <Bolt className="size-24 opacity-25" />
                <span className="absolute text-4xl font-black drop-shadow">
                    {[...name][0]?.toUpperCase()}
                </span>
            </span>
        </div>
    );
}

/** Whether the content security policy lets a picture through: asking for others would only fill the console. */
export function isAllowed(url: string, hosts: readonly string[]): boolean {
    if (!URL.canParse(url, window.location.href)) return false;
    const at = new URL(url, window.location.href);
    if (at.origin === window.location.origin) return true;
    return hosts.some((host) => {
        const match = /^(https?):\/\/(\*\.)?([^/:]+)(?::(\d+))?$/.exec(host);
        if (!match) return false;
        const [, scheme, wildcard, name, port] = match;
        const named = wildcard ? at.hostname.endsWith(`.${name}`) : at.hostname === name;
        return at.protocol === `${scheme}:` && named && at.port === (port ?? "");
    });
}
