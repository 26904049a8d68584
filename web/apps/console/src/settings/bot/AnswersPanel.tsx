// Who decides what is said, and when an answer is good enough.
import { Input, Radio, Slider, Stack, Textarea, TextInput } from "@mantine/core";
import type { BotEngine } from "../../backend/bot";
import { Panel } from "../Panel";
import styles from "./Bot.module.css";
import type { PanelParts } from "./parts";

const ENGINES: { value: BotEngine; label: string; description: string }[] = [
  {
    value: "passages",
    label: "Your articles, word for word",
    description: "The passage that covers the question best",
  },
  {
    value: "model",
    label: "A language model, from your articles",
    description: "It reads the passages that were found, and puts the answer into its own words",
  },
  { value: "webhook", label: "A service of yours", description: "It is told each message, and says what to answer" },
];

const MARKS = [
  { value: 0.2, label: "says much" },
  { value: 0.43, label: "as it comes" },
  { value: 0.8, label: "says little" },
];

export function AnswersPanel({ draft, set, errors }: PanelParts) {
  return (
    <Panel title="How it answers">
      <Stack>
        <Radio.Group
          label="Who decides what is said"
          value={draft.engine}
          onChange={(engine) => set({ engine: engine as BotEngine })}
          error={errors.engine}
        >
          <Stack gap="xs" mt="xs">
            {ENGINES.map((engine) => (
              <Radio key={engine.value} {...engine} />
            ))}
          </Stack>
        </Radio.Group>
        {draft.engine === "model" && (
          <Textarea
            label="Instructions"
            description="Who you are and how to speak; at most 4,000 characters"
            placeholder="We roast coffee in Bristol. Be brief and warm, and never promise a date."
            autosize
            minRows={3}
            maxRows={14}
            maxLength={4000}
            value={draft.instructions}
            onChange={(event) => set({ instructions: event.currentTarget.value })}
            error={errors.instructions}
          />
        )}
        <Input.Wrapper
          label={`A passage is good enough from ${draft.threshold.toFixed(2)}`}
          labelElement="div"
          description="How much of a question it has to cover. Raise it if the bot says too much, lower it if it says too little"
          error={errors.threshold}
        >
          <Slider
            mt="sm"
            mb="xl"
            thumbLabel="How much of a question a passage has to cover"
            min={0.05}
            max={1}
            step={0.01}
            label={(value) => value.toFixed(2)}
            marks={MARKS}
            classNames={{ markLabel: styles.mark ?? "" }}
            value={draft.threshold}
            onChange={(threshold) => set({ threshold })}
          />
        </Input.Wrapper>
        <TextInput
          label="Address of an article"
          description="What an answer links to; {slug} stands for the article's own address"
          value={draft.article_url}
          onChange={(event) => set({ article_url: event.currentTarget.value.trim() })}
          error={errors.article_url}
        />
      </Stack>
    </Panel>
  );
}
