// npm ai, the same features with each of the providers that it is given: the
// argument is chat, responses or messages.
import assert from "node:assert/strict";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { APICallError, embedMany, generateObject, generateText, stepCountIs, streamObject, streamText, tool } from "ai";
import { z } from "zod";
import { apiKey, baseURL, bothCalled, pixel, question, refused, results, run, told, tools } from "./run.mjs";

globalThis.AI_SDK_LOG_WARNINGS = false;
const shape = process.argv[2];
const openai = (key) => createOpenAI({ baseURL: `${baseURL}/v1`, apiKey: key });
const anthropic = (key) => createAnthropic({ baseURL: `${baseURL}/v1`, apiKey: key });
const makers = {
  chat: (name, key = apiKey) => openai(key).chat(name),
  responses: (name, key = apiKey) => openai(key).responses(name),
  messages: (name, key = apiKey) => anthropic(key)(name),
};
const model = makers[shape];
const City = z.object({ city: z.string(), people: z.number().int() });
const describe = "Describe Oslo with its 700000 people.";
const settings = { maxRetries: 0, maxOutputTokens: 2048 };
const offered = Object.fromEntries(Object.entries(tools).map(([name, description]) => [
  name, tool({ description, inputSchema: z.object({ city: z.string() }), execute: () => results[name] }),
]));

function twoSteps(steps) {
  assert.equal(steps.length, 2);
  bothCalled(steps[0].toolCalls.map((c) => ({ id: c.toolCallId, name: c.toolName, args: c.input })));
  assert.equal(steps[0].finishReason, "tool-calls");
  assert.equal(steps[1].finishReason, "stop");
  told(steps[1].text);
}

// streamed reads a stream to its end and throws the error that it tells.
async function streamed(options) {
  const stream = streamText({ ...settings, ...options, onError() {} });
  for await (const part of stream.fullStream) if (part.type === "error") throw part.error;
  return stream;
}

const features = {
  async generateText(t) {
    const answer = await generateText({ ...settings, model: model(t.chat), system: "You are polite.", prompt: "Say hello." });
    assert.ok(answer.text.length > 0);
    assert.equal(answer.finishReason, "stop");
    assert.ok(answer.usage.inputTokens > 0 && answer.usage.outputTokens > 0);
  },
  async streamText(t) {
    const stream = await streamed({ model: model(t.chat), prompt: "Say hello." });
    assert.ok((await stream.text).length > 0);
    assert.equal(await stream.finishReason, "stop");
    assert.ok((await stream.usage).outputTokens > 0);
  },
  async "tools in several steps"(t) {
    const answer = await generateText({
      ...settings, model: model(t.chat), prompt: question, tools: offered, stopWhen: stepCountIs(3),
    });
    twoSteps(answer.steps);
  },
  async "tools in several steps, streamed"(t) {
    const stream = await streamed({ model: model(t.chat), prompt: question, tools: offered, stopWhen: stepCountIs(3) });
    twoSteps(await stream.steps);
  },
  async generateObject(t) {
    const answer = await generateObject({ ...settings, model: model(t.chat), schema: City, prompt: describe });
    City.parse(answer.object);
  },
  async streamObject(t) {
    let met;
    const stream = streamObject({ ...settings, model: model(t.chat), schema: City, prompt: describe, onError: ({ error }) => (met = error) });
    for await (const _ of stream.partialObjectStream);
    if (met) throw met;
    City.parse(await stream.object);
  },
  async picture(t) {
    const answer = await generateText({
      ...settings, model: model(t.chat),
      messages: [{ role: "user", content: [
        { type: "text", text: "What is in the picture?" },
        { type: "image", image: pixel, mediaType: "image/png" },
      ] }],
    });
    assert.ok(answer.text.length > 0);
  },
  async "errors are the client's own"(t) {
    const ask = (name, key) => generateText({ ...settings, model: model(name, key), prompt: "Hello." });
    await refused(ask(t.chat, "dck_nobody"), APICallError, { statusCode: 401, isRetryable: false });
    await refused(ask("no-such-model"), APICallError, { statusCode: 404 });
    await refused(ask(t.busy), APICallError, { statusCode: 429, isRetryable: true });
    await refused(streamed({ model: model(t.busy), prompt: "Hello." }), APICallError, { statusCode: 429 });
  },
  async "an error inside a stream"(t) {
    let met;
    try {
      await streamed({ model: model(t.breaks), prompt: "Hello." });
    } catch (e) {
      met = e;
    }
    assert.ok(met, "the stream ended as if it were whole");
  },
};

if (shape === "chat") {
  features.embedMany = async (t) => {
    const { embeddings } = await embedMany({
      model: openai(apiKey).embedding(t.embed), values: ["a red apple", "a green apple"], maxRetries: 0,
    });
    assert.equal(embeddings.length, 2);
    assert.ok(embeddings[0].length > 0);
  };
}

await run(features);
