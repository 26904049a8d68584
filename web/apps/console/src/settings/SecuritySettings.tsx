import { Alert, Button, Group, PasswordInput, Stack } from "@mantine/core";
import { modals } from "@mantine/modals";
import { type FormEvent, useState } from "react";
import { client } from "../backend/client";
import { useSaving } from "../parts/use-saving";
import { Page, Panel } from "./Panel";
import { TwoFactor } from "./TwoFactor";

export function SecuritySettings() {
  return (
    <Page title="Password and two-factor" lead="Your account opens every customer's conversation. Keep it yours.">
      <Password />
      <TwoFactor />
      <Sessions />
    </Page>
  );
}

function Password() {
  const saving = useSaving();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const onSubmit = async (event: FormEvent) => {
    event.preventDefault();
    const patch = { current_password: current, new_password: next };
    const isSaved = await saving.run(() => client.session.updateProfile(patch), "Your password is changed.");
    if (!isSaved) return;
    setCurrent("");
    setNext("");
  };
  return (
    <Panel title="Password" lead="A new one ends your sessions on other devices.">
      <form onSubmit={(event) => void onSubmit(event)}>
        <Stack>
          {saving.error && <Alert color="red" variant="light" role="alert" title={saving.error} />}
          <PasswordInput
            label="Current password"
            autoComplete="current-password"
            required
            withAsterisk={false}
            value={current}
            onChange={(event) => setCurrent(event.currentTarget.value)}
            error={saving.fields.current_password}
          />
          <PasswordInput
            label="New password"
            description="At least 8 characters; a sentence is better than a word"
            autoComplete="new-password"
            minLength={8}
            required
            withAsterisk={false}
            value={next}
            onChange={(event) => setNext(event.currentTarget.value)}
            error={saving.fields.new_password}
          />
          <Group>
            <Button type="submit" loading={saving.isBusy}>
              Change password
            </Button>
          </Group>
        </Stack>
      </form>
    </Panel>
  );
}

function Sessions() {
  const ask = () =>
    modals.openConfirmModal({
      title: "Sign out everywhere?",
      children: "All your sessions end at once, this one too.",
      labels: { confirm: "Sign out everywhere", cancel: "Cancel" },
      onConfirm: () => void client.session.signOut({ everywhere: true }),
    });
  return (
    <Panel
      title="Sessions"
      lead="Left a browser signed in somewhere? End every session of yours."
      action={
        <Button variant="default" onClick={ask}>
          Sign out everywhere
        </Button>
      }
    />
  );
}
