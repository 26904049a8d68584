// Beside the list while no ticket is open.

import { Keys } from "../parts/Keys";
import { Mark } from "../theme/Mark";
import styles from "./NothingOpen.module.css";

export function NothingOpen() {
  return (
    <div className={styles.nothing}>
      <Mark size={48} />
      <h2>Pick a conversation</h2>
      <p>
        Press <Keys keys={["j"]} /> to open the first one, <Keys keys={["?"]} /> to see what else the keyboard can do.
      </p>
    </div>
  );
}
