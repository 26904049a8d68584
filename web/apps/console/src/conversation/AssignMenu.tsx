// Who has the ticket, and giving it to somebody else.
import { Button, Menu } from "@mantine/core";
import { IconCheck, IconChevronDown, IconRobot, IconUserOff } from "@tabler/icons-react";
import { useState } from "react";
import { client } from "../backend/client";
import { useObservable } from "../backend/observe";
import { useMe } from "../backend/session";
import type { Person, Status, Ticket } from "../backend/types";
import { useShortcut } from "../browser/shortcuts";
import { Face } from "../parts/Face";
import { canGiveBack, giveBack } from "../tickets/give-back";
import { useStaff } from "../tickets/people";
import { useSaveTicket } from "../tickets/use-save";
import styles from "./AssignMenu.module.css";

export function AssignMenu({ ticket }: { ticket: Ticket }) {
  const me = useMe();
  const save = useSaveTicket();
  const [isOpen, setIsOpen] = useState(false);
  const staff = useStaff();
  const online = useObservable(client.online);
  const holder = staff.find((person) => person.id === ticket.support_id);
  const statusOf = (person: Person): Status => online.find((user) => user.user_id === person.id)?.status ?? "offline";
  const sorted = [...staff].sort((one, other) => rank(one, me.id, statusOf) - rank(other, me.id, statusOf));
  const isClosed = ticket.status === "closed";
  useShortcut("assign", () => !isClosed && setIsOpen(true));

  const give = (userId: string | null) => {
    if (userId === (ticket.support_id ?? null)) return;
    void save(
      ticket,
      userId && ticket.status === "open" ? { support_id: userId, status: "in_progress" } : { support_id: userId },
    );
  };
  return (
    <Menu opened={isOpen} onChange={setIsOpen} position="bottom-end" width={250}>
      <Menu.Target>
        <Button
          size="compact-md"
          variant="default"
          disabled={isClosed}
          rightSection={<IconChevronDown size={14} />}
          leftSection={holder && <Face id={holder.id} name={holder.name} url={holder.avatar_url} size="xs" />}
        >
          {holder && <span className="visually-hidden">Assigned to&nbsp;</span>}
          {holder ? (holder.id === me.id ? "You" : holder.name.split(" ")[0]) : "Assign"}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Assign to</Menu.Label>
        <div className={styles.people}>
          {sorted.map((person) => (
            <Menu.Item
              key={person.id}
              leftSection={
                <Face id={person.id} name={person.name} url={person.avatar_url} size="sm" status={statusOf(person)} />
              }
              rightSection={person.id === ticket.support_id && <IconCheck size={16} aria-label="has it" />}
              onClick={() => give(person.id)}
            >
              {person.id === me.id ? `${person.name} (you)` : person.name}
            </Menu.Item>
          ))}
        </div>
        {(ticket.support_id || canGiveBack(ticket)) && <Menu.Divider />}
        {ticket.support_id && (
          <Menu.Item leftSection={<IconUserOff size={16} />} onClick={() => give(null)}>
            Nobody: put it back
          </Menu.Item>
        )}
        {canGiveBack(ticket) && (
          <Menu.Item leftSection={<IconRobot size={16} />} onClick={() => void giveBack(ticket)}>
            The bot: give it back
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

/** Oneself first, then who is there. */
function rank(person: Person, meId: string, statusOf: (person: Person) => Status): number {
  if (person.id === meId) return 0;
  return 1 + ["online", "busy", "away", "offline"].indexOf(statusOf(person));
}
