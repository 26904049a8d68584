// What nobody is shown again: a key, a secret, a link.
import { Button, Group, Stack, Text } from "@mantine/core";
import { modals } from "@mantine/modals";
import { useEffect, useRef } from "react";
import { CopyField } from "./CopyField";

interface Once {
  title: string;
  /** What it is for, and where it goes. */
  words: string;
  value: string;
  /** Of the button that copies it. */
  label: string;
}

/** A slip would lose it: so neither Escape nor a click beside it closes it, but a button alone. */
export function showOnce(once: Once): void {
  modals.open({
    title: once.title,
    size: "lg",
    closeOnClickOutside: false,
    closeOnEscape: false,
    withCloseButton: false,
    children: <Shown {...once} />,
  });
}

function Shown({ words, value, label }: Once) {
  const box = useRef<HTMLDivElement>(null);
  // In place of a form it is in a dialog that is open already, which leads nobody to what is new in it. It is the button that
  // copies, so that one Enter too many does no harm.
  useEffect(() => box.current?.querySelector("button")?.focus(), []);
  return (
    <Stack ref={box}>
      <Text size="sm">It is shown only now. {words}</Text>
      <CopyField value={value} label={label} />
      <Group>
        <Button onClick={() => modals.closeAll()}>Done</Button>
      </Group>
    </Stack>
  );
}
