// Where an address leads nowhere, or not for this person.
import { Button } from "@mantine/core";
import { IconMapOff } from "@tabler/icons-react";
import { useLocation } from "wouter";
import styles from "./NoPage.module.css";

export function NoPage({ title, text }: { title: string; text: string }) {
  const [, navigate] = useLocation();
  return (
    <main className={styles.page}>
      <IconMapOff size={32} stroke={1.5} aria-hidden="true" />
      <h1>{title}</h1>
      <p>{text}</p>
      <Button variant="default" onClick={() => navigate("/inbox/mine")}>
        Go to the inbox
      </Button>
    </main>
  );
}
