// Takes a report home.
import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconDownload } from "@tabler/icons-react";
import { useState } from "react";
import { inWords } from "../backend/errors";
import { downloadCsv } from "./queries";

interface Props {
  /** The report's name in its address. */
  name: string;
  /** What it is of, for whoever does not see where the button stands. */
  of: string;
  query: Record<string, string>;
}

export function CsvButton({ name, of, query }: Props) {
  const [isBusy, setBusy] = useState(false);
  const download = async () => {
    setBusy(true);
    try {
      await downloadCsv(name, query);
    } catch (error) {
      notifications.show({ title: "Not downloaded", message: inWords(error), color: "red", withBorder: true });
    }
    setBusy(false);
  };
  return (
    <Button
      variant="subtle"
      color="gray"
      size="compact-sm"
      loading={isBusy}
      leftSection={<IconDownload size={15} aria-hidden="true" />}
      aria-label={`Download ${of} as CSV`}
      onClick={() => void download()}
    >
      CSV
    </Button>
  );
}
