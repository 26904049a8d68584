/** What a client is made of, for the parts that use several of the others. */
import type { Connection } from "./connection.js";
import type { Http } from "./http.js";
import type { Outbox } from "./outbox.js";
import type { Environment } from "./platform.js";
import type { SessionKeeper } from "./session.js";

export interface Parts {
  environment: Environment;
  http: Http;
  session: SessionKeeper;
  connection: Connection;
  outbox: Outbox;
}
