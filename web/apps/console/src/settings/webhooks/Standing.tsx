// Whether a webhook is told what happens, in a word.
import { Badge } from "../../parts/Badge";
import type { Webhook } from "./queries";
import { standingWords } from "./words";

export function Standing({ webhook }: { webhook: Webhook }) {
  const { label, tone } = standingWords(webhook);
  return <Badge tone={tone}>{label}</Badge>;
}
