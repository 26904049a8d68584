// Who works here, in which role, and who is invited.
import { ActionIcon, Alert, Badge, Menu, Select, Skeleton } from "@mantine/core";
import { modals } from "@mantine/modals";
import { notifications } from "@mantine/notifications";
import { IconDots } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { client } from "../backend/client";
import { inWords } from "../backend/errors";
import { queryClient } from "../backend/query-client";
import { useMe } from "../backend/session";
import type { Person, Role } from "../backend/types";
import { Face } from "../parts/Face";
import { sinceWhen } from "../parts/time";
import { allStaff, usePresence } from "../tickets/people";
import { Invites } from "./Invites";
import { Page, Panel } from "./Panel";
import styles from "./Rows.module.css";

export const ROLE_OPTIONS = [
  { value: "support", label: "Support" },
  { value: "admin", label: "Admin" },
];

export function PeopleSettings() {
  const { data, error } = useQuery({ queryKey: ["colleagues"], queryFn: ({ signal }) => allStaff(signal) });
  return (
    <Page title="People" lead="Support answers customers. Admins also change what is on these pages.">
      <Panel title="Your team">
        {error && <Alert color="red" variant="light" title={inWords(error)} />}
        {!data && !error && <Skeleton height={120} />}
        <ul className={styles.rows}>
          {data?.map((person) => (
            <Colleague key={person.id} person={person} />
          ))}
        </ul>
      </Panel>
      <Invites />
    </Page>
  );
}

function Colleague({ person }: { person: Person }) {
  const me = useMe();
  const presence = usePresence(person.id);
  const isMe = person.id === me.id;
  const role = person.roles.includes("admin") ? "admin" : "support";
  const seen = presence === "offline" ? `Last seen ${sinceWhen(person.last_active)}` : "Here now";
  return (
    <li className={styles.row} data-off={person.is_disabled}>
      <Face id={person.id} name={person.name} url={person.avatar_url} status={presence} />
      <div className={styles.text}>
        <strong>
          {person.name}
          {isMe && " (you)"}
          {person.is_disabled && (
            <Badge ml={8} size="sm" color="gray" variant="light">
              Disabled
            </Badge>
          )}
        </strong>
        <span>
          {person.username} · {seen}
        </span>
      </div>
      {isMe ? (
        <span className={styles.fixed}>{role === "admin" ? "Admin" : "Support"}</span>
      ) : (
        <Standing person={person} role={role} />
      )}
    </li>
  );
}

/** What an admin may change of somebody else. */
function Standing({ person, role }: { person: Person; role: Role }) {
  return (
    <>
      <Select
        w={112}
        size="xs"
        aria-label={`Role of ${person.name}`}
        data={ROLE_OPTIONS}
        value={role}
        allowDeselect={false}
        disabled={person.is_disabled}
        onChange={(value) => value && void change(person, { roles: rolesFor(person, value as Role) })}
      />
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={`More about ${person.name}`}>
            <IconDots size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {person.is_disabled ? (
            <Menu.Item onClick={() => void change(person, { is_disabled: false })}>Let them in again</Menu.Item>
          ) : (
            <Menu.Item color="red" onClick={() => askToDisable(person)}>
              Disable the account
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
    </>
  );
}

/** The first role is the one they sign in with; being a customer, too, stays as it was. */
function rolesFor(person: Person, role: Role): Role[] {
  const staff: Role[] = role === "admin" ? ["admin", "support"] : ["support"];
  return person.roles.includes("customer") ? [...staff, "customer"] : staff;
}

function askToDisable(person: Person): void {
  modals.openConfirmModal({
    title: `Disable ${person.name}'s account?`,
    children: "They are signed out everywhere at once and cannot sign in. Their open tickets go back to the others.",
    labels: { confirm: "Disable", cancel: "Cancel" },
    confirmProps: { color: "red" },
    onConfirm: () => void change(person, { is_disabled: true }),
  });
}

async function change(person: Person, body: { roles?: Role[]; is_disabled?: boolean }): Promise<void> {
  try {
    await client.request("PUT /api/users/{user_id}", { path: { user_id: person.id }, body });
  } catch (error) {
    notifications.show({ title: "Not saved", message: inWords(error), color: "red", withBorder: true });
  }
  void queryClient.invalidateQueries({ queryKey: ["colleagues"] });
  void queryClient.invalidateQueries({ queryKey: ["staff"] });
}
