/** What is needed once a conversation is under way: loaded in one piece, by `loadLive`. */
export { createLine } from "./line.js";
export { createReplay } from "./replay.js";
export { upload } from "./upload.js";
