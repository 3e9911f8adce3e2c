// npm @anthropic-ai/sdk: messages and counts of tokens.
import assert from "node:assert/strict";
import Anthropic from "@anthropic-ai/sdk";
import { apiKey, baseURL, bothCalled, parameters, pixel, question, refused, results, run, told, tools } from "./run.mjs";

const settings = { baseURL, apiKey, maxRetries: 0, timeout: 20_000 };
const client = new Anthropic(settings);
const hello = [{ role: "user", content: "Say hello." }];
const offered = Object.entries(tools).map(([name, description]) => ({ name, description, input_schema: parameters }));
const text = (message) => message.content.filter((b) => b.type === "text").map((b) => b.text).join("");

async function secondTurn(t, messages, message, more = {}) {
  assert.equal(message.stop_reason, "tool_use");
  const calls = message.content.filter((b) => b.type === "tool_use");
  bothCalled(calls.map((c) => ({ id: c.id, name: c.name, args: c.input })));
  const answered = calls.map((c) => ({ type: "tool_result", tool_use_id: c.id, content: results[c.name] }));
  const answer = await client.messages.create({
    model: t.chat, max_tokens: 2048, tools: offered, ...more,
    messages: [...messages, { role: "assistant", content: message.content }, { role: "user", content: answered }],
  });
  assert.equal(answer.stop_reason, "end_turn");
  told(text(answer));
}

await run({
  async models(t) {
    const page = await client.models.list();
    assert.ok(page.data.some((m) => m.id === t.chat), `no ${t.chat}`);
    assert.equal((await client.models.retrieve(t.chat)).id, t.chat);
  },
  async messages(t) {
    const answer = await client.messages.create({
      model: t.chat, max_tokens: 200, messages: hello, system: "You are polite.", temperature: 0.5,
    });
    assert.equal(answer.type, "message");
    assert.equal(answer.stop_reason, "end_turn");
    assert.ok(text(answer).length > 0);
    assert.ok(answer.usage.input_tokens > 0 && answer.usage.output_tokens > 0);
  },
  async "messages, streamed"(t) {
    const stream = client.messages.stream({ model: t.chat, max_tokens: 200, messages: hello });
    let heard = "";
    stream.on("text", (delta) => (heard += delta));
    const answer = await stream.finalMessage();
    assert.ok(heard.length > 0);
    assert.equal(text(answer), heard);
    assert.equal(answer.stop_reason, "end_turn");
    assert.ok(answer.usage.output_tokens > 0);
  },
  async "messages: tools, two at once, two turns"(t) {
    const messages = [{ role: "user", content: question }];
    await secondTurn(t, messages, await client.messages.create({ model: t.chat, max_tokens: 1024, tools: offered, messages }));
  },
  async "messages: tools, streamed"(t) {
    const messages = [{ role: "user", content: question }];
    const stream = client.messages.stream({ model: t.chat, max_tokens: 1024, tools: offered, messages });
    await secondTurn(t, messages, await stream.finalMessage());
  },
  async "messages: structured output"(t) {
    const schema = {
      type: "object", required: ["city", "people"], additionalProperties: false,
      properties: { city: { type: "string" }, people: { type: "integer" } },
    };
    const answer = await client.messages.create({
      model: t.chat, max_tokens: 1024, messages: [{ role: "user", content: "Describe Oslo with its 700000 people." }],
      output_config: { format: { type: "json_schema", schema } },
    });
    const city = JSON.parse(text(answer));
    assert.equal(typeof city.city, "string");
    assert.ok(Number.isInteger(city.people));
  },
  async "messages: picture"(t) {
    const answer = await client.messages.create({
      model: t.chat, max_tokens: 200,
      messages: [{ role: "user", content: [
        { type: "image", source: { type: "base64", media_type: "image/png", data: pixel } },
        { type: "text", text: "What is in the picture?" },
      ] }],
    });
    assert.ok(text(answer).length > 0);
  },
  async "messages: thinking, given back with tools"(t) {
    const messages = [{ role: "user", content: question }];
    const more = { thinking: { type: "enabled", budget_tokens: 1024 } };
    const stream = client.messages.stream({ model: t.think, max_tokens: 2048, tools: offered, messages, ...more });
    const first = await stream.finalMessage();
    await secondTurn({ ...t, chat: t.think }, messages, first, more);
  },
  async "messages: tokens counted"(t) {
    const count = await client.messages.countTokens({ model: t.chat, messages: hello, tools: offered });
    assert.ok(count.input_tokens > 0);
  },
  async "errors are the client's own"(t) {
    const ask = (model, c = client, more = {}) => c.messages.create({ model, max_tokens: 100, messages: hello, ...more });
    await refused(ask(t.chat, new Anthropic({ ...settings, apiKey: "dck_nobody" })), Anthropic.AuthenticationError);
    await refused(ask("no-such-model"), Anthropic.NotFoundError);
    await refused(ask(t.chat, client, { max_tokens: -1 }), Anthropic.BadRequestError);
    await refused(ask(t.busy), Anthropic.RateLimitError);
    const e = await refused(ask(t.busy, client, { stream: true }), Anthropic.RateLimitError);
    assert.equal(e.error.error.type, "rate_limit_error");
  },
  async "an error inside a stream"(t) {
    await refused(client.messages.stream({ model: t.breaks, max_tokens: 100, messages: hello }).finalMessage(), Anthropic.APIError);
  },
});
