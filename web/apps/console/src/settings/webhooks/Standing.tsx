// Whether a webhook is told what happens, in a word.
import { Badge } from "@mantine/core";
import type { Webhook } from "./queries";
import { standingWords } from "./words";

const COLORS = { on: "leaf", off: "gray", failing: "red" };

export function Standing({ webhook }: { webhook: Webhook }) {
  const { label, tone } = standingWords(webhook);
  return (
    <Badge size="sm" variant="light" color={COLORS[tone]}>
      {label}
    </Badge>
  );
}
