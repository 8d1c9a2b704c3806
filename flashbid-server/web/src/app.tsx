import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Redirect, Route, Switch, useLocation } from "wouter";

import { meQuery } from "./api/queries";
import { useToken } from "./lib/session";
import { AuthPage } from "./pages/auth";
import { BidsPage } from "./pages/bids";
import { CampaignPage } from "./pages/campaign";
import { CartPage } from "./pages/cart";
import { HomePage } from "./pages/home";
import { OrdersPage } from "./pages/orders";
import { Empty, Fetched, Loading } from "./ui";
import { Guard } from "./ui/guard";
import { Shell } from "./ui/shell";

const Admin = lazy(() => import("./admin"));

export function App() {
    const [location] = useLocation();
    const token = useToken();
    const first = useRef(location);
    // A new page begins at its top, as a loaded one would, for whoever reads it by ear as well.
    useEffect(() => {
        if (first.current === location) return;
        first.current = "";
        window.scrollTo(0, 0);
        const main = document.getElementById("main");
        if (!main?.contains(document.activeElement)) main?.focus({ preventScroll: true });
    }, [location]);
    return (
        <Shell>
            {/* What one account has seen and begun is not for the next; and what breaks is one page. */}
            <Guard key={token} at={location}>
                <Suspense fallback={<Loading />}>
                    <Switch>
                        <Route path="/" component={HomePage} />
                        <Route path="/campaigns/:id">{({ id }) => <CampaignPage key={id} id={id} />}</Route>
                        <Route path="/login">
                            <AuthPage kind="login" />
                        </Route>
                        <Route path="/register">
                            <AuthPage kind="register" />
                        </Route>
                        <Route path="/cart" component={CartPage} />
                        <Route path="/bids">
                            <Members>
                                <BidsPage />
                            </Members>
                        </Route>
                        <Route path="/orders">
                            <Members>
                                <OrdersPage />
                            </Members>
                        </Route>
                        <Route path="/admin/*?">
                            <Members>
                                <Admins>
                                    <Admin />
                                </Admins>
                            </Members>
                        </Route>
                        <Route>
                            <NotFound />
                        </Route>
                    </Switch>
                </Suspense>
            </Guard>
        </Shell>
    );
}

/** What only those who are logged in see; others log in first and come back. */
function Members({ children }: { children: React.ReactNode }) {
    const token = useToken();
    const [location] = useLocation();
    return token ? children : <Redirect to={`/login?next=${encodeURIComponent(location)}`} replace />;
}

function Admins({ children }: { children: React.ReactNode }) {
    const me = useQuery(meQuery(useToken()));
    return <Fetched of={me}>{({ is_admin }) => (is_admin ? children : <NotFound />)}</Fetched>;
}

function NotFound() {
    const { t } = useTranslation();
    return <Empty title={t("state.notFound")} hint={t("state.notFoundHint")} />;
}
