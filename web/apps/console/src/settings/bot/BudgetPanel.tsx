// How much the model may take, before people answer.
import { SimpleGrid } from "@mantine/core";
import type { BotBudget } from "../../backend/bot";
import { Panel } from "../Panel";
import { Figure } from "./ModelPanel";
import type { PanelParts } from "./parts";

const FIELDS: { name: keyof BotBudget; label: string; step: number }[] = [
  { name: "tokens_per_day", label: "Tokens a day", step: 100_000 },
  { name: "tokens_per_visitor_per_day", label: "Tokens a day, for one visitor", step: 10_000 },
  { name: "turns_per_ticket", label: "Answers in one ticket", step: 1 },
  { name: "cost_per_day", label: "Money a day", step: 1 },
];

export function BudgetPanel({ draft, set, errors }: PanelParts) {
  const budget = draft.budget;
  return (
    <Panel
      title="What it may spend"
      lead="When it is used up, people get the tickets until the next day. Empty: no limit."
    >
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        {FIELDS.map(({ name, label, step }) => (
          <Figure
            key={name}
            label={label}
            placeholder="no limit"
            min={0}
            step={step}
            value={budget[name]}
            onChange={(value) => set({ budget: { ...budget, [name]: value } })}
            error={errors[`budget.${name}`]}
          />
        ))}
      </SimpleGrid>
    </Panel>
  );
}
