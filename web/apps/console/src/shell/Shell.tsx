// The frame of the console: the rail, the stage, and what is there on every page.
import { notifications } from "@mantine/notifications";
import { Suspense, useEffect, useState } from "react";
import { Redirect, Route, Switch, useLocation } from "wouter";
import { useMe } from "../backend/session";
import { onNoticeOpened } from "../browser/notices";
import { restoreOwnStatus } from "../browser/own-status";
import { listenToKeys, useShortcut } from "../browser/shortcuts";
import { fetchAhead, lazily } from "../parts/lazily";
import { NoPage } from "../parts/NoPage";
import { listenToPresses } from "../parts/way-back";
import { startLive } from "../tickets/live";
import { ConnectionBar } from "./ConnectionBar";
import { AHEAD, Inbox } from "./Inbox";
import { Rail } from "./Rail";
import styles from "./Shell.module.css";
import { Splash } from "./Splash";

const Knowledge = lazily(() => import("../knowledge/Knowledge").then((module) => module.Knowledge));
const Palette = lazily(() => import("./Palette").then((module) => module.Palette));
const Reports = lazily(() => import("../reports/Reports").then((module) => module.Reports));
const Settings = lazily(() => import("../settings/Settings").then((module) => module.Settings));
const ShortcutSheet = lazily(() => import("./ShortcutSheet").then((module) => module.ShortcutSheet));

export function Shell() {
  const me = useMe();
  const [path, navigate] = useLocation();
  const [isHelpShown, setIsHelpShown] = useState(false);

  useEffect(() => {
    restoreOwnStatus();
    return startLive(me.id);
  }, [me.id]);
  useEffect(listenToKeys, []);
  useEffect(listenToPresses, []);
  useEffect(() => fetchAhead(AHEAD), []);
  useEffect(() => () => notifications.clean(), []);
  useEffect(() => onNoticeOpened((ticket) => navigate(`/inbox/mine/${ticket.ticket_id}`)), [navigate]);
  useShortcut("help", () => setIsHelpShown(true));
  useShortcut("goMine", () => navigate("/inbox/mine"));
  useShortcut("goUnassigned", () => navigate("/inbox/unassigned"));
  useShortcut("goAll", () => navigate("/inbox/all"));
  useShortcut("goClosed", () => navigate("/inbox/closed"));
  useShortcut("goBot", () => navigate("/inbox/bot"));
  useShortcut("goKnowledge", () => navigate("/knowledge"));
  useShortcut("goReports", () => navigate("/reports"));
  useShortcut("goSettings", () => navigate("/settings"));

  // On a phone one thing at a time: an open conversation has the screen to itself.
  const isDeep = /^\/inbox\/[^/]+\/.+/.test(path);
  return (
    <div className={styles.shell} data-deep={isDeep}>
      <a className={styles.skip} href="#stage">
        Skip to the content
      </a>
      <Rail onHelp={() => setIsHelpShown(true)} />
      <div className={styles.stage} id="stage" tabIndex={-1}>
        <ConnectionBar />
        <div className={styles.content}>
          <Suspense fallback={<Splash />}>
            <Switch>
              <Route path="/inbox/:queue?/:ticketId?">{(place) => <Inbox {...place} />}</Route>
              <Route path="/reports/:tab?">{(place) => <Reports tab={place.tab} />}</Route>
              <Route path="/knowledge/*?">{(place) => <Knowledge path={place["*"]} />}</Route>
              <Route path="/settings/:section?/*?">{(place) => <Settings section={place.section} />}</Route>
              <Route path="/">
                <Redirect to="/inbox/mine" replace />
              </Route>
              <Route>
                <NoPage title="There is no such page" text="The address may be mistyped, or the page has moved." />
              </Route>
            </Switch>
          </Suspense>
        </div>
      </div>
      <Suspense fallback={null}>
        <Palette />
        <ShortcutSheet isOpen={isHelpShown} onClose={() => setIsHelpShown(false)} />
      </Suspense>
    </div>
  );
}
