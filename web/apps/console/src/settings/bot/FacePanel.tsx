// Whether it answers, and as whom.
import { Autocomplete, Group, Stack, Switch, Textarea, TextInput } from "@mantine/core";
import { Face } from "../../parts/Face";
import { Panel } from "../Panel";
import type { PanelParts } from "./parts";

const LANGUAGES = ["en", "de", "es", "fr", "ar", "bn", "hi"];

export function FacePanel({ draft, set, errors }: PanelParts) {
  return (
    <Panel title="Who customers meet">
      <Stack>
        <Switch
          label="The bot answers first"
          description="Switched off, it is silent at once; what it had goes to people with the customer's next message"
          checked={draft.enabled}
          onChange={(event) => set({ enabled: event.currentTarget.checked })}
        />
        <Group align="flex-end" wrap="nowrap">
          <Face id="bot" name={draft.name} url={isWeb(draft.avatar_url) ? draft.avatar_url : null} size="lg" />
          <TextInput
            flex={1}
            label="Name"
            maxLength={200}
            value={draft.name}
            onChange={(event) => set({ name: event.currentTarget.value })}
            error={errors.name}
          />
        </Group>
        <TextInput
          label="Picture"
          placeholder="https://… (none: its initials)"
          value={draft.avatar_url ?? ""}
          onChange={(event) => set({ avatar_url: event.currentTarget.value.trim() || null })}
          error={errors.avatar_url}
        />
        <Textarea
          label="Greeting"
          description="Leave it empty, and the chat greets in its own words"
          autosize
          minRows={2}
          maxRows={6}
          maxLength={1000}
          value={draft.greeting}
          onChange={(event) => set({ greeting: event.currentTarget.value })}
          error={errors.greeting}
        />
        <Autocomplete
          label="Language"
          description="Spoken where the customer's own cannot be told"
          data={LANGUAGES}
          filter={({ options }) => options}
          value={draft.language}
          onChange={(language) => set({ language: language.trim() })}
          error={errors.language}
        />
      </Stack>
    </Panel>
  );
}

function isWeb(url: string | null): boolean {
  return url !== null && /^https?:\/\/./.test(url);
}
