// Oneself: own status, the look, help, and the way out.
import { type MantineColorScheme, Menu, UnstyledButton, useMantineColorScheme } from "@mantine/core";
import {
  IconCheck,
  IconDeviceDesktop,
  IconKeyboard,
  IconLogout,
  IconMoon,
  IconSun,
  type TablerIcon,
} from "@tabler/icons-react";
import { client } from "../backend/client";
import { useObservable } from "../backend/observe";
import { useMe } from "../backend/session";
import type { Status } from "../backend/types";
import { useStanding } from "../backend/use-standing";
import { STATUS_NAMES, setOwnStatus, useOwnStatus } from "../browser/own-status";
import { Face, StatusDot } from "../parts/Face";
import styles from "./MeMenu.module.css";

const STATUSES = ["online", "away", "busy"] as const satisfies Status[];

const SCHEMES: { value: MantineColorScheme; label: string; icon: TablerIcon }[] = [
  { value: "light", label: "Light", icon: IconSun },
  { value: "dark", label: "Dark", icon: IconMoon },
  { value: "auto", label: "Like the system", icon: IconDeviceDesktop },
];

const STANDINGS = { live: "Live", catching_up: "Catching up", degraded: "Degraded", offline: "Offline" };

export function MeMenu({ onHelp }: { onHelp: () => void }) {
  const me = useMe();
  const chosen = useOwnStatus();
  const connection = useObservable(client.connection);
  const standing = useStanding();
  const status = connection === "offline" ? "offline" : chosen;
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Menu position="right-end" width={224}>
      <Menu.Target>
        <UnstyledButton className={styles.me}>
          <Face id={me.id} name={me.name} url={me.avatar_url} size="sm" status={status} />
          <span className={styles.text}>
            <span className={styles.name}>{me.name}</span>
            <span className={styles.status}>{STATUS_NAMES[status]}</span>
            <span className="visually-hidden">Your menu</span>
          </span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Your status</Menu.Label>
        {STATUSES.map((value) => (
          <Menu.Item
            key={value}
            leftSection={<StatusDot status={value} />}
            rightSection={value === chosen && <Chosen />}
            onClick={() => setOwnStatus(value)}
          >
            {STATUS_NAMES[value]}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Label>Connection</Menu.Label>
        <div className={styles.connection} data-standing={standing.state}>
          {STANDINGS[standing.state]}
        </div>
        <Menu.Divider />
        <Menu.Label>Look</Menu.Label>
        {SCHEMES.map(({ value, label, icon: Icon }) => (
          <Menu.Item
            key={value}
            leftSection={<Icon size={16} />}
            rightSection={value === colorScheme && <Chosen />}
            onClick={() => setColorScheme(value)}
          >
            {label}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<IconKeyboard size={16} />} onClick={onHelp}>
          Keyboard shortcuts
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void client.session.signOut()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function Chosen() {
  return <IconCheck size={16} aria-label="chosen" />;
}
