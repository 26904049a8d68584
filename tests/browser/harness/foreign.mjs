// Somebody else's site: another origin, with a policy and style sheets of its own.

import { randomBytes } from "node:crypto";
import { createServer } from "node:http";

/** The strictest policy that the widget's README promises to bear, and more. */
function policy(api, nonce) {
  const socket = api.replace("http", "ws");
  return (
    `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; connect-src ${api} ${socket}; ` +
    "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
  );
}

/** Serves `/` as it is, and `/hostile` with the style sheet given. The server's address is known only later. */
export async function startForeignSite(hostileStyle) {
  const site = { api: "", key: "" };
  const listener = createServer((request, response) => {
    if (!/^\/(hostile)?$/.test(request.url)) return response.writeHead(204).end();
    const nonce = randomBytes(12).toString("base64");
    const style = request.url === "/hostile" ? hostileStyle : "";
    response.writeHead(200, {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy(site.api, nonce),
    });
    response.end(page(site, nonce, style));
  });
  await new Promise((done) => listener.listen(0, "127.0.0.1", done));
  site.url = `http://127.0.0.1:${listener.address().port}`;
  site.close = () => {
    listener.close();
    listener.closeAllConnections();
  };
  return site;
}

function page({ api, key }, nonce, style) {
  const config = JSON.stringify({ apiKey: key, theme: { primaryColor: "#0b5cad" } });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Somebody else's site</title>
<style nonce="${nonce}">${style}</style>
</head>
<body>
<h1>Somebody else's site</h1>
<script nonce="${nonce}">
  window.SmileChatConfig = ${config};
  window.globalsBefore = Object.keys(window);
</script>
<script nonce="${nonce}" src="${api}/widget.js" async></script>
</body>
</html>`;
}
