// Providers, and the gate: who is signed in decides what is shown.
import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { Suspense, useEffect, useRef } from "react";
import { Route, Router, Switch } from "wouter";
import { client } from "./backend/client";
import { useObservable } from "./backend/observe";
import { queryClient } from "./backend/query-client";
import { isStaff } from "./backend/session";
import { styleNonce } from "./csp";
import { lazily } from "./parts/lazily";
import { Shell } from "./shell/Shell";
import { Splash } from "./shell/Splash";
import { cssVariables, theme } from "./theme/theme";
import { forgetDrafts } from "./tickets/drafts";

const Notifications = lazily(() => import("./shell/Notices").then((module) => module.Notifications));
const Join = lazily(() => import("./sign-in/Join").then((module) => module.Join));
const NotStaff = lazily(() => import("./sign-in/NotStaff").then((module) => module.NotStaff));
const SignIn = lazily(() => import("./sign-in/SignIn").then((module) => module.SignIn));

export function App() {
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      getStyleNonce={() => styleNonce}
    >
      <QueryClientProvider client={queryClient}>
        <Suspense fallback={null}>
          <Notifications position="bottom-left" autoClose={6000} />
        </Suspense>
        <Suspense fallback={<Splash />}>
          <Router base="/app">
            <Switch>
              <Route path="/join">
                <Join />
              </Route>
              <Route>
                <Gate />
              </Route>
            </Switch>
          </Router>
        </Suspense>
      </QueryClientProvider>
    </MantineProvider>
  );
}

function Gate() {
  const session = useObservable(client.session.state);
  const before = useRef<string | null>(null);
  useEffect(() => {
    if (session.status === "signed_in") before.current = session.user.id;
    if (session.status !== "signed_out") return;
    queryClient.clear();
    // What somebody wrote stays while their session merely ran out, and goes when they leave.
    if (session.reason === "signed_out" && before.current) forgetDrafts(before.current);
  }, [session]);
  if (session.status === "restoring") return <Splash />;
  if (session.status === "signed_out") return <SignIn hasExpired={session.reason === "expired"} />;
  if (!isStaff(session.user)) return <NotStaff user={session.user} />;
  return <Shell key={session.user.id} />;
}
