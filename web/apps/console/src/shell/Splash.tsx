// For the moment in which the browser looks up who is signed in.
import { Mark } from "../theme/Mark";
import styles from "./Splash.module.css";

export function Splash() {
  return (
    <div className={styles.splash} role="status" aria-label="Loading">
      <Mark size={44} />
    </div>
  );
}
