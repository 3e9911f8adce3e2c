// Drives a running platform with the official npm client, as a developer would.
// Reads DCODER_BASE_URL and DCODER_API_KEY; prints one line a story and
// "N passed, M failed"; the exit code is 0 only when all passed.
import assert from "node:assert/strict";
import OpenAI from "openai";

const baseURL = `${process.env.DCODER_BASE_URL}/v1`;
const apiKey = process.env.DCODER_API_KEY;
const model = process.env.DCODER_MODEL ?? "gpt-4o-mini";
const embedder = process.env.DCODER_EMBEDDER ?? "text-embedding-3-small";
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0, timeout: 20_000 });
const ask = [{ role: "user", content: "Say hello." }];
const weather = {
  type: "function",
  function: {
    name: "get_weather",
    description: "Weather of a city",
    parameters: {
      type: "object",
      properties: { city: { type: "string" } },
      required: ["city"],
    },
  },
};

async function collect(stream) {
  const out = { text: "", finish: null, usage: null, roles: 0, calls: [] };
  for await (const chunk of stream) {
    if (chunk.usage) out.usage = chunk.usage;
    const choice = chunk.choices?.[0];
    if (!choice) continue;
    if (choice.delta.role) out.roles++;
    out.text += choice.delta.content ?? "";
    for (const call of choice.delta.tool_calls ?? []) {
      const at = (out.calls[call.index] ??= { name: "", arguments: "" });
      at.name += call.function?.name ?? "";
      at.arguments += call.function?.arguments ?? "";
    }
    out.finish = choice.finish_reason ?? out.finish;
  }
  return out;
}

const stories = {
  async "models lists what the key may use"() {
    const page = await client.models.list();
    assert.ok(page.data.some((m) => m.id === model), `no ${model}`);
    assert.equal((await client.models.retrieve(model)).id, model);
  },
  async "chat answers with usage"() {
    const answer = await client.chat.completions.create({ model, messages: ask });
    assert.ok(answer.choices[0].message.content.length > 0);
    assert.equal(answer.choices[0].finish_reason, "stop");
    assert.ok(answer.usage.prompt_tokens > 0 && answer.usage.completion_tokens > 0);
  },
  async "a stream ends once and tells usage when asked"() {
    const got = await collect(
      await client.chat.completions.create({
        model, messages: ask, stream: true, stream_options: { include_usage: true },
      }),
    );
    assert.ok(got.text.length > 0);
    assert.equal(got.roles, 1);
    assert.equal(got.finish, "stop");
    assert.ok(got.usage.total_tokens > 0);
  },
  async "a stream does not tell usage unasked"() {
    const got = await collect(
      await client.chat.completions.create({ model, messages: ask, stream: true }),
    );
    assert.ok(got.text.length > 0);
    assert.equal(got.usage, null);
  },
  async "tools pass through, streamed and not"() {
    const body = {
      model, tools: [weather], tool_choice: "required",
      messages: [{ role: "user", content: "What is the weather in Oslo?" }],
    };
    const answer = await client.chat.completions.create(body);
    const call = answer.choices[0].message.tool_calls[0];
    assert.equal(call.function.name, "get_weather");
    assert.ok("city" in JSON.parse(call.function.arguments));
    assert.equal(answer.choices[0].finish_reason, "tool_calls");
    const got = await collect(await client.chat.completions.create({ ...body, stream: true }));
    assert.equal(got.calls[0].name, "get_weather");
    assert.ok("city" in JSON.parse(got.calls[0].arguments));
    assert.equal(got.finish, "tool_calls");
  },
  async "embeddings, base64 under the hood and floats"() {
    const input = ["a red apple", "a green apple"];
    const packed = await client.embeddings.create({ model: embedder, input });
    const plain = await client.embeddings.create({ model: embedder, input, encoding_format: "float" });
    assert.equal(packed.data.length, 2);
    assert.equal(packed.data[0].embedding.length, plain.data[0].embedding.length);
    assert.ok(Math.abs(packed.data[0].embedding[0] - plain.data[0].embedding[0]) < 1e-6);
  },
  async "a wrong key is an AuthenticationError"() {
    const stranger = new OpenAI({ baseURL, apiKey: "dck_nobody", maxRetries: 0 });
    await assert.rejects(stranger.models.list(), OpenAI.AuthenticationError);
  },
  async "an unknown model is a NotFoundError that names it"() {
    await assert.rejects(
      client.chat.completions.create({ model: "no-such-model", messages: ask }),
      (e) => e instanceof OpenAI.NotFoundError && e.message.includes("no-such-model"),
    );
  },
  async "a bad parameter is a BadRequestError that names it"() {
    await assert.rejects(
      client.chat.completions.create({ model, messages: ask, max_tokens: -1 }),
      (e) => e instanceof OpenAI.BadRequestError && e.param === "max_tokens",
    );
  },
};

let passed = 0;
let failed = 0;
for (const [name, story] of Object.entries(stories)) {
  try {
    await story();
    passed++;
    console.log(`ok   ${name}`);
  } catch (e) {
    failed++;
    console.log(`FAIL ${name}: ${e.stack ?? e}`);
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
