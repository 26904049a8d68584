// Something to copy: a link, a key. Shown whole, so that it can be read and selected as well.
import { Button, CopyButton } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import styles from "./Rows.module.css";

export function CopyField({ value, label }: { value: string; label: string }) {
  return (
    <div className={styles.secret}>
      <code>{value}</code>
      <Copy value={value} label={label} />
    </div>
  );
}

export function Copy({ value, label }: { value: string; label: string }) {
  return (
    <CopyButton value={value} timeout={2000}>
      {({ copied, copy }) => (
        <Button
          size="compact-sm"
          variant="default"
          leftSection={copied ? <IconCheck size={15} /> : <IconCopy size={15} />}
          onClick={copy}
          aria-label={copied ? "Copied" : label}
        >
          {copied ? "Copied" : "Copy"}
        </Button>
      )}
    </CopyButton>
  );
}
