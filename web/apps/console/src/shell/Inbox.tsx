// The inbox: list, conversation, customer. On a phone one of them at a time.
import { useDocumentTitle, useMediaQuery } from "@mantine/hooks";
import { Suspense, useEffect, useState } from "react";
import { Redirect, useLocation } from "wouter";
import { setShownTicket } from "../browser/notices";
import { setPreferences, usePreferences } from "../browser/preferences";
import { useShortcut } from "../browser/shortcuts";
import { NothingOpen } from "../conversation/NothingOpen";
import { TicketList } from "../inbox/TicketList";
import { lazily } from "../parts/lazily";
import { isQueue, type ListView, QUEUE_NAMES, type QueueId } from "../tickets/queues";
import { useTicket, useTicketList } from "../tickets/tickets";
import styles from "./Inbox.module.css";
import { Splash } from "./Splash";

const loadConversation = () => import("../conversation/ConversationPane").then((module) => module.ConversationPane);
const loadDetails = () => import("../details/DetailsPane").then((module) => module.DetailsPane);
const loadDrawer = () => import("./DetailsDrawer").then((module) => module.DetailsDrawer);
const ConversationPane = lazily(loadConversation);
const DetailsPane = lazily(loadDetails);
const DetailsDrawer = lazily(loadDrawer);

/** What is wanted as soon as somebody opens a ticket. */
export const AHEAD = [loadConversation, loadDetails, loadDrawer];

export function Inbox({ queue, ticketId }: { queue?: string | undefined; ticketId?: string | undefined }) {
  if (!isQueue(queue)) return <Redirect to="/inbox/mine" replace />;
  return <QueueInbox key={queue} queue={queue} ticketId={ticketId ?? null} />;
}

function QueueInbox({ queue, ticketId }: { queue: QueueId; ticketId: string | null }) {
  const [, navigate] = useLocation();
  const [view, setView] = useState<ListView>({ queue, search: "", priority: null, tag: null });
  const list = useTicketList(view);
  const tickets = list.data ?? [];
  const open = tickets.find((ticket) => ticket.ticket_id === ticketId);
  useDocumentTitle(open ? `#${open.number} ${open.subject} · SmileChat` : `${QUEUE_NAMES[queue]} · SmileChat`);
  const isRoomy = useMediaQuery("(min-width: 72rem)", true);
  const { details } = usePreferences();
  const [isDrawerOpen, setIsDrawerOpen] = useState(false);
  const toggleDetails = () => (isRoomy ? setPreferences({ details: !details }) : setIsDrawerOpen(!isDrawerOpen));

  const step = (by: number) => {
    const at = tickets.findIndex((ticket) => ticket.ticket_id === ticketId);
    const next = tickets[at < 0 ? 0 : at + by];
    if (next) navigate(`/inbox/${queue}/${next.ticket_id}`);
  };
  useShortcut("next", () => step(1));
  useShortcut("previous", () => step(-1));
  useShortcut("back", () => navigate(`/inbox/${queue}`));

  useEffect(() => {
    setShownTicket(ticketId);
    setIsDrawerOpen(false);
    return () => setShownTicket(null);
  }, [ticketId]);

  const { isError: isGone } = useTicket(ticketId ?? "", { isWanted: ticketId !== null });
  const hasDetails = ticketId !== null && isRoomy && details && !isGone;
  return (
    <main className={styles.inbox} data-open={ticketId !== null} data-details={hasDetails}>
      <h1 className="visually-hidden">Inbox</h1>
      <TicketList view={view} onView={setView} list={list} tickets={tickets} current={ticketId} />
      <section className={styles.conversation} aria-label="Conversation">
        {ticketId === null ? (
          <NothingOpen />
        ) : (
          <Suspense fallback={<Splash />}>
            <ConversationPane
              key={ticketId}
              ticketId={ticketId}
              queue={queue}
              areDetailsShown={hasDetails || isDrawerOpen}
              onDetails={toggleDetails}
            />
          </Suspense>
        )}
      </section>
      {hasDetails && (
        <section className={styles.details} aria-label="Customer and ticket">
          <Suspense fallback={null}>
            <DetailsPane key={ticketId} ticketId={ticketId} />
          </Suspense>
        </section>
      )}
      {ticketId !== null && !isRoomy && (
        <Suspense fallback={null}>
          <DetailsDrawer ticketId={ticketId} isOpen={isDrawerOpen} onClose={() => setIsDrawerOpen(false)} />
        </Suspense>
      )}
    </main>
  );
}
