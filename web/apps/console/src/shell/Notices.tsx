// The notices at the foot of the page: fetched after the first view, while any part may leave some for it.
export { Notifications } from "@mantine/notifications";
