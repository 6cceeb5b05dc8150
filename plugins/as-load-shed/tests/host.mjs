// A host for one policy in this process: the imports of the contract, as httpd would answer them.
import { readFile } from "node:fs/promises";

const module = await WebAssembly.compile(await readFile(process.env.MODULE));
const VERSION = "0.1.0";
const utf8 = new TextEncoder();

/** A fault: what the policy gave to `system.fail`. */
export class Fault extends Error {}

/** An instance of the policy for members of these names. */
export class Host {
  calls = [];
  counters = new Map();
  tables = [];
  path = "/";
  /** Requests in flight of each member; all are candidates. */
  busy = [];

  constructor(names) {
    this.names = names;
    this.instance = new WebAssembly.Instance(module, this.imports());
    this.exports = this.instance.exports;
    this.exports._initialize();
  }

  /** Null, or the error. */
  configure(config) {
    const list = this.take(28 * this.names.length);
    this.names.forEach((name, i) => {
      this.writeText(list + 28 * i, name);
      this.writeText(list + 28 * i + 8, `route of ${name}`);
      this.view().setUint8(list + 28 * i + 16, 0);
    });
    const [balancer, method, text] = ["lb", "Request", JSON.stringify(config)].map((one) => this.text(one));
    const configure = this.exports[`rjk:policy/router@${VERSION}#configure`];
    const answer = configure(...balancer, ...method, 1, 0, list, this.names.length, ...text);
    return this.view().getUint8(answer) ? this.readText(answer + 4) : null;
  }

  /** "builtin", { worker } or { reject }, and the notes that go along. */
  choose(path, busy, sticky) {
    Object.assign(this, { path, busy, calls: [] });
    const choose = this.exports[`rjk:policy/router@${VERSION}#choose`];
    const answer = choose(sticky === undefined ? 0 : 1, sticky ?? 0);
    const kind = ["builtin", "worker", "reject"][this.view().getUint8(answer)];
    return kind === "builtin" ? kind : { [kind]: this.view().getUint32(answer + 4, true) };
  }

  imports() {
    const note = (name, answer) => (...args) => (this.calls.push(name), answer(...args));
    const all = {
      sources: {
        source: (kind) => kind,
        table: (source, matching, list, count) => {
          const texts = Array.from({ length: count }, (_, i) => this.readText(list + 8 * i));
          return this.tables.push({ source, matching, texts }) - 1;
        },
        "look-up": (table, result) => {
          const { source, matching, texts } = this.tables[table];
          if (source !== 3 || matching !== 1) throw new Error("expected the path and its longest beginning");
          const fitting = texts.filter((text) => this.path.startsWith(text));
          const longest = fitting.sort((a, b) => b.length - a.length)[0];
          this.view().setUint8(result, longest === undefined ? 0 : 1);
          this.view().setUint32(result + 4, texts.indexOf(longest), true);
        },
      },
      members: {
        candidates: (metrics, count, result) => {
          if (count !== 1 || this.view().getUint32(metrics, true) !== 3) throw new Error("expected busy alone");
          const rows = this.take(8 * this.busy.length);
          this.busy.forEach((busy, i) => this.view().setBigUint64(rows + 8 * i, BigInt(busy), true));
          this.view().setUint32(result, rows, true);
          this.view().setUint32(result + 4, this.busy.length, true);
        },
        value: (member) => BigInt(this.busy[member]),
      },
      notes: {
        "retry-after": (seconds) => void (this.retryAfter = seconds),
        label: (at, length) => void (this.label = this.decode(at, length)),
      },
      store: {
        "counter-add": (key, amount) => {
          this.counters.set(key, (this.counters.get(key) ?? 0n) + amount);
          return this.counters.get(key);
        },
      },
      system: {
        fail: (at, length) => {
          throw new Fault(this.decode(at, length));
        },
      },
    };
    const named = (name, functions) => [
      `rjk:policy/${name}@${VERSION}`,
      Object.fromEntries(Object.entries(functions).map(([of, answer]) => [of, note(`${name}.${of}`, answer)])),
    ];
    return Object.fromEntries(Object.entries(all).map(([name, functions]) => named(name, functions)));
  }

  view() {
    return new DataView(this.exports.memory.buffer);
  }

  take(length) {
    return this.exports.cabi_realloc(0, 0, 8, length);
  }

  /** Address and length of a text that the policy owns from now on. */
  text(of) {
    const bytes = utf8.encode(of);
    const at = this.take(bytes.length);
    new Uint8Array(this.exports.memory.buffer, at, bytes.length).set(bytes);
    return [at, bytes.length];
  }

  writeText(place, of) {
    const [at, length] = this.text(of);
    this.view().setUint32(place, at, true);
    this.view().setUint32(place + 4, length, true);
  }

  readText(place) {
    return this.decode(this.view().getUint32(place, true), this.view().getUint32(place + 4, true));
  }

  decode(at, length) {
    return new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(this.exports.memory.buffer, at, length));
  }
}
