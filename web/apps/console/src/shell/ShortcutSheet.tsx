// The sheet with all keyboard shortcuts.
import { Modal } from "@mantine/core";
import { SHORTCUTS } from "../browser/shortcuts";
import { Keys } from "../parts/Keys";
import { useWayBack } from "../parts/way-back";
import styles from "./ShortcutSheet.module.css";

const GROUPS = ["Tickets", "Conversation", "Go", "Help"] as const;

export function ShortcutSheet({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  useWayBack(isOpen);
  return (
    <Modal opened={isOpen} onClose={onClose} title="Keyboard shortcuts" size="lg">
      <div className={styles.groups}>
        {GROUPS.map((group) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {Object.values(SHORTCUTS)
                .filter((shortcut) => shortcut.group === group)
                .map(({ keys, label }) => (
                  <div key={label}>
                    <dt>{label}</dt>
                    <dd>
                      <Keys keys={keys} />
                    </dd>
                  </div>
                ))}
              {group === "Help" && (
                <div>
                  <dt>Search or jump to</dt>
                  <dd>
                    <Keys keys={["Ctrl / ⌘", "K"]} />
                  </dd>
                </div>
              )}
              {group === "Conversation" && (
                <div>
                  <dt>Leave the text field</dt>
                  <dd>
                    <Keys keys={["Esc"]} />
                  </dd>
                </div>
              )}
            </dl>
          </section>
        ))}
      </div>
    </Modal>
  );
}
