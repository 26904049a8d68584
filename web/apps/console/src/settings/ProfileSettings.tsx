import { Alert, Button, Group, Stack, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { client } from "../backend/client";
import { useMe } from "../backend/session";
import { Face } from "../parts/Face";
import { useSaving } from "../parts/use-saving";
import { Page, Panel } from "./Panel";

export function ProfileSettings() {
  const me = useMe();
  const saving = useSaving();
  const [name, setName] = useState(me.name);
  const [username, setUsername] = useState(me.username);
  const [email, setEmail] = useState(me.email ?? "");
  const [picture, setPicture] = useState(me.avatar_url ?? "");

  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    const patch = {
      ...(name !== me.name && { name }),
      ...(username !== me.username && { username }),
      ...(email !== (me.email ?? "") && { email: email || null }),
      ...(picture !== (me.avatar_url ?? "") && { avatar_url: picture || null }),
    };
    void saving.run(() => client.session.updateProfile(patch), "Your profile is saved.");
  };
  return (
    <Page title="Profile" lead="How customers and colleagues see you.">
      <Panel title="About you">
        <form onSubmit={onSubmit}>
          <Stack>
            {saving.error && <Alert color="red" variant="light" role="alert" title={saving.error} />}
            <Group wrap="nowrap">
              <Face id={me.id} name={name} url={picture || null} size="lg" />
              <TextInput
                flex={1}
                label="Name"
                description="Customers see it beside your answers"
                autoComplete="name"
                required
                withAsterisk={false}
                value={name}
                onChange={(event) => setName(event.currentTarget.value)}
                error={saving.fields.name}
              />
            </Group>
            <TextInput
              label="User name"
              description="What you sign in with"
              autoComplete="username"
              required
              withAsterisk={false}
              value={username}
              onChange={(event) => setUsername(event.currentTarget.value)}
              error={saving.fields.username}
            />
            <TextInput
              label="E-mail"
              type="email"
              autoComplete="email"
              value={email}
              onChange={(event) => setEmail(event.currentTarget.value)}
              error={saving.fields.email}
            />
            <TextInput
              label="Picture"
              description="The address of a square picture on the web (https)"
              type="url"
              placeholder="https://…"
              value={picture}
              onChange={(event) => setPicture(event.currentTarget.value)}
              error={saving.fields.avatar_url}
            />
            <Group>
              <Button type="submit" loading={saving.isBusy}>
                Save
              </Button>
            </Group>
          </Stack>
        </form>
      </Panel>
    </Page>
  );
}
