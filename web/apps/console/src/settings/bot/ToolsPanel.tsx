// What the model may do beside writing.
import { Button, Checkbox, Group, JsonInput, Stack, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import type { BotTool, HttpTool } from "../../backend/coming";
import { Panel } from "../Panel";
import styles from "./Bot.module.css";
import { NEW_TOOL } from "./bot-draft";
import type { PanelParts } from "./parts";

const TOOLS: { value: BotTool; label: string; description: string }[] = [
  { value: "look_up", label: "Search the articles again", description: "In other words than the customer's" },
  { value: "tag", label: "Tag its ticket", description: "So that it can be found" },
  { value: "priority", label: "Set the priority", description: "Of its ticket alone" },
  { value: "close", label: "Close its ticket", description: "Once the customer has what they wanted" },
];
const MOST_HTTP_TOOLS = 8;

export function ToolsPanel({ draft, set, errors }: PanelParts) {
  const own = draft.http_tools;
  const replace = (place: number, tool: HttpTool | null) =>
    own && set({ http_tools: own.flatMap((other, at) => (at !== place ? [other] : tool ? [tool] : [])) });
  return (
    <Panel title="What the model may do" lead="It may always hand over to a person.">
      <Stack>
        <Checkbox.Group
          aria-label="What the model may do"
          value={draft.tools ?? []}
          onChange={(tools) => set({ tools: tools as BotTool[] })}
          error={errors.tools}
        >
          <Stack gap="xs">
            {TOOLS.map((tool) => (
              <Checkbox key={tool.value} {...tool} />
            ))}
          </Stack>
        </Checkbox.Group>
        {own?.map((tool, place) => (
          <OwnTool
            // biome-ignore lint/suspicious/noArrayIndexKey: a tool has no other name that stays while it is typed
            key={place}
            tool={tool}
            errorOf={(field) => errors[`http_tools[${place}].${field}`]}
            onChange={(next) => replace(place, next)}
            onRemove={() => replace(place, null)}
          />
        ))}
        {own && own.length < MOST_HTTP_TOOLS && (
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
  errorOf: (field: string) => string | undefined;
  onChange: (tool: HttpTool) => void;
  onRemove: () => void;
}

function OwnTool({ tool, errorOf, onChange, onRemove }: OwnToolProps) {
  const [text, setText] = useState(() => JSON.stringify(tool.parameters, null, 2));
  const type = (next: string) => {
    setText(next);
    const parameters = parsed(next);
    if (parameters !== undefined) onChange({ ...tool, parameters });
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
            value={tool.name}
            onChange={(event) => onChange({ ...tool, name: event.currentTarget.value.trim() })}
            error={errorOf("name")}
          />
          <Button variant="subtle" color="gray" leftSection={<IconTrash size={16} />} onClick={onRemove}>
            Remove
          </Button>
        </Group>
        <TextInput
          label="What it is for"
          description="The model decides by this when to call it"
          value={tool.description}
          onChange={(event) => onChange({ ...tool, description: event.currentTarget.value })}
          error={errorOf("description")}
        />
        <TextInput
          label="Address"
          description="Called by POST, with who the visitor is, signed"
          placeholder="https://shop.example/tools/order-status"
          value={tool.url}
          onChange={(event) => onChange({ ...tool, url: event.currentTarget.value.trim() })}
          error={errorOf("url")}
        />
        <JsonInput
          label="What it takes"
          description="A JSON Schema of an object"
          autosize
          minRows={4}
          maxRows={16}
          formatOnBlur
          value={text}
          onChange={type}
          error={
            errorOf("parameters") ?? (parsed(text) === undefined ? "This is no JSON yet; it is not saved." : undefined)
          }
        />
      </Stack>
    </fieldset>
  );
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
