import assert from "node:assert/strict";
import { test } from "node:test";
import { Host } from "./host.mjs";

const NAMES = ["was1", "was2", "was3"];
const CONFIG = { paths: ["/reports/", "/caf\u00e9/\ud83d\ude00/"], busy: 10, retry_after: 30 };

function configured(config = CONFIG) {
  const host = new Host(NAMES);
  assert.equal(host.configure(config), null);
  return host;
}

test("what can wait is turned away when all members are busy", () => {
  const host = configured();
  assert.deepEqual(host.choose("/reports/may", [10, 11, 12]), { reject: 503 });
  assert.equal(host.retryAfter, 30);
  assert.equal(host.label, "shed");
  assert.equal(host.counters.get(0), 1n);
  assert.deepEqual(host.choose("/caf\u00e9/\ud83d\ude00/", [10, 10, 10]), { reject: 503 });
});

test("one member with room is enough", () => {
  const host = configured();
  assert.equal(host.choose("/reports/may", [10, 9, 12]), "builtin");
  assert.equal(host.counters.size, 0);
});

test("other paths are not concerned", () => {
  const host = configured();
  assert.equal(host.choose("/shop", [99, 99, 99]), "builtin");
  assert.deepEqual(host.calls, ["sources.look-up"]);
});

test("of a session its own member counts", () => {
  const host = configured();
  assert.equal(host.choose("/reports/may", [99, 9, 99], 1), "builtin");
  assert.deepEqual(host.choose("/reports/may", [0, 10, 0], 1), { reject: 503 });
});

test("decisions take no memory", () => {
  const host = configured();
  const before = host.exports.memory.buffer.byteLength;
  for (let i = 0; i < 200_000; i++) host.choose("/reports/may", [10, 11, 12]);
  assert.equal(host.exports.memory.buffer.byteLength, before);
});

test("configuration errors say what to write", () => {
  const table = [
    [{}, 'paths: write at least one, for instance paths = ["/reports/"]'],
    [[], 'write paths = ["/path/"] and busy = NUMBER'],
    [{ paths: ["/"] }, "busy: write the number of requests in flight, from 1 on"],
    [{ paths: "/" }, "paths: write a list of texts"],
    [{ paths: [1] }, "paths: write a text"],
    [{ paths: [], busy: -1 }, "busy: write a whole number"],
    [{ paths: [], busy: 1.5 }, "busy: write a whole number"],
    [{ paths: [], busy: 4294967296 }, "busy: write a whole number"],
    [{ path: [] }, 'unknown key "path"; there are paths, busy and retry_after'],
  ];
  for (const [config, expected] of table) {
    assert.equal(new Host(NAMES).configure(config), expected, JSON.stringify(config));
  }
});

test("texts of the configuration arrive as they were written", () => {
  const odd = 'q"b\\s/n\nt\tu\u0001';
  const host = configured({ paths: [odd], busy: 1 });
  assert.deepEqual(host.tables[0].texts, [odd]);
});
