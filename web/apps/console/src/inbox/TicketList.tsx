// The list of a queue: virtual, so that ten thousand tickets scroll like ten.
import { Button } from "@mantine/core";
import { IconCloudOff } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import { inWords } from "../backend/errors";
import type { Ticket } from "../backend/types";
import type { ListView } from "../tickets/queues";
import type { useTicketList } from "../tickets/tickets";
import { EmptyQueue } from "./EmptyQueue";
import { ListHead } from "./ListHead";
import { NotifyOffer } from "./NotifyOffer";
import styles from "./TicketList.module.css";
import { ROW_HEIGHT, TicketRow, TicketRowSkeleton } from "./TicketRow";

interface Props {
  view: ListView;
  onView: (view: ListView) => void;
  list: ReturnType<typeof useTicketList>;
  tickets: Ticket[];
  current: string | null;
}

/** The next page is asked for this many rows before the end comes into view. */
const AHEAD = 30;

export function TicketList({ view, onView, list, tickets, current }: Props) {
  return (
    <section className={styles.pane} aria-label="Tickets">
      <ListHead view={view} onView={onView} />
      <NotifyOffer />
      {list.isPending ? (
        <Skeletons />
      ) : list.isError && tickets.length === 0 ? (
        <div className={styles.trouble} role="alert">
          <IconCloudOff size={32} stroke={1.5} aria-hidden="true" />
          <p>{inWords(list.error)}</p>
          <Button variant="default" onClick={() => void list.refetch()}>
            Try again
          </Button>
        </div>
      ) : tickets.length === 0 ? (
        <EmptyQueue view={view} onView={onView} />
      ) : (
        <Rows view={view} list={list} tickets={tickets} current={current} />
      )}
    </section>
  );
}

function Rows({ view, list, tickets, current }: Omit<Props, "onView">) {
  const scroller = useRef<HTMLDivElement>(null);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  const virtual = useVirtualizer({
    count: tickets.length + (hasNextPage ? 3 : 0),
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => tickets[index]?.ticket_id ?? index,
    overscan: 8,
  });
  const items = virtual.getVirtualItems();
  const lastIndex = items.at(-1)?.index ?? 0;

  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && lastIndex > tickets.length - AHEAD) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage, lastIndex, tickets.length]);

  const at = tickets.findIndex((ticket) => ticket.ticket_id === current);
  // Only when another ticket is opened: news that reorder the list must not scroll it away under the reader.
  const position = useRef(at);
  position.current = at;
  useEffect(() => {
    if (current && position.current >= 0) virtual.scrollToIndex(position.current);
  }, [current, virtual]);

  return (
    <div className={styles.scroller} ref={scroller}>
      <ul className={styles.rows} style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const ticket = tickets[item.index];
          return (
            <li key={item.key} style={{ transform: `translateY(${item.start}px)` }}>
              {ticket ? (
                <TicketRow
                  ticket={ticket}
                  queue={view.queue}
                  isCurrent={ticket.ticket_id === current}
                  isPassing={virtual.isScrolling}
                />
              ) : (
                <TicketRowSkeleton />
              )}
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function Skeletons() {
  return (
    <div className={styles.scroller} role="status" aria-label="Loading tickets">
      {[0, 1, 2, 3, 4, 5, 6].map((row) => (
        <TicketRowSkeleton key={row} />
      ))}
    </div>
  );
}
