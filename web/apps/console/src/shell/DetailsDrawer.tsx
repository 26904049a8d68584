// The customer and the ticket, where there is no room for them beside the conversation.
import { Drawer } from "@mantine/core";
import { DetailsPane } from "../details/DetailsPane";
import styles from "./Inbox.module.css";

interface Props {
  ticketId: string;
  isOpen: boolean;
  onClose: () => void;
}

export function DetailsDrawer({ ticketId, isOpen, onClose }: Props) {
  return (
    <Drawer
      opened={isOpen}
      onClose={onClose}
      position="right"
      size={340}
      title="Customer and ticket"
      classNames={{ body: styles.drawer ?? "" }}
    >
      <DetailsPane ticketId={ticketId} />
    </Drawer>
  );
}
