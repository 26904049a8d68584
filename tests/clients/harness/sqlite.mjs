// What is in a SQLite file, read by another library than the server's.

import { execFileSync } from "node:child_process";

const script = `
import json, sqlite3, sys
database = sqlite3.connect("file:" + sys.argv[1] + "?mode=ro", uri=True)
names = [name for (name,) in database.execute("select name from sqlite_schema where type = 'table' order by name")]
rows = lambda name: sorted([[cell.hex() if isinstance(cell, bytes) else cell for cell in row] for row in database.execute(f'select * from "{name}"')], key=json.dumps)
print(json.dumps({name: rows(name) for name in names if not name.startswith(("ticket_search", "kb_search")) and name != "schema_migrations"}))
`;

/** Every table's rows, but for the search indexes and when which migration was applied. */
export function readSqlite(path) {
  const printed = execFileSync("python3", ["-c", script, path], { encoding: "utf8", maxBuffer: 1 << 30 });
  return JSON.parse(printed);
}

/** Carries out statements that no server of ours would. */
export function changeSqlite(path, statements) {
  const change = "import sqlite3, sys; database = sqlite3.connect(sys.argv[1]); database.executescript(sys.argv[2]); database.close()";
  execFileSync("python3", ["-c", change, path, statements]);
}
