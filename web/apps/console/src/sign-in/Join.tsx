// Where an invite leads: the invited person makes their account. The invite stands after the `#`, so that it reaches no
// server's log.
import { Alert, Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useLocation } from "wouter";
import { client } from "../backend/client";
import { fieldErrors, inWords } from "../backend/errors";
import { Entrance } from "./Entrance";

export function Join() {
  const [, navigate] = useLocation();
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setIsBusy] = useState(false);
  const invite = decodeURIComponent(location.hash.slice(1));
  const wrong = fieldErrors(error);

  const onSubmit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name) ?? "").trim();
    setIsBusy(true);
    setError(null);
    try {
      const name = text("name");
      const password = String(form.get("password") ?? "");
      await client.session.register({ username: text("username"), password, invite, ...(name ? { name } : {}) });
      navigate("/", { replace: true });
    } catch (failure) {
      setError(failure);
    } finally {
      setIsBusy(false);
    }
  };

  if (!invite) {
    return (
      <Entrance title="No invite here" lead="Open the whole link that you were sent; the invite is at its end.">
        <Button size="md" variant="default" onClick={() => navigate("/")}>
          Go to sign-in
        </Button>
      </Entrance>
    );
  }
  return (
    <Entrance title="Join your team" lead="Choose how you will sign in. Customers see your name, not your user name.">
      <form onSubmit={(event) => void onSubmit(event)} aria-label="Join">
        <Stack gap="md">
          {error !== null && <Alert color="red" variant="light" role="alert" title={inWords(error)} />}
          <TextInput label="Your name" name="name" autoComplete="name" size="md" autoFocus error={wrong.name} />
          <TextInput
            label="User name"
            name="username"
            autoComplete="username"
            autoCapitalize="none"
            size="md"
            required
            withAsterisk={false}
            error={wrong.username}
          />
          <PasswordInput
            label="Password"
            description="At least 8 characters"
            name="password"
            autoComplete="new-password"
            size="md"
            minLength={8}
            required
            withAsterisk={false}
            error={wrong.password}
            visibilityToggleButtonProps={{ "aria-label": "Show the password", tabIndex: 0 }}
          />
          <Button type="submit" size="md" fullWidth loading={isBusy}>
            Create account
          </Button>
        </Stack>
      </form>
    </Entrance>
  );
}
