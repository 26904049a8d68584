// The language model, and the one that finds passages by their meaning. Keys are written and never shown.
import { Button, Group, NumberInput, PasswordInput, Select, SimpleGrid, Stack, TextInput } from "@mantine/core";
import { useState } from "react";
import type { BotModel } from "../../backend/bot";
import { Panel } from "../Panel";
import styles from "./Bot.module.css";
import { NEW_EMBEDDING, NEW_MODEL, needsKeyAgain, PROVIDER_URLS } from "./bot-draft";
import { Optional } from "./Optional";
import type { PanelParts } from "./parts";

const PROVIDERS = [
  { value: "openai", label: "OpenAI, or alike" },
  { value: "anthropic", label: "Anthropic" },
];

export function ModelPanel({ draft, saved, set, errors }: PanelParts) {
  const model = draft.model;
  const change = (patch: Partial<BotModel>) => model && set({ model: { ...model, ...patch } });
  const choose = (provider: BotModel["provider"]) => {
    const isUsual = model && Object.values(PROVIDER_URLS).includes(model.url);
    change({ provider, ...(isUsual ? { url: PROVIDER_URLS[provider] } : {}) });
  };
  return (
    <Panel
      title="Language model"
      lead="For the bot's answers, where a model decides what is said, and for the helps that staff have while writing. What customers write is sent there."
      action={
        <Optional isOn={model !== null} onChange={(isOn) => set({ model: isOn ? NEW_MODEL : null })} what="model" />
      }
    >
      {model && (
        <Stack>
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <Select
              label="Kind"
              data={PROVIDERS}
              allowDeselect={false}
              value={model.provider}
              onChange={(provider) => provider && choose(provider as BotModel["provider"])}
              error={errors["model.provider"]}
            />
            <TextInput
              label="Model"
              placeholder="its name"
              value={model.name}
              onChange={(event) => change({ name: event.currentTarget.value })}
              error={errors["model.name"]}
            />
          </SimpleGrid>
          <TextInput
            label="Address"
            value={model.url}
            onChange={(event) => change({ url: event.currentTarget.value.trim() })}
            error={errors["model.url"]}
          />
          <SecretField
            key={String(saved.model?.has_api_key)}
            has={model.has_api_key ?? false}
            isForAnother={needsKeyAgain(saved.model, model.url)}
            value={model.api_key}
            onChange={(api_key) => change({ api_key })}
            error={errors["model.api_key"]}
          />
          <SimpleGrid cols={{ base: 1, xs: 3 }}>
            <Figure
              label="Longest answer, tokens"
              min={16}
              max={4096}
              value={model.max_tokens}
              onChange={(max_tokens) => change({ max_tokens: max_tokens ?? 700 })}
              error={errors["model.max_tokens"]}
            />
            <Figure
              label="Patience, seconds"
              min={2}
              max={25}
              value={model.deadline_seconds}
              onChange={(seconds) => change({ deadline_seconds: seconds ?? 20 })}
              error={errors["model.deadline_seconds"]}
            />
            <Figure
              label="Temperature"
              placeholder="the model's own"
              min={0}
              max={2}
              step={0.1}
              value={model.temperature}
              onChange={(temperature) => change({ temperature })}
              error={errors["model.temperature"]}
            />
          </SimpleGrid>
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <Figure
              label="Price of a million tokens read"
              description="0: not counted"
              min={0}
              max={10_000}
              step={0.1}
              value={model.input_price}
              onChange={(price) => change({ input_price: price ?? 0 })}
              error={errors["model.input_price"]}
            />
            <Figure
              label="Price of a million tokens written"
              description="In your money, as on the bill"
              min={0}
              max={10_000}
              step={0.1}
              value={model.output_price}
              onChange={(price) => change({ output_price: price ?? 0 })}
              error={errors["model.output_price"]}
            />
          </SimpleGrid>
        </Stack>
      )}
    </Panel>
  );
}

