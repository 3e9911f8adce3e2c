// npm openai: chat completions, the Responses API and embeddings.
import assert from "node:assert/strict";
import OpenAI from "openai";
import { zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";
import { apiKey, baseURL, bothCalled, parameters, pixel, question, refused, results, run, told, tools } from "./run.mjs";

const settings = { baseURL: `${baseURL}/v1`, apiKey, maxRetries: 0, timeout: 20_000 };
const client = new OpenAI(settings);
const hello = [{ role: "user", content: "Say hello." }];
const City = z.object({ city: z.string(), people: z.number().int() });
const chatTools = Object.entries(tools).map(([name, description]) => ({
  type: "function",
  function: { name, description, parameters },
}));
const responseTools = Object.entries(tools).map(([name, description]) => ({
  type: "function", name, description, parameters, strict: true,
}));

function called(message) {
  return message.tool_calls.map((c) => ({ id: c.id, name: c.function.name, args: JSON.parse(c.function.arguments) }));
}

async function secondTurn(t, messages, message) {
  bothCalled(called(message));
  const answered = message.tool_calls.map((c) => ({ role: "tool", tool_call_id: c.id, content: results[c.function.name] }));
  const answer = await client.chat.completions.create({
    model: t.chat, tools: chatTools, messages: [...messages, message, ...answered],
  });
  assert.equal(answer.choices[0].finish_reason, "stop");
  told(answer.choices[0].message.content);
}

await run({
  async models(t) {
    const page = await client.models.list();
    assert.ok(page.data.some((m) => m.id === t.chat), `no ${t.chat}`);
    assert.equal((await client.models.retrieve(t.chat)).id, t.chat);
  },
  async chat(t) {
    const answer = await client.chat.completions.create({ model: t.chat, messages: hello, temperature: 0.5, max_tokens: 200 });
    assert.ok(answer.choices[0].message.content.length > 0);
    assert.equal(answer.choices[0].finish_reason, "stop");
    assert.ok(answer.usage.prompt_tokens > 0 && answer.usage.completion_tokens > 0);
  },
  async "chat, streamed"(t) {
    const stream = client.chat.completions.stream({
      model: t.chat, messages: hello, stream_options: { include_usage: true },
    });
    let roles = 0;
    for await (const chunk of stream) if (chunk.choices[0]?.delta.role) roles++;
    const answer = await stream.finalChatCompletion();
    assert.equal(roles, 1);
    assert.equal(answer.choices[0].finish_reason, "stop");
    assert.ok(answer.choices[0].message.content.length > 0);
    assert.ok((await stream.totalUsage()).total_tokens > 0);
  },
  async "chat: tools, two at once, two turns"(t) {
    const messages = [{ role: "user", content: question }];
    const first = await client.chat.completions.create({ model: t.chat, tools: chatTools, messages });
    assert.equal(first.choices[0].finish_reason, "tool_calls");
    await secondTurn(t, messages, first.choices[0].message);
  },
  async "chat: tools, streamed"(t) {
    const messages = [{ role: "user", content: question }];
    const first = await client.chat.completions.stream({ model: t.chat, tools: chatTools, messages }).finalChatCompletion();
    assert.equal(first.choices[0].finish_reason, "tool_calls");
    await secondTurn(t, messages, first.choices[0].message);
  },
  async "chat: structured output"(t) {
    const answer = await client.chat.completions.parse({
      model: t.chat, messages: [{ role: "user", content: "Describe Oslo with its 700000 people." }],
      response_format: zodResponseFormat(City, "city"),
    });
    City.parse(answer.choices[0].message.parsed);
  },
  async "chat: picture as a data URI"(t) {
    const answer = await client.chat.completions.create({
      model: t.chat,
      messages: [{ role: "user", content: [
        { type: "text", text: "What is in the picture?" },
        { type: "image_url", image_url: { url: `data:image/png;base64,${pixel}` } },
      ] }],
    });
    assert.ok(answer.choices[0].message.content.length > 0);
  },
  async "embeddings, floats and base64"(t) {
    const input = ["a red apple", "a green apple"];
    const packed = await client.embeddings.create({ model: t.embed, input });
    const plain = await client.embeddings.create({ model: t.embed, input, encoding_format: "float" });
    assert.equal(packed.data.length, 2);
    assert.equal(packed.data[1].embedding.length, plain.data[1].embedding.length);
    assert.ok(Math.abs(packed.data[1].embedding[0] - plain.data[1].embedding[0]) < 1e-6);
    const short = await client.embeddings.create({ model: t.embed, input, dimensions: 256 });
    assert.equal(short.data[0].embedding.length, 256);
  },
  async responses(t) {
    const answer = await client.responses.create({ model: t.chat, input: "Say hello.", store: false });
    assert.equal(answer.status, "completed");
    assert.ok(answer.output_text.length > 0);
    assert.ok(answer.usage.output_tokens > 0);
  },
  async "responses, streamed"(t) {
    const stream = client.responses.stream({ model: t.chat, input: "Say hello.", store: false });
    let text = "";
    stream.on("response.output_text.delta", (e) => (text += e.delta));
    const answer = await stream.finalResponse();
    assert.equal(answer.status, "completed");
    assert.ok(text.length > 0);
    assert.equal(answer.output[0].content[0].text, text);
  },
  async "responses, continued by previous_response_id"(t) {
    const first = await client.responses.create({ model: t.chat, input: "The harbour gate opens at nine." });
    const second = await client.responses.create({
      model: t.chat, previous_response_id: first.id, input: "When does the harbour gate open?",
    });
    assert.equal(second.previous_response_id, first.id);
    assert.ok(second.usage.input_tokens > first.usage.input_tokens);
    assert.equal((await client.responses.retrieve(second.id)).output_text, second.output_text);
    await client.responses.delete(second.id);
  },
  async "responses: tools, two at once, two turns"(t) {
    const first = await client.responses.create({ model: t.chat, tools: responseTools, input: question });
    const calls = first.output.filter((item) => item.type === "function_call");
    bothCalled(calls.map((c) => ({ id: c.call_id, name: c.name, args: JSON.parse(c.arguments) })));
    const second = await client.responses.create({
      model: t.chat, tools: responseTools, previous_response_id: first.id,
      input: calls.map((c) => ({ type: "function_call_output", call_id: c.call_id, output: results[c.name] })),
    });
    told(second.output_text);
  },
  async "responses: structured output"(t) {
    const answer = await client.responses.parse({
      model: t.chat, input: "Describe Oslo with its 700000 people.", text: { format: zodTextFormat(City, "city") },
    });
    City.parse(answer.output_parsed);
  },
  async "errors are the client's own"(t) {
    const ask = (model, c = client, more = {}) => c.chat.completions.create({ model, messages: hello, ...more });
    await refused(ask(t.chat, new OpenAI({ ...settings, apiKey: "dck_nobody" })), OpenAI.AuthenticationError);
    await refused(ask("no-such-model"), OpenAI.NotFoundError, { code: "model_not_found" });
    await refused(ask(t.chat, client, { max_tokens: -1 }), OpenAI.BadRequestError, { param: "max_tokens" });
    await refused(ask(t.busy), OpenAI.RateLimitError);
    await refused(ask(t.busy, client, { stream: true }), OpenAI.RateLimitError);
    await refused(client.responses.create({ model: t.busy, input: "?" }), OpenAI.RateLimitError);
  },
  async "an error inside a stream"(t) {
    const chat = async () => {
      for await (const _ of await client.chat.completions.create({ model: t.breaks, messages: hello, stream: true }));
    };
    await refused(chat(), OpenAI.APIError);
    const response = async () => {
      for await (const _ of await client.responses.create({ model: t.breaks, input: "Hello.", stream: true }));
    };
    await refused(response(), OpenAI.APIError);
  },
});
