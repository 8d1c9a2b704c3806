import { lazy, Suspense, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { Redirect, Route, Switch, useLocation } from "wouter";

import { useMe } from "./api/queries";
import { useToken } from "./lib/session";
import { AuthPage } from "./pages/auth";
import { BidsPage } from "./pages/bids";
import { CampaignPage } from "./pages/campaign";
import { CartPage } from "./pages/cart";
import { HomePage } from "./pages/home";
import { OrdersPage } from "./pages/orders";
import { Empty, Loading } from "./ui";
import { Shell } from "./ui/shell";

const Admin = lazy(() => import("./admin"));

export function App() {
    const [location] = useLocation();
    // A new page begins at its top, as a loaded one would.
    useEffect(() => {
        window.scrollTo(0, 0);
    }, [location]);
    return (
        <Shell>
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
    const me = useMe();
    if (!me) return <Loading />;
    return me.is_admin ? children : <NotFound />;
}

function NotFound() {
    const { t } = useTranslation();
    return <Empty title={t("state.notFound")} hint={t("state.notFoundHint")} />;
}
