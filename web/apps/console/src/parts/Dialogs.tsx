// What opens questions by `modals`: around the parts that ask any.
import { ModalsProvider } from "@mantine/modals";
import type { ReactNode } from "react";

export function Dialogs({ children }: { children: ReactNode }) {
  return <ModalsProvider labels={{ confirm: "Yes", cancel: "Cancel" }}>{children}</ModalsProvider>;
}
