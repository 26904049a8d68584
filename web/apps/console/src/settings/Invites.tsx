// Invites: a link that lets one person join in one role.
import { ActionIcon, Alert, Button, Select, TextInput, Tooltip } from "@mantine/core";
import { IconMail, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { client } from "../backend/client";
import { queryClient } from "../backend/query-client";
import type { Invite, Role } from "../backend/types";
import { sinceWhen } from "../parts/time";
import { useSaving } from "../parts/use-saving";
import { Panel } from "./Panel";
import styles from "./Rows.module.css";
import { showOnce } from "./show-once";

export function Invites() {
  const { data } = useQuery({
    queryKey: ["invites"],
    queryFn: async ({ signal }) => (await client.request("GET /api/invites", { query: { limit: 100 }, signal })).data,
  });
  const saving = useSaving();
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("support");
  const pending = (data ?? []).filter((invite) => !invite.used_at && Date.parse(invite.expires_at) > Date.now());

  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    void saving.run(async () => {
      const body = { role, ...(email ? { email } : {}) };
      const { invite } = await client.request("POST /api/invites", { body });
      showLink(invite);
      setEmail("");
      await queryClient.invalidateQueries({ queryKey: ["invites"] });
    });
  };
  const withdraw = (invite: Invite) =>
    saving.run(async () => {
      await client.request("DELETE /api/invites/{invite_id}", { path: { invite_id: invite.invite_id } });
      await queryClient.invalidateQueries({ queryKey: ["invites"] });
    });

  return (
    <Panel title="Invites" lead="Each link lets one person make an account, within seven days.">
      {saving.error && <Alert color="red" variant="light" role="alert" mb="sm" title={saving.error} />}
      <form className={styles.form} onSubmit={onSubmit}>
        <TextInput
          flex="1 1 14rem"
          label="For whom"
          type="email"
          placeholder="An e-mail address, as a reminder"
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
          error={saving.fields.email}
        />
        <Select
          w={120}
          label="As"
          data={[
            { value: "support", label: "Support" },
            { value: "admin", label: "Admin" },
          ]}
          value={role}
          allowDeselect={false}
          onChange={(value) => setRole((value ?? "support") as Role)}
        />
        <Button type="submit" loading={saving.isBusy}>
          Make an invite
        </Button>
      </form>
      {pending.length === 0 ? (
        <p className={styles.empty}>Nobody is invited at the moment.</p>
      ) : (
        <ul className={styles.rows}>
          {pending.map((invite) => (
            <li key={invite.invite_id} className={styles.row}>
              <IconMail size={18} stroke={1.5} aria-hidden="true" />
              <div className={styles.text}>
                <strong>{invite.email ?? "Whoever has the link"}</strong>
                <span>
                  As {invite.role}, made {sinceWhen(invite.created_at)}
                </span>
              </div>
              <Tooltip label="Withdraw">
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  aria-label="Withdraw the invite"
                  onClick={() => void withdraw(invite)}
                >
                  <IconTrash size={17} />
                </ActionIcon>
              </Tooltip>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function showLink(invite: string): void {
  const link = `${location.origin}/app/join#${encodeURIComponent(invite)}`;
  showOnce({
    title: "Send this link",
    words: "Whoever has it can join, so send it to that one person alone.",
    value: link,
    label: "Copy the link",
  });
}
