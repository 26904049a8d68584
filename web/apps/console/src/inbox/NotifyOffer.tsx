// Offers notifications once, in a line that can be answered either way. The browser's own question comes only after yes.
import { Button } from "@mantine/core";
import { IconBell } from "@tabler/icons-react";
import { askToNotify, canNotify } from "../browser/notices";
import { setPreferences, usePreferences } from "../browser/preferences";
import styles from "./NotifyOffer.module.css";

export function NotifyOffer() {
  const { wasAsked } = usePreferences();
  if (wasAsked || canNotify() || typeof Notification === "undefined" || Notification.permission === "denied")
    return null;
  const accept = async () => {
    const desktop = await askToNotify();
    setPreferences({ desktop, wasAsked: true });
  };
  return (
    <aside className={styles.offer} aria-label="Notifications">
      <IconBell size={18} aria-hidden="true" />
      <p>Shall we tell you when a customer writes and you are elsewhere?</p>
      <div>
        <Button size="compact-sm" onClick={() => void accept()}>
          Yes, please
        </Button>
        <Button size="compact-sm" variant="subtle" color="gray" onClick={() => setPreferences({ wasAsked: true })}>
          No, thanks
        </Button>
      </div>
    </aside>
  );
}
