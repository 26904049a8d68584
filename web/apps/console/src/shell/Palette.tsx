// The command palette: jump anywhere, do anything that has a shortcut, find tickets by what is typed.

import { useDebouncedValue } from "@mantine/hooks";
import { Spotlight, type SpotlightActionData, type SpotlightActionGroupData, spotlight } from "@mantine/spotlight";
import { IconCornerDownRight, IconMessageCircle, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import type { Ticket } from "../backend/types";
import { boundShortcuts, runShortcut, SHORTCUTS } from "../browser/shortcuts";
import { Keys } from "../parts/Keys";
import { TICKET_STATUS_NAMES } from "../tickets/queues";
import { listPage } from "../tickets/tickets";
import styles from "./Palette.module.css";

const MOST_FOUND = 6;

export function Palette() {
  const [query, setQuery] = useState("");
  const [isOpen, setIsOpen] = useState(false);
  const tickets = useTicketActions(query);
  return (
    <Spotlight
      actions={isOpen ? [tickets, commands()] : []}
      query={query}
      onQueryChange={setQuery}
      onSpotlightOpen={() => setIsOpen(true)}
      onSpotlightClose={() => {
        setIsOpen(false);
        setQuery("");
      }}
      shortcut="mod + K"
      nothingFound="Nothing found."
      highlightQuery
      scrollable
      maxHeight={420}
      limit={20}
      radius="lg"
      attributes={{ content: { "aria-label": "Search or jump to" } }}
      centered={false}
      yOffset="14vh"
      overlayProps={{ blur: 2, backgroundOpacity: 0.4 }}
      classNames={{ search: styles.search ?? "" }}
      searchProps={{
        leftSection: <IconSearch size={18} />,
        placeholder: "Find a ticket or a command…",
        "aria-label": "Find a ticket or a command",
      }}
    />
  );
}

function commands(): SpotlightActionGroupData {
  return {
    group: "Commands",
    actions: boundShortcuts().map((name) => ({
      id: name,
      label: SHORTCUTS[name].label,
      leftSection: <IconCornerDownRight size={16} />,
      rightSection: <Keys keys={SHORTCUTS[name].keys} />,
      // After the palette has given the focus back, so that the command may take it.
      onClick: () => setTimeout(() => runShortcut(name), 200),
    })),
  };
}

function useTicketActions(typed: string): SpotlightActionGroupData {
  const [, navigate] = useLocation();
  const [query] = useDebouncedValue(typed.trim(), 150);
  const { data } = useQuery({
    queryKey: ["palette", query],
    queryFn: ({ signal }) => findTickets(query, signal),
    enabled: query !== "",
  });
  const found = query === "" ? [] : (data ?? []);
  const actions = found.map((ticket): SpotlightActionData => {
    const queue = ticket.status === "closed" ? "closed" : "all";
    return {
      id: ticket.ticket_id,
      label: ticket.subject,
      description: `#${ticket.number} · ${TICKET_STATUS_NAMES[ticket.status]}`,
      // The server has found it, by names that are not in the label too.
      keywords: [typed],
      leftSection: <IconMessageCircle size={16} />,
      onClick: () => {
        spotlight.close();
        navigate(`/inbox/${queue}/${ticket.ticket_id}`);
      },
    };
  });
  return { group: "Tickets", actions };
}

/** What is open before what is done, however old. */
async function findTickets(q: string, signal: AbortSignal): Promise<Ticket[]> {
  const [active, closed] = await Promise.all(
    ["active", "closed"].map((status) => listPage({ q, status }, signal).then((page) => page.data)),
  );
  return [...(active ?? []), ...(closed ?? [])].slice(0, MOST_FOUND);
}
