import { ActionIcon, Menu } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { useState } from "react";
import type { Priority, Ticket } from "../backend/types";
import { useShortcut } from "../browser/shortcuts";
import { PRIORITY_NAMES, PriorityMark } from "../parts/PriorityMark";
import { useSaveTicket } from "../tickets/use-save";

const PRIORITIES: Priority[] = ["high", "medium", "low"];

export function PriorityMenu({ ticket }: { ticket: Ticket }) {
  const save = useSaveTicket();
  const [isOpen, setIsOpen] = useState(false);
  useShortcut("priority", () => setIsOpen(true));
  return (
    <Menu opened={isOpen} onChange={setIsOpen} position="bottom-end" width={170}>
      <Menu.Target>
        <ActionIcon variant="default" size={30} aria-label={`Priority: ${PRIORITY_NAMES[ticket.priority]}`}>
          <PriorityMark priority={ticket.priority} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Priority</Menu.Label>
        {PRIORITIES.map((priority) => (
          <Menu.Item
            key={priority}
            leftSection={<PriorityMark priority={priority} />}
            rightSection={priority === ticket.priority && <IconCheck size={16} aria-label="chosen" />}
            onClick={() => priority !== ticket.priority && void save(ticket, { priority })}
          >
            {PRIORITY_NAMES[priority]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
