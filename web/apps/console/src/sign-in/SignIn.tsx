// Sign-in: user name and password, and the one-time code where the account asks for it.
import { Alert, Button, PasswordInput, PinInput, Stack, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { client } from "../backend/client";
import { hasCode, inWords } from "../backend/errors";
import { Entrance } from "./Entrance";

export function SignIn({ hasExpired }: { hasExpired: boolean }) {
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [totp, setTotp] = useState("");
  const [needsCode, setNeedsCode] = useState(false);
  const [tries, setTries] = useState(0);
  const [error, setError] = useState<string | null>(null);
  const [isBusy, setIsBusy] = useState(false);

  const submit = async (code: string) => {
    setIsBusy(true);
    setError(null);
    try {
      await client.session.login({ username: username.trim(), password, ...(needsCode ? { totp: code } : {}) });
    } catch (failure) {
      // The server does not tell whether a code was wrong or something else; at this step it was the code.
      const isAboutCode = needsCode && (hasCode(failure, "totp_required") || hasCode(failure, "invalid_credentials"));
      setTries(tries + 1);
      setTotp("");
      if (isAboutCode) setError("That code is not right. Codes change every 30 seconds; try the newest one.");
      else if (hasCode(failure, "totp_required")) setNeedsCode(true);
      else setError(inWords(failure));
    } finally {
      setIsBusy(false);
    }
  };

  const startOver = () => {
    setNeedsCode(false);
    setPassword("");
    setError(null);
  };

  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    void submit(totp);
  };

  return (
    <Entrance
      title={needsCode ? "One more step" : "Welcome back"}
      lead={
        needsCode
          ? "Enter the six digits that your authenticator app shows."
          : hasExpired
            ? "Your session has ended. Sign in again to go on where you were."
            : "Sign in to answer your customers."
      }
    >
      <form onSubmit={onSubmit} aria-label="Sign in">
        <Stack gap="md">
          {error && <Alert color="red" variant="light" role="alert" title={error} />}
          {needsCode ? (
            <PinInput
              key={tries}
              length={6}
              type="number"
              size="lg"
              oneTimeCode
              autoFocus
              value={totp}
              onChange={setTotp}
              onComplete={(code) => void submit(code)}
              error={error !== null}
              getInputProps={(index) => ({ "aria-label": `Digit ${index + 1} of 6` })}
            />
          ) : (
            <>
              <TextInput
                label="User name"
                name="username"
                autoComplete="username"
                autoCapitalize="none"
                size="md"
                required
                withAsterisk={false}
                autoFocus
                value={username}
                onChange={(event) => setUsername(event.currentTarget.value)}
              />
              <PasswordInput
                label="Password"
                name="password"
                autoComplete="current-password"
                size="md"
                required
                withAsterisk={false}
                value={password}
                onChange={(event) => setPassword(event.currentTarget.value)}
                visibilityToggleButtonProps={{ "aria-label": "Show the password", tabIndex: 0 }}
              />
            </>
          )}
          <Button type="submit" size="md" fullWidth loading={isBusy} disabled={needsCode && totp.length < 6}>
            Sign in
          </Button>
          {needsCode && (
            <Button variant="subtle" color="gray" onClick={startOver}>
              Use another account
            </Button>
          )}
        </Stack>
      </form>
    </Entrance>
  );
}
