// A model, as a real HTTP server that speaks OpenAI's chat completions, embeddings and Anthropic's messages, and does what a
// test tells it: `model.script = (body, answer) => …`.

import { createServer } from "node:http";
import { text } from "node:stream/consumers";

import { pause } from "./wait.mjs";

export async function startModel() {
  const model = { requests: [], script: undefined, closed: 0 };
  const server = createServer(async (request, response) => {
    const raw = await text(request);
    const body = JSON.parse(raw);
    model.requests.push({ path: request.url, headers: request.headers, body, raw });
    response.once("close", () => (model.closed += Number(!response.writableEnded)));
    await model.script(body, new Answer(response), request);
  });
  model.start = async (port) => {
    await new Promise((done) => server.listen(port, "127.0.0.1", done));
    model.port = server.address().port;
  };
  await model.start(0);
  model.host = `127.0.0.1:${model.port}`;
  model.url = `http://${model.host}/v1`;
  model.stop = async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  };
  return model;
}

class Answer {
  constructor(response) {
    this.response = response;
  }

  event(data) {
    if (!this.response.headersSent) this.response.writeHead(200, { "content-type": "text/event-stream" });
    return this.response.write(`data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`);
  }

  piece(content) {
    return this.event({ choices: [{ index: 0, delta: { content } }] });
  }

  /** The end of a whole answer. */
  end(reason = "stop") {
    this.event({ choices: [{ index: 0, delta: {}, finish_reason: reason }] });
    this.event({ choices: [], usage: { prompt_tokens: 100, completion_tokens: 20 } });
    this.event("[DONE]");
    this.response.end();
  }

  async say(content, { between = 0 } = {}) {
    for (const word of content.split(/(?<= )/)) {
      this.piece(word);
      if (between) await pause(between);
    }
    this.end();
  }

  /** Calls of tools, their arguments in two pieces as models send them. */
  call(...calls) {
    calls.forEach(([name, args], index) => {
      const whole = typeof args === "string" ? args : JSON.stringify(args);
      const half = Math.floor(whole.length / 2);
      const part = (fields) => this.event({ choices: [{ delta: { tool_calls: [{ index, ...fields }] } }] });
      part({ id: `call_${index}`, type: "function", function: { name, arguments: "" } });
      part({ function: { arguments: whole.slice(0, half) } });
      part({ function: { arguments: whole.slice(half) } });
    });
    this.end("tool_calls");
  }

  /** An answer that is not streamed. */
  json(value, status = 200, headers = {}) {
    this.response.writeHead(status, { "content-type": "application/json", ...headers });
    this.response.end(JSON.stringify(value));
  }

  breakOff() {
    this.response.destroy();
  }
}
