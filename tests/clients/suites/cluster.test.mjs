// What breaks a node among others, behind nginx as it is shipped, in short. The long forms are trials of their own.

import { after, before, test } from "node:test";

import { startCluster, stopCluster } from "../harness/cluster.mjs";
import { killNode } from "../trials/node-killed.mjs";
import { restartInTurn } from "../trials/rolling.mjs";

let cluster;
before(async () => {
  const env = { SMILECHAT_BUS__HEARTBEAT_MS: "500", SMILECHAT_BUS__LEASE_MS: "3000", SMILECHAT_DATABASE__POOL_SIZE: "4" };
  cluster = await startCluster({ conf: "smilechat.conf", env });
});
after(() => cluster && stopCluster(cluster));

test("a node is killed with 200 sockets: all are back by the other and miss nothing, and presence is right", () => killNode(cluster));

test("a rolling restart under load by sockets and REST: nothing is lost, nothing fails that is repeated", () => restartInTurn(cluster));
