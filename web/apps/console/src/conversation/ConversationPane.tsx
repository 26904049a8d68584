// One open ticket: its head, its line of time, the composer. Joins the ticket's room for as long as it is shown.
import { Button } from "@mantine/core";
import { IconGhost } from "@tabler/icons-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useLocation } from "wouter";
import { client } from "../backend/client";
import { inWords } from "../backend/errors";
import { useObservable } from "../backend/observe";
import { useShortcut } from "../browser/shortcuts";
import type { QueueId } from "../tickets/queues";
import { applyTicket, useTicket } from "../tickets/tickets";
import { Collisions } from "./Collisions";
import { Composer, type ComposerHandle } from "./Composer";
import styles from "./ConversationPane.module.css";
import { TicketHead } from "./TicketHead";
import { Timeline } from "./Timeline";
import { useFileDrop } from "./use-file-drop";
import { useUploads } from "./use-uploads";

interface Props {
  ticketId: string;
  queue: QueueId;
  areDetailsShown: boolean;
  onDetails: () => void;
}

export function ConversationPane({ ticketId, queue, areDetailsShown, onDetails }: Props) {
  const [, navigate] = useLocation();
  const conversation = useMemo(() => client.conversation(ticketId), [ticketId]);
  useEffect(() => conversation.open(), [conversation]);
  const { data: ticket, error } = useTicket(ticketId);
  const [kind, setKind] = useState<"reply" | "note">("reply");
  const composer = useRef<ComposerHandle>(null);
  const write = useCallback((next: "reply" | "note") => {
    setKind(next);
    // The field of the other kind is another one: it is there after the next paint.
    requestAnimationFrame(() => composer.current?.focus());
  }, []);
  useShortcut("reply", () => write("reply"));
  useShortcut("note", () => write("note"));
  const uploads = useUploads(conversation);
  const drop = useFileDrop((files) => {
    setKind("reply");
    uploads.add(files);
  });

  // What the room tells of the ticket is news for the lists, too.
  const joined = useObservable(conversation.ticket);
  useEffect(() => {
    if (joined) applyTicket(joined);
  }, [joined]);

  const trouble = useObservable(conversation.error) ?? error;
  if (!ticket && trouble) {
    return (
      <div className={styles.trouble} role="alert">
        <IconGhost size={32} stroke={1.5} aria-hidden="true" />
        <p>{inWords(trouble)}</p>
        <Button variant="default" onClick={() => navigate(`/inbox/${queue}`)}>
          Back to the list
        </Button>
      </div>
    );
  }
  return (
    <div className={styles.pane} {...drop.handlers}>
      <TicketHead
        ticket={ticket}
        conversation={conversation}
        queue={queue}
        areDetailsShown={areDetailsShown}
        onDetails={onDetails}
      />
      <Timeline ticket={ticket} conversation={conversation} />
      {ticket && (
        <>
          <Collisions ticket={ticket} conversation={conversation} />
          <Composer
            key={kind}
            ref={composer}
            kind={kind}
            onKind={write}
            ticket={ticket}
            conversation={conversation}
            uploads={uploads}
          />
        </>
      )}
      {drop.isOver && <div className={styles.drop}>Drop files to attach them to your reply</div>}
    </div>
  );
}
