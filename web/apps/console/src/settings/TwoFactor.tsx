// Two-factor sign-in: set up with an authenticator app, confirmed with its first code, turned off with the password.
import { Alert, Badge, Button, Code, Group, PasswordInput, PinInput, Stack, Text } from "@mantine/core";
import type { TotpOffer } from "@smilechat/client";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { client } from "../backend/client";
import { queryClient } from "../backend/query-client";
import { useSaving } from "../parts/use-saving";
import { Panel } from "./Panel";
import { QrCode } from "./QrCode";
import styles from "./TwoFactor.module.css";

export function TwoFactor() {
  const { data } = useQuery({
    queryKey: ["totp"],
    queryFn: ({ signal }) => client.request("GET /api/users/totp", { signal }),
  });
  const [offer, setOffer] = useState<TotpOffer | null>(null);
  const [isLeaving, setIsLeaving] = useState(false);
  const saving = useSaving();
  const finish = () => {
    setOffer(null);
    setIsLeaving(false);
    void queryClient.invalidateQueries({ queryKey: ["totp"] });
  };
  const begin = () => saving.run(async () => setOffer(await client.request("POST /api/users/totp/offer")));
  return (
    <Panel
      title="Two-factor sign-in"
      lead="Besides your password, a code from an app on your phone."
      action={
        data?.is_active ? (
          <Group gap="xs">
            <Badge variant="light">On</Badge>
            <Button variant="default" onClick={() => setIsLeaving(true)}>
              Turn off
            </Button>
          </Group>
        ) : (
          !offer && (
            <Button variant="default" loading={saving.isBusy} onClick={() => void begin()}>
              Set up
            </Button>
          )
        )
      }
    >
      {saving.error && <Alert color="red" variant="light" role="alert" title={saving.error} />}
      {offer && <Confirm offer={offer} onDone={finish} onCancel={() => setOffer(null)} />}
      {isLeaving && <TurnOff onDone={finish} onCancel={() => setIsLeaving(false)} />}
    </Panel>
  );
}

interface StepProps {
  onDone: () => void;
  onCancel: () => void;
}

function Confirm({ offer, onDone, onCancel }: StepProps & { offer: TotpOffer }) {
  const saving = useSaving();
  const [code, setCode] = useState("");
  const [password, setPassword] = useState("");
  const onSubmit = async (event: FormEvent) => {
    event.preventDefault();
    const body = { secret: offer.secret, code, current_password: password };
    const isOn = await saving.run(() => client.request("PUT /api/users/totp", { body }), "Two-factor sign-in is on.");
    if (isOn) onDone();
  };
  return (
    <form className={styles.setup} onSubmit={(event) => void onSubmit(event)}>
      <QrCode text={offer.otpauth_url} label="The secret as a QR code" />
      <Stack gap="sm">
        <Text size="sm">
          Scan this with your authenticator app, or type in the secret: <Code>{offer.secret}</Code>
        </Text>
        {saving.error && <Alert color="red" variant="light" role="alert" title={saving.error} />}
        <div>
          <Text size="sm" fw={500} mb={4} id="totp-code">
            The code that the app shows now
          </Text>
          <PinInput
            length={6}
            type="number"
            value={code}
            onChange={setCode}
            error={Boolean(saving.fields.code)}
            getInputProps={(index) => ({ "aria-label": `Digit ${index + 1} of 6` })}
          />
          {saving.fields.code && (
            <Text size="xs" c="var(--danger)" mt={4} role="alert">
              {saving.fields.code}
            </Text>
          )}
        </div>
        <PasswordInput
          label="Your password"
          autoComplete="current-password"
          required
          withAsterisk={false}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Group>
          <Button type="submit" loading={saving.isBusy} disabled={code.length < 6}>
            Turn on
          </Button>
          <Button variant="subtle" color="gray" onClick={onCancel}>
            Cancel
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function TurnOff({ onDone, onCancel }: StepProps) {
  const saving = useSaving();
  const [password, setPassword] = useState("");
  const onSubmit = async (event: FormEvent) => {
    event.preventDefault();
    const body = { current_password: password };
    const isOff = await saving.run(
      () => client.request("DELETE /api/users/totp", { body }),
      "Two-factor sign-in is off.",
    );
    if (isOff) onDone();
  };
  return (
    <form onSubmit={(event) => void onSubmit(event)}>
      <Stack gap="sm">
        {saving.error && <Alert color="red" variant="light" role="alert" title={saving.error} />}
        <PasswordInput
          label="Your password"
          autoComplete="current-password"
          required
          withAsterisk={false}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Group>
          <Button type="submit" color="red" loading={saving.isBusy}>
            Turn off
          </Button>
          <Button variant="subtle" color="gray" onClick={onCancel}>
            Keep it on
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
