/** What the package offers. */
export type * from "./api.js";
export { watchBrowser } from "./browser.js";
export { createClient } from "./client.js";
export { ApiError, type FieldError } from "./error.js";
export type * from "./events.js";
export type { Observable } from "./observable.js";
export type { Environment } from "./platform.js";
export type * from "./public.js";
export { type KeyValueStorage, localStorageOrMemory, memoryStorage, webStorage } from "./storage.js";
