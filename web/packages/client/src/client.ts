/** Makes the client out of its parts. */
import type { Client, ClientOptions } from "./public.js";

export declare function createClient(options: ClientOptions): Client;
