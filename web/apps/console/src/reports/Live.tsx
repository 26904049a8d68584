// How it is just now: what is open, who waits, who is there. Asked anew every few seconds.
import { Alert, Skeleton } from "@mantine/core";
import { useEffect, useState } from "react";
import { inWords } from "../backend/errors";
import type { LiveBoard } from "../backend/types";
import { STATUS_NAMES } from "../browser/own-status";
import { Face } from "../parts/Face";
import { CsvButton } from "./CsvButton";
import { useLiveBoard } from "./queries";
import styles from "./Reports.module.css";
import { count, duration } from "./words";

/** The server counts no further. */
const MOST = 10_000;

export function Live() {
  const { data, error } = useLiveBoard();
  return (
    <>
      {error && <Alert color="red" variant="light" role="alert" title={inWords(error)} />}
      {!data && !error && (
        <div className={styles.tiles} role="status" aria-label="Loading">
          {[1, 2, 3, 4, 5, 6].map((place) => (
            <Skeleton key={place} height={98} radius="lg" />
          ))}
        </div>
      )}
      {data && <Board board={data} />}
    </>
  );
}

function Board({ board }: { board: LiveBoard }) {
  const now = useServerTime(board.now);
  const waited = board.waiting_since ? Math.max(0, now - Date.parse(board.waiting_since)) / 1000 : null;
  const counted = (number: number) => (number >= MOST ? `${count(MOST)}+` : count(number));
  const tiles = [
    { name: "Open", value: counted(board.open), note: "not begun" },
    { name: "In progress", value: counted(board.in_progress), note: "somebody is at it" },
    { name: "Unassigned", value: counted(board.unassigned), note: "with nobody" },
    { name: "Waiting for a reply", value: counted(board.waiting), note: "assigned or not" },
    {
      name: "Longest wait",
      value: waited === null ? "–" : duration(waited),
      note: waited === null ? "nobody waits" : "for a reply",
    },
    { name: "Messages", value: count(board.recent_messages), note: "in five minutes" },
  ];
  const isHere = (status: string) => status !== "offline";
  const most = Math.max(1, ...board.staff.map(({ load }) => load));
  return (
    <>
      <dl className={styles.tiles} aria-label="Just now">
        {tiles.map(({ name, value, note }) => (
          <div key={name} className={styles.tile}>
            <dt>{name}</dt>
            <dd>
              <strong>{value}</strong>
              <span className={styles.note}>{note}</span>
            </dd>
          </div>
        ))}
      </dl>
      <section className={styles.panel} aria-label="Staff">
        <header className={styles.head}>
          <h2>
            Staff: {board.staff.filter(({ status }) => isHere(status)).length} of {board.staff.length} here
          </h2>
          <span className={styles.tools}>
            <CsvButton name="live" of="the staff" query={{}} />
          </span>
        </header>
        <div className={styles.scroll}>
          <table className={styles.table}>
            <caption className="visually-hidden">Staff, their status and their load</caption>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col" className={styles.wordy}>
                  Status
                </th>
                <th scope="col">Under way</th>
              </tr>
            </thead>
            <tbody>
              {board.staff.map(({ user_id, name, avatar_url, status, load }) => (
                <tr key={user_id} data-off={!isHere(status)}>
                  <th scope="row">
                    <span className={styles.who}>
                      <Face id={user_id} name={name} url={avatar_url} size="sm" status={status} />
                      {name}
                    </span>
                  </th>
                  <td className={styles.wordy}>{STATUS_NAMES[status]}</td>
                  <td>
                    <span className={styles.load}>
                      <svg className={styles.share} viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
                        <rect width="100" height="8" rx="2" />
                        <rect width={(load / most) * 100} height="8" rx="2" data-on="true" />
                      </svg>
                      {count(load)}
                    </span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
    </>
  );
}

/** The server's clock, going on by our own: a wait is counted by the second, whatever this machine's clock says. */
function useServerTime(told: string): number {
  const [offset, setOffset] = useState(() => Date.parse(told) - Date.now());
  const [now, setNow] = useState(Date.now());
  useEffect(() => setOffset(Date.parse(told) - Date.now()), [told]);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now + offset;
}
