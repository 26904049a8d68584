// A score from 1 to 5, to see and to hear.
import { IconStarFilled } from "@tabler/icons-react";
import styles from "./Stars.module.css";

const PLACES = [1, 2, 3, 4, 5];

export function Stars({ score }: { score: number }) {
  return (
    <span className={styles.stars} role="img" aria-label={`${score} of 5`}>
      {PLACES.map((place) => (
        <IconStarFilled key={place} size={15} data-on={place <= score} aria-hidden="true" />
      ))}
    </span>
  );
}
