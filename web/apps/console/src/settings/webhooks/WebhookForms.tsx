// The forms of a webhook: a new one, and one that is there.
import { Alert, Button, Checkbox, Group, Radio, SimpleGrid, Stack, Switch, TextInput } from "@mantine/core";
import { modals } from "@mantine/modals";
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import { type Saving, useSaving } from "../../parts/use-saving";
import { showSecret } from "./changes";
import { changeWebhook, createWebhook, type Webhook, type WebhookType } from "./queries";
import { TYPES } from "./words";

interface Draft {
  url: string;
  description: string;
  /** Null: everything. The wire has an empty list for it, which here is "none chosen yet". */
  types: WebhookType[] | null;
}

export function NewWebhookForm() {
  const [, navigate] = useLocation();
  const saving = useSaving();
  const [draft, setDraft] = useState<Draft>({ url: "", description: "", types: null });
  const save = () =>
    saving.run(async () => {
      const { secret, webhook_id } = await createWebhook({ ...draft, types: draft.types ?? [] });
      modals.closeAll();
      navigate(`/settings/webhooks/${webhook_id}`);
      showSecret(secret);
    });
  return <WebhookForm draft={draft} onChange={setDraft} saving={saving} onSave={save} label="Make the webhook" />;
}

export function EditWebhookForm({ webhook }: { webhook: Webhook }) {
  const { webhook_id, url, description, types, is_enabled } = webhook;
  const saving = useSaving();
  const [draft, setDraft] = useState<Draft>({ url, description, types: types.length === 0 ? null : types });
  const [isOn, setIsOn] = useState(is_enabled);
  const save = () =>
    saving.run(async () => {
      // What somebody else, or the server, has changed meanwhile is not undone by saving something else.
      const chosen = draft.types ?? [];
      await changeWebhook(webhook_id, {
        ...(draft.url === url ? {} : { url: draft.url }),
        ...(draft.description === description ? {} : { description: draft.description }),
        ...(String(chosen) === String(types) ? {} : { types: chosen }),
        ...(isOn === is_enabled ? {} : { is_enabled: isOn }),
      });
      modals.closeAll();
    });
  return (
    <WebhookForm draft={draft} onChange={setDraft} saving={saving} onSave={save} label="Save">
      <Switch
        label="Switched on"
        description="While it is off, nothing is noted down for it. What waits already goes on once it is on again."
        checked={isOn}
        onChange={(event) => setIsOn(event.currentTarget.checked)}
        error={saving.fields.is_enabled}
      />
    </WebhookForm>
  );
}

interface FormProps {
  draft: Draft;
  onChange: (draft: Draft) => void;
  saving: Saving;
  onSave: () => void;
  label: string;
  children?: ReactNode;
}

function WebhookForm({ draft, onChange, saving, onSave, label, children }: FormProps) {
  const { url, description, types } = draft;
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    // On a phone the field that is refused may be far above the button.
    if (!saving.isBusy) form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [saving.isBusy]);
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    onSave();
  };
  return (
    <form onSubmit={onSubmit} ref={form}>
      <Stack>
        {saving.error && <Alert color="red" variant="light" role="alert" title={saving.error} />}
        <TextInput
          label="Address"
          description="Of your server, with https:// or http://. The internet has to reach it"
          placeholder="https://shop.example/hooks"
          inputMode="url"
          required
          withAsterisk={false}
          data-autofocus
          value={url}
          onChange={(event) => onChange({ ...draft, url: event.currentTarget.value.trim() })}
          error={saving.fields.url}
        />
        <TextInput
          label="Description"
          description="For your colleagues. May stay empty"
          maxLength={200}
          value={description}
          onChange={(event) => onChange({ ...draft, description: event.currentTarget.value })}
          error={saving.fields.description}
        />
        <Types types={types} onChange={(chosen) => onChange({ ...draft, types: chosen })} error={saving.fields.types} />
        {children}
        <Group>
          <Button type="submit" loading={saving.isBusy} disabled={url === "" || types?.length === 0}>
            {label}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

interface TypesProps {
  types: WebhookType[] | null;
  onChange: (types: WebhookType[] | null) => void;
  error: string | undefined;
}

function Types({ types, onChange, error }: TypesProps) {
  return (
    <>
      <Radio.Group
        label="What it is told"
        value={types === null ? "everything" : "some"}
        onChange={(value) => onChange(value === "everything" ? null : [])}
        error={types === null && error}
      >
        <Stack gap="xs" mt="xs">
          <Radio
            value="everything"
            label="Everything but private notes"
            description="Also what later versions have to tell"
          />
          <Radio value="some" label="Only some things" />
        </Stack>
      </Radio.Group>
      {types && (
        <Checkbox.Group
          aria-label="Only these"
          value={types}
          onChange={(chosen) => onChange(chosen as WebhookType[])}
          error={error ?? (types.length === 0 && "Choose one at least.")}
          ml="xl"
        >
          <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm" verticalSpacing="xs" mb="xs">
            {TYPES.map(({ value, label }) => (
              <Checkbox key={value} value={value} label={label} description={value} />
            ))}
          </SimpleGrid>
        </Checkbox.Group>
      )}
    </>
  );
}
