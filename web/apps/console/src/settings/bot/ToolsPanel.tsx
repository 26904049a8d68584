// What the model may do beside writing.
import { ActionIcon, Button, Checkbox, Group, Select, Stack, TagsInput, TextInput } from "@mantine/core";
import { IconPlus, IconTrash, IconX } from "@tabler/icons-react";
import type { BotTool, HttpTool, ToolParameter } from "../../backend/bot";
import { Panel } from "../Panel";
import styles from "./Bot.module.css";
import { NEW_PARAMETER, NEW_TOOL } from "./bot-draft";
import type { PanelParts } from "./parts";

const TOOLS: { value: BotTool; label: string; description: string }[] = [
  { value: "look_up", label: "See the customer's other tickets", description: "Their own alone" },
  { value: "tag", label: "Tag the ticket", description: "So that it can be found" },
  { value: "priority", label: "Set the priority", description: "Of the ticket that it answers in" },
  { value: "close", label: "Close the ticket", description: "Once the customer has what they wanted" },
];
const MOST_HTTP_TOOLS = 8;
const MOST_PARAMETERS = 10;
const TYPES = [
  { value: "string", label: "Text" },
  { value: "integer", label: "Whole number" },
  { value: "number", label: "Number" },
  { value: "boolean", label: "Yes or no" },
];

export function ToolsPanel({ draft, set, errors }: PanelParts) {
  const own = draft.http_tools;
  const replace = (place: number, tool: HttpTool | null) =>
    set({ http_tools: own.flatMap((other, at) => (at !== place ? [other] : tool ? [tool] : [])) });
  return (
    <Panel title="What the model may do" lead="It may always hand over to a person.">
      <Stack>
        <Checkbox.Group
          aria-label="What the model may do"
          value={draft.tools}
          onChange={(tools) => set({ tools: tools as BotTool[] })}
          error={errors.tools}
        >
          <Stack gap="xs">
            {TOOLS.map((tool) => (
              <Checkbox key={tool.value} {...tool} />
            ))}
          </Stack>
        </Checkbox.Group>
        {own.map((tool, place) => (
          <OwnTool
            // biome-ignore lint/suspicious/noArrayIndexKey: a tool has no other name that stays while it is typed
            key={place}
            tool={tool}
            onChange={(next) => replace(place, next)}
            onRemove={() => replace(place, null)}
          />
        ))}
        {errors.http_tools && (
          <p className={styles.fault} role="alert">
            {errors.http_tools}
          </p>
        )}
        {own.length < MOST_HTTP_TOOLS && (
          <Group>
            <Button
              variant="default"
              leftSection={<IconPlus size={16} />}
              onClick={() => set({ http_tools: [...own, NEW_TOOL] })}
            >
              Add a tool of your own
            </Button>
          </Group>
        )}
      </Stack>
    </Panel>
  );
}

interface OwnToolProps {
  tool: HttpTool;
  onChange: (tool: HttpTool) => void;
  onRemove: () => void;
}

function OwnTool({ tool, onChange, onRemove }: OwnToolProps) {
  const { parameters = [] } = tool;
  const replace = (place: number, parameter: ToolParameter | null) => {
    const next = parameters.flatMap((other, at) => (at !== place ? [other] : parameter ? [parameter] : []));
    onChange({ ...tool, parameters: next });
  };
  return (
    <fieldset className={styles.tool}>
      <legend className="visually-hidden">{tool.name || "A new tool"}</legend>
      <Stack gap="sm">
        <Group align="flex-end" wrap="nowrap">
          <TextInput
            flex={1}
            label="Name"
            placeholder="order_status"
            maxLength={40}
            value={tool.name}
            onChange={(event) => onChange({ ...tool, name: asName(event.currentTarget.value) })}
          />
          <Button variant="subtle" color="gray" leftSection={<IconTrash size={16} />} onClick={onRemove}>
            Remove
          </Button>
        </Group>
        <TextInput
          label="What it is for"
          description="The model decides by this when to call it"
          maxLength={500}
          value={tool.description}
          onChange={(event) => onChange({ ...tool, description: event.currentTarget.value })}
        />
        <TextInput
          label="Address"
          description="Called by POST, with who the customer is, signed"
          placeholder="https://shop.example/tools/order-status"
          value={tool.url}
          onChange={(event) => onChange({ ...tool, url: event.currentTarget.value.trim() })}
        />
        {parameters.map((parameter, place) => (
          <Parameter
            // biome-ignore lint/suspicious/noArrayIndexKey: as of a tool
            key={place}
            parameter={parameter}
            onChange={(next) => replace(place, next)}
            onRemove={() => replace(place, null)}
          />
        ))}
        {parameters.length < MOST_PARAMETERS && (
          <Group>
            <Button
              variant="subtle"
              size="compact-sm"
              leftSection={<IconPlus size={15} />}
              onClick={() => onChange({ ...tool, parameters: [...parameters, NEW_PARAMETER] })}
            >
              Something that it takes
            </Button>
          </Group>
        )}
      </Stack>
    </fieldset>
  );
}

interface ParameterProps {
  parameter: ToolParameter;
  onChange: (parameter: ToolParameter) => void;
  onRemove: () => void;
}

function Parameter({ parameter, onChange, onRemove }: ParameterProps) {
  const set = (patch: Partial<ToolParameter>) => onChange({ ...parameter, ...patch });
  const choose = (type: string | null) =>
    type && set({ type: type as ToolParameter["type"], choices: type === "string" ? parameter.choices : null });
  return (
    <fieldset className={styles.parameter}>
      <legend className="visually-hidden">It takes {parameter.name || "something new"}</legend>
      <TextInput
        aria-label="Name of what it takes"
        placeholder="order_number"
        maxLength={40}
        value={parameter.name}
        onChange={(event) => set({ name: asName(event.currentTarget.value) })}
      />
      <Select aria-label="Kind" data={TYPES} allowDeselect={false} value={parameter.type} onChange={choose} />
      <TextInput
        aria-label="What it means"
        placeholder="What it means"
        maxLength={300}
        value={parameter.description ?? ""}
        onChange={(event) => set({ description: event.currentTarget.value })}
      />
      <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Remove it" onClick={onRemove}>
        <IconX size={16} />
      </ActionIcon>
      {parameter.type === "string" && (
        <TagsInput
          className={styles.choices ?? ""}
          aria-label="Only one of these"
          placeholder={parameter.choices ? "" : "Anything, or only one of these: Enter adds one"}
          maxTags={50}
          acceptValueOnBlur
          value={parameter.choices ?? []}
          onChange={(choices) => set({ choices: choices.length > 0 ? choices : null })}
        />
      )}
      <Checkbox
        className={styles.choices ?? ""}
        label="It has to be known before the call"
        checked={parameter.is_required ?? false}
        onChange={(event) => set({ is_required: event.currentTarget.checked })}
      />
    </fieldset>
  );
}

/** The server knows no others. */
function asName(text: string): string {
  return text
    .toLowerCase()
    .replace(/[\s-]+/gu, "_")
    .replace(/[^a-z0-9_]/gu, "");
}
