// What opens questions by `modals`: around the parts that ask any.
import { ModalsProvider, useModals } from "@mantine/modals";
import type { ReactNode } from "react";
import { useWayBack } from "./way-back";

export function Dialogs({ children }: { children: ReactNode }) {
  return (
    <ModalsProvider labels={{ confirm: "Yes", cancel: "Cancel" }}>
      <WayBack />
      {children}
    </ModalsProvider>
  );
}

function WayBack() {
  useWayBack(useModals().modals.length > 0);
  return null;
}