export function EmbeddingPanel({ draft, saved, set, errors }: PanelParts) {
  const embedding = draft.embedding;
  const change = (patch: Partial<typeof NEW_EMBEDDING>) => embedding && set({ embedding: { ...embedding, ...patch } });
  return (
    <Panel
      title="Search by meaning"
      lead="A model that finds passages in other words than the question's, beside the search by words."
      action={
        <Optional
          isOn={embedding !== null}
          onChange={(isOn) => set({ embedding: isOn ? NEW_EMBEDDING : null })}
          what="search by meaning"
        />
      }
    >
      {embedding && (
        <Stack>
          <TextInput
            label="Address"
            description="That speaks as OpenAI's does; or local, for the model that this server has"
            value={embedding.url}
            onChange={(event) => change({ url: event.currentTarget.value.trim() })}
            error={errors["embedding.url"]}
          />
          <TextInput
            label="Model"
            placeholder="its name"
            value={embedding.name}
            onChange={(event) => change({ name: event.currentTarget.value })}
            error={errors["embedding.name"]}
          />
          <SecretField
            key={String(saved.embedding?.has_api_key)}
            has={embedding.has_api_key ?? false}
            isForAnother={needsKeyAgain(saved.embedding, embedding.url)}
            value={embedding.api_key}
            onChange={(api_key) => change({ api_key })}
            error={errors["embedding.api_key"]}
          />
          <Figure
            label="Near enough to be an answer"
            description="0 to 1, as this model counts; empty: nearness alone answers nothing"
            placeholder="never"
            min={0}
            max={1}
            step={0.05}
            value={embedding.threshold}
            onChange={(threshold) => change({ threshold })}
            error={errors["embedding.threshold"]}
          />
        </Stack>
      )}
    </Panel>
  );
}

interface SecretProps {
  has: boolean;
  /** The kept key belongs to another address. */
  isForAnother: boolean;
  /** Undefined: the kept one stays; null: it is removed. */
  value: string | null | undefined;
  onChange: (value: string | null | undefined) => void;
  error: string | undefined;
}

function SecretField({ has, isForAnother, value, onChange, error }: SecretProps) {
  const [isNew, setIsNew] = useState(!has);
  if (!isNew && !isForAnother && value === undefined) {
    return (
      <Group>
        <span>An API key is kept, and never shown.</span>
        <Button variant="default" size="compact-sm" onClick={() => setIsNew(true)}>
          Replace it
        </Button>
        <Button variant="subtle" size="compact-sm" color="gray" onClick={() => onChange(null)}>
          Remove it
        </Button>
      </Group>
    );
  }
  if (value === null) {
    return (
      <Group>
        <span>The API key goes when you save.</span>
        <Button variant="subtle" size="compact-sm" color="gray" onClick={() => onChange(undefined)}>
          Keep it
        </Button>
      </Group>
    );
  }
  return (
    <Stack gap="xs">
      {isForAnother && <p className={styles.caution}>The key that is kept is for another address. Give it again.</p>}
      <PasswordInput
        label="API key"
        description={has ? "Empty: the one that is kept stays" : "Empty, where none is needed"}
        autoComplete="off"
        value={value ?? ""}
        onChange={(event) => onChange(event.currentTarget.value || undefined)}
        error={error}
      />
    </Stack>
  );
}

interface FigureProps {
  label: string;
  description?: string;
  placeholder?: string;
  min: number;
  max?: number;
  step?: number;
  value: number | null;
  onChange: (value: number | null) => void;
  error: string | undefined;
}

/** A number, or nothing. */
export function Figure({ value, onChange, max, ...rest }: FigureProps) {
  return (
    <NumberInput
      {...rest}
      {...(max === undefined ? {} : { max })}
      thousandSeparator=","
      value={value ?? ""}
      onChange={(next) => onChange(typeof next === "number" ? next : null)}
    />
  );
}
