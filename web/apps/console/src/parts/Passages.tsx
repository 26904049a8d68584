// From which passages of articles something was said, with how well each covers the question.
import { Link } from "wouter";
import styles from "./Passages.module.css";
import { scoreWords } from "./run-words";

interface Passage {
  slug: string;
  title: string;
  heading: string;
  score: number;
}

export function Passages({ passages }: { passages: readonly Passage[] }) {
  return (
    <ol className={styles.passages}>
      {passages.map(({ slug, title, heading, score }) => (
        <li key={`${slug} ${heading} ${score}`}>
          <Link to={`/knowledge/articles/${encodeURIComponent(slug)}`}>
            {title}
            {heading && ` › ${heading}`}
          </Link>
          <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
            <rect width="100" height="8" rx="2" />
            <rect width={Math.min(1, Math.max(0, score)) * 100} height="8" rx="2" data-on="true" />
          </svg>
          <span>
            <span className="visually-hidden">score </span>
            {scoreWords(score)}
          </span>
        </li>
      ))}
    </ol>
  );
}
