import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, type ReactNode } from "react";
import { Route, Switch, useLocation } from "wouter";

import { Badge, NavLink, Page } from "../ui";
import { NewCampaignPage } from "./campaign/page";
import { OverviewPage } from "./overview/page";
import { ProblemsPage } from "./problems";
import { NewProductPage } from "./product";
import { deadLettersQuery, discrepanciesQuery } from "./queries";
import { WatchPage } from "./watch/page";
import { useWords } from "./words";

/** What only administrators see. */
export default function Admin() {
    const words = useWords();
    return (
        <div className="flex flex-col gap-6">
            <Tabs />
            <Switch>
                <Route path="/admin" component={OverviewPage} />
                <Route path="/admin/products/new" component={NewProductPage} />
                <Route path="/admin/campaigns/new" component={NewCampaignPage} />
                <Route path="/admin/campaigns/:id">{({ id }) => <WatchPage key={id} id={id} />}</Route>
                <Route path="/admin/problems" component={ProblemsPage} />
                <Route>
                    <Page title={words("nav.notFound")}>{null}</Page>
                </Route>
            </Switch>
        </div>
    );
}

function Tabs() {
    const words = useWords();
    const letters = useQuery(deadLettersQuery).data?.total ?? 0;
    const discrepancies = useQuery(discrepanciesQuery(true)).data?.total ?? 0;
    const open = letters + discrepancies;
    const [location] = useLocation();
    const bar = useRef<HTMLElement>(null);
    // On a phone not all of them are in sight, but the chosen one is to be.
    useEffect(() => {
        const chosen = bar.current?.querySelector<HTMLElement>("[aria-current=page]");
        if (bar.current && chosen) bar.current.scrollLeft = chosen.offsetLeft - 48;
    }, [location]);
    return (
        <nav
            ref={bar}
            aria-label={words("nav.label")}
            className="border-line -mx-4 overflow-x-auto border-b px-4 sm:mx-0 sm:px-0"
        >
            <ul className="flex">
                <Tab to="/admin">{words("nav.overview")}</Tab>
                <Tab to="/admin/products/new">{words("nav.product")}</Tab>
                <Tab to="/admin/campaigns/new">{words("nav.campaign")}</Tab>
                <Tab to="/admin/problems">
                    {words("nav.problems")}
                    {open > 0 && <Badge tone="bad">{words("nav.open", { count: open })}</Badge>}
                </Tab>
            </ul>
        </nav>
    );
}

function Tab({ to, children }: { to: string; children: ReactNode }) {
    const [location] = useLocation();
    return (
        <li>
            <NavLink
                to={to}
                isHere={location === to}
                className="flex min-h-11 items-center gap-2 border-b-2 px-3"
                here="border-brand text-brand"
                elsewhere="border-transparent"
            >
                {children}
            </NavLink>
        </li>
    );
}
