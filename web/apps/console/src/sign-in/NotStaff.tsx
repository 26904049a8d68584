// Somebody who is signed in, but not as staff.
import { Button, Stack } from "@mantine/core";
import { useState } from "react";
import { client } from "../backend/client";
import { inWords } from "../backend/errors";
import type { User } from "../backend/types";
import { Entrance } from "./Entrance";

export function NotStaff({ user }: { user: User }) {
  const [error, setError] = useState<string | null>(null);
  const role = user.roles.find((other) => other !== "customer");
  const lead = role
    ? `You are signed in as ${user.name}, in the role of a customer.`
    : `${user.name} is a customer's account. The console is for support staff.`;
  return (
    <Entrance title="This is the staff's side" lead={error ?? lead}>
      <Stack>
        {role && (
          <Button
            size="md"
            onClick={() => client.session.switchRole(role).catch((failure) => setError(inWords(failure)))}
          >
            Go on as {role}
          </Button>
        )}
        <Button size="md" variant="default" onClick={() => void client.session.signOut()}>
          Sign in as somebody else
        </Button>
      </Stack>
    </Entrance>
  );
}
