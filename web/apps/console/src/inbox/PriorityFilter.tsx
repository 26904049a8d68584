// Narrows the list to one priority.
import { ActionIcon, Menu } from "@mantine/core";
import { IconAdjustmentsHorizontal, IconCheck } from "@tabler/icons-react";
import type { Priority } from "../backend/types";
import { PRIORITY_NAMES, PriorityMark } from "../parts/PriorityMark";

const PRIORITIES: Priority[] = ["high", "medium", "low"];

interface Props {
  chosen: Priority | null;
  onChoose: (priority: Priority | null) => void;
}

export function PriorityFilter({ chosen, onChoose }: Props) {
  return (
    <Menu position="bottom-end" width={200}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label="Narrow the list" data-active={chosen !== null}>
          <IconAdjustmentsHorizontal size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Priority</Menu.Label>
        <Menu.Item
          rightSection={chosen === null && <IconCheck size={16} aria-label="chosen" />}
          onClick={() => onChoose(null)}
        >
          Any
        </Menu.Item>
        {PRIORITIES.map((priority) => (
          <Menu.Item
            key={priority}
            leftSection={<PriorityMark priority={priority} />}
            rightSection={chosen === priority && <IconCheck size={16} aria-label="chosen" />}
            onClick={() => onChoose(priority)}
          >
            {PRIORITY_NAMES[priority]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
