import { Alert, Button, Group, MultiSelect, SegmentedControl, Stack, TagsInput, TextInput } from "@mantine/core";
import { modals } from "@mantine/modals";
import { type FormEvent, useState } from "react";
import { client } from "../backend/client";
import { queryClient } from "../backend/query-client";
import type { ApiKey } from "../backend/types";
import { useSaving } from "../parts/use-saving";
import { showOnce } from "./show-once";
import { originOf, originsOf } from "./snippet";

type Scope = ApiKey["scopes"][number];

const SCOPES: { value: Scope; label: string }[] = [
  { value: "*", label: "Everything" },
  { value: "tickets:read", label: "Read tickets" },
  { value: "tickets:write", label: "Change tickets" },
  { value: "messages:read", label: "Read messages" },
  { value: "messages:write", label: "Send messages" },
  { value: "notes:read", label: "Read notes" },
  { value: "notes:write", label: "Write notes" },
  { value: "users:read", label: "Read people" },
  { value: "users:write", label: "Change people" },
  { value: "api_keys:write", label: "Manage keys" },
  { value: "settings:write", label: "Change settings" },
  { value: "webhooks:write", label: "Manage webhooks" },
  { value: "audit:read", label: "Read the audit log" },
];

export function NewKeyForm() {
  const saving = useSaving();
  const [kind, setKind] = useState<ApiKey["kind"]>("publishable");
  const [name, setName] = useState("");
  const [origins, setOrigins] = useState<string[]>([]);
  const [scopes, setScopes] = useState<Scope[]>([]);
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    const body = kind === "secret" ? { kind, name, scopes } : { kind, name, allowed_origins: origins };
    void saving.run(async () => {
      const { api_key } = await client.request("POST /api/api-keys", { body });
      void queryClient.invalidateQueries({ queryKey: ["api-keys"] });
      modals.closeAll();
      showKey(api_key);
    });
  };
  return (
    <form onSubmit={onSubmit}>
      <Stack>
        {saving.error && <Alert color="red" variant="light" role="alert" title={saving.error} />}
        <SegmentedControl
          aria-label="Kind"
          value={kind}
          onChange={(value) => setKind(value as ApiKey["kind"])}
          data={[
            { value: "publishable", label: "Publishable" },
            { value: "secret", label: "Secret" },
          ]}
        />
        <Name value={name} onChange={setName} error={saving.fields.name} />
        {kind === "secret" ? (
          <MultiSelect
            label="What it may do"
            data={SCOPES}
            value={scopes}
            onChange={setScopes}
            error={saving.fields.scopes}
            searchable
            required
            withAsterisk={false}
          />
        ) : (
          <Origins value={origins} onChange={setOrigins} error={saving.fields.allowed_origins} />
        )}
        <Group>
          <Button
            type="submit"
            loading={saving.isBusy}
            disabled={kind === "secret" ? scopes.length === 0 : strayIn(origins) !== undefined}
          >
            Make the key
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

export function EditKeyForm({ apiKey }: { apiKey: ApiKey }) {
  const saving = useSaving();
  const [name, setName] = useState(apiKey.name);
  const [origins, setOrigins] = useState(apiKey.allowed_origins);
  const isPublishable = apiKey.kind === "publishable";
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    void saving.run(async () => {
      const path = { api_key_id: apiKey.api_key_id };
      const body = isPublishable ? { name, allowed_origins: origins } : { name };
      await client.request("PUT /api/api-keys/{api_key_id}", { path, body });
      void queryClient.invalidateQueries({ queryKey: ["api-keys"] });
      modals.closeAll();
    });
  };
  return (
    <form onSubmit={onSubmit}>
      <Stack>
        {saving.error && <Alert color="red" variant="light" role="alert" title={saving.error} />}
        <Name value={name} onChange={setName} error={saving.fields.name} />
        {isPublishable && <Origins value={origins} onChange={setOrigins} error={saving.fields.allowed_origins} />}
        <Group>
          <Button type="submit" loading={saving.isBusy} disabled={strayIn(origins) !== undefined}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

interface FieldProps<T> {
  value: T;
  onChange: (value: T) => void;
  error: string | undefined;
}

function Name({ value, onChange, error }: FieldProps<string>) {
  return (
    <TextInput
      label="Name"
      placeholder="Where it is used"
      required
      withAsterisk={false}
      data-autofocus
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      error={error}
    />
  );
}

function Origins({ value, onChange, error }: FieldProps<string[]>) {
  const stray = strayIn(value);
  return (
    <TagsInput
      label="Sites that may use it"
      description="Like shop.example; it works there at once. None: every site that is let in otherwise"
      placeholder={value.length === 0 ? "shop.example" : ""}
      acceptValueOnBlur
      splitChars={[",", " "]}
      value={value}
      onChange={(typed) => onChange(originsOf(typed))}
      error={stray === undefined ? error : `${stray} is no address of a site. Type one like https://shop.example`}
    />
  );
}

/** The first that is no site. */
function strayIn(origins: string[]): string | undefined {
  return origins.find((origin) => originOf(origin) === null);
}

function showKey(key: string): void {
  showOnce({
    title: "Your new key",
    words: "Copy it to where it is used.",
    value: key,
    label: "Copy the key",
  });
}
