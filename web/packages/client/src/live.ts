/** What is needed once a conversation is under way: loaded in one piece, by `loadLive`. */
export { createDelivery } from "./delivery.js";
export { createLine } from "./line.js";
export { createThread } from "./thread.js";
export { upload } from "./upload.js";
