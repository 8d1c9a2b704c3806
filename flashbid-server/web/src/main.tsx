import "./i18n";
import "./styles.css";

import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { queryClient } from "./api/queries";
import { App } from "./app";
import { keepClock } from "./lib/clock";
import { onSession } from "./lib/session";
import { applyTheme } from "./lib/theme";
import { Guard } from "./ui/guard";

applyTheme();
keepClock();
// What one account was told is not for the next.
onSession(() => queryClient.clear());

createRoot(document.getElementById("root")!).render(
    <StrictMode>
        <Guard>
            <QueryClientProvider client={queryClient}>
                <App />
            </QueryClientProvider>
        </Guard>
    </StrictMode>,
);
