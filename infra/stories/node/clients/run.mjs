// What every client's script has in common: it tries each feature on each target
// of DCODER_TARGETS and prints a line of JSON for each try, which the Go side
// reads: {"dialect", "feature", "why"}; no "why" means that it worked.
import assert from "node:assert/strict";

export const baseURL = process.env.DCODER_BASE_URL;
export const apiKey = process.env.DCODER_API_KEY;
const targets = JSON.parse(process.env.DCODER_TARGETS);

export async function run(features) {
  for (const target of targets) {
    for (const [feature, attempt] of Object.entries(features)) {
      let why;
      try {
        await attempt(target);
      } catch (e) {
        why = reason(e);
      }
      console.log(JSON.stringify({ dialect: target.dialect, feature, why }));
    }
  }
}

// reason says what a client met: the status and the error's code and parameter
// where the platform refused, else what was expected and was not so.
function reason(e) {
  const cause = e.lastError ?? e;
  const status = cause.status ?? cause.statusCode;
  if (!status) return `${e.message ?? e}`.split("\n").slice(0, 4).join(" | ").slice(0, 500);
  const said = body(cause);
  return [status, said.code ?? said.type, said.param, said.message ?? cause.message].filter(Boolean).join(" ");
}

function body(e) {
  if (e.responseBody) {
    try {
      const parsed = JSON.parse(e.responseBody);
      return parsed.error ?? parsed;
    } catch {
      return { message: e.responseBody };
    }
  }
  return e.error?.error ?? e.error ?? e;
}

// One pixel, PNG.
export const pixel =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";

export const question = "What is the weather and what is the time in Oslo?";

// tools are called both by the question: their names are words of it.
export const parameters = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};
export const tools = { get_weather: "Weather of a city", get_time: "Time in a city" };
export const results = { get_weather: "rain at 7 degrees", get_time: "a quarter past nine" };

// told holds that the model was given both results.
export function told(text) {
  for (const result of Object.values(results)) assert.ok(text.includes(result), `${result} is not in: ${text}`);
}

// bothCalled holds that each tool was called once, with arguments that fit.
export function bothCalled(calls) {
  assert.deepEqual(calls.map((c) => c.name).sort(), Object.keys(tools).sort());
  for (const c of calls) assert.equal(typeof c.args.city, "string");
  assert.equal(new Set(calls.map((c) => c.id)).size, 2, "the calls have ids of their own");
}

export async function refused(promise, type, more = {}) {
  let met;
  try {
    await promise;
  } catch (e) {
    met = e;
  }
  assert.ok(met, `nothing was refused: ${type.name} was expected`);
  assert.ok(met instanceof type, `${type.name} was expected, not ${met.constructor.name}: ${met.message}`);
  for (const [name, value] of Object.entries(more)) assert.equal(met[name], value, name);
  return met;
}
