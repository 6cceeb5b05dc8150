// What a policy may ask and do: the imports of the contract, plugins/wit/policy.wit, which explains each. Only what
// is called is imported.

import { RESULT, Utf8, isSome, takeText } from "./canonical";

// --- request: in `choose` only ----------------------------------------------------------------------

@external("rjk:policy/request@0.1.0", "method") declare function _method(result: usize): void;
@external("rjk:policy/request@0.1.0", "path") declare function _path(result: usize): void;
@external("rjk:policy/request@0.1.0", "query") declare function _query(result: usize): void;
@external("rjk:policy/request@0.1.0", "header") declare function _header(name: usize, length: usize, result: usize): void;
@external("rjk:policy/request@0.1.0", "cookie") declare function _cookie(name: usize, length: usize, result: usize): void;
@external("rjk:policy/request@0.1.0", "client-address") declare function _clientAddress(result: usize): void;
@external("rjk:policy/request@0.1.0", "tls") declare function _tls(): bool;
@external("rjk:policy/request@0.1.0", "server-name") declare function _serverName(result: usize): void;

export namespace request {
  export function method(): string {
    _method(RESULT);
    return text();
  }
  export function path(): string {
    _path(RESULT);
    return text();
  }
  export function query(): string | null {
    _query(RESULT);
    return optionalText();
  }
  export function header(name: Utf8): string | null {
    _header(name.address, name.length, RESULT);
    return optionalText();
  }
  export function cookie(name: Utf8): string | null {
    _cookie(name.address, name.length, RESULT);
    return optionalText();
  }
  export function clientAddress(): string {
    _clientAddress(RESULT);
    return text();
  }
  export function tls(): bool {
    return _tls();
  }
  export function serverName(): string {
    _serverName(RESULT);
    return text();
  }
}

// --- sources: texts of the request that stay with the host ------------------------------------------

@external("rjk:policy/sources@0.1.0", "source") declare function _source(kind: u32, name: usize, length: usize): u32;
@external("rjk:policy/sources@0.1.0", "text") declare function _text(source: u32, result: usize): void;
@external("rjk:policy/sources@0.1.0", "hash") declare function _hash(source: u32, seed: u64, result: usize): void;
@external("rjk:policy/sources@0.1.0", "table") declare function _table(source: u32, matching: u32, texts: usize, count: usize): u32;
@external("rjk:policy/sources@0.1.0", "look-up") declare function _lookUp(table: u32, result: usize): void;

/** Kinds of sources. */
export const enum Source { Header, Cookie, QueryParameter, Path, PathSegments, Method, ClientAddress, ServerName }

/** How a table finds its text. */
export const enum Matching { Exact, LongestPrefix }

/** No member, no place in a table. */
export const NONE: i64 = -1;

export namespace sources {
  /** In `configure` only. */
  export function source(kind: Source, name: string = ""): u32 {
    const utf8 = new Utf8(name);
    return _source(kind, utf8.address, utf8.length);
  }
  export function text(source: u32): string | null {
    _text(source, RESULT);
    return optionalText();
  }
  /** Zero when the request has no such text. */
  export function hash(source: u32, seed: u64 = 0): u64 {
    _hash(source, seed, RESULT);
    return isSome() ? load<u64>(RESULT, 8) : 0;
  }
  /** In `configure` only. */
  export function table(source: u32, matching: Matching, texts: string[]): u32 {
    const kept = new Array<Utf8>();
    const list = heap.alloc(8 * texts.length);
    for (let i = 0; i < texts.length; i++) {
      const utf8 = new Utf8(texts[i]);
      kept.push(utf8);
      store<u32>(list + 8 * i, <u32>utf8.address);
      store<u32>(list + 8 * i, <u32>utf8.length, 4);
    }
    const made = _table(source, matching, list, kept.length);
    heap.free(list);
    return made;
  }
  /** The place in the table, or NONE. */
  export function lookUp(table: u32): i64 {
    _lookUp(table, RESULT);
    return optionalNumber();
  }
}

// --- members: in `choose` only ----------------------------------------------------------------------

@external("rjk:policy/members@0.1.0", "candidates") declare function _candidates(metrics: usize, count: usize, result: usize): void;
@external("rjk:policy/members@0.1.0", "is-candidate") declare function _isCandidate(member: u32): bool;
@external("rjk:policy/members@0.1.0", "value") declare function _value(member: u32, metric: u32): u64;
@external("rjk:policy/members@0.1.0", "knows") declare function _knows(metric: u32): bool;
@external("rjk:policy/members@0.1.0", "builtin-choice") declare function _builtinChoice(result: usize): void;
@external("rjk:policy/members@0.1.0", "attempt") declare function _attempt(): u32;

/** What is known of a member. */
export const enum Metric {
  Position, State, Activation, Busy, Load, Errors, LatencyUs, LatencyAgeMs, Requests, UsableForMs, FailedBeforeMs,
  FailuresInARow, Weight, Distance, BusyLimit, Connected, Sessions
}

export namespace members {
  /**
   * A row for each candidate, in configuration order, of one number for each metric; the rows are written into
   * `into` as far as it has room. How many candidates there are.
   */
  export function candidates(metrics: StaticArray<u32>, into: StaticArray<u64>): i32 {
    _candidates(changetype<usize>(metrics), metrics.length, RESULT);
    const rows = <usize>load<u32>(RESULT);
    const numbers = <i32>load<u32>(RESULT, 4);
    memory.copy(changetype<usize>(into), rows, 8 * min(numbers, into.length));
    heap.free(rows);
    return numbers / metrics.length;
  }
  export function isCandidate(member: u32): bool {
    return _isCandidate(member);
  }
  export function value(member: u32, metric: Metric): u64 {
    return _value(member, metric);
  }
  export function knows(metric: u32): bool {
    return _knows(metric);
  }
  /** A member, or NONE. */
  export function builtinChoice(): i64 {
    _builtinChoice(RESULT);
    return optionalNumber();
  }
  export function attempt(): u32 {
    return _attempt();
  }
}

// --- notes, store, system ---------------------------------------------------------------------------

@external("rjk:policy/notes@0.1.0", "token") declare function _token(token: u64): void;
@external("rjk:policy/notes@0.1.0", "label") declare function _label(text: usize, length: usize): void;
@external("rjk:policy/notes@0.1.0", "retry-after") declare function _retryAfter(seconds: u32): void;

export namespace notes {
  export function token(token: u64): void {
    _token(token);
  }
  export function label(text: Utf8): void {
    _label(text.address, text.length);
  }
  export function retryAfter(seconds: u32): void {
    _retryAfter(seconds);
  }
}

@external("rjk:policy/store@0.1.0", "reserve") declare function _reserve(cells: u32, memberCells: u32): void;
@external("rjk:policy/store@0.1.0", "load") declare function _load(some: bool, member: u32, cell: u32): u64;
@external("rjk:policy/store@0.1.0", "add") declare function _add(some: bool, member: u32, cell: u32, amount: u64): u64;
@external("rjk:policy/store@0.1.0", "compare-exchange") declare function _compareExchange(some: bool, member: u32, cell: u32, old: u64, new_: u64): u64;
@external("rjk:policy/store@0.1.0", "counter-add") declare function _counterAdd(key: u32, amount: u64): u64;

/** Cells that all instances share; `member` is NONE for those of the balancer. */
export namespace cells {
  /** In `configure` only. */
  export function reserve(cells: u32, memberCells: u32): void {
    _reserve(cells, memberCells);
  }
  export function value(member: i64, cell: u32): u64 {
    return _load(member != NONE, <u32>member, cell);
  }
  export function add(member: i64, cell: u32, amount: u64): u64 {
    return _add(member != NONE, <u32>member, cell, amount);
  }
  export function compareExchange(member: i64, cell: u32, old: u64, new_: u64): u64 {
    return _compareExchange(member != NONE, <u32>member, cell, old, new_);
  }
  /** One of the counters of the status page. */
  export function count(key: u32, amount: u64 = 1): u64 {
    return _counterAdd(key, amount);
  }
}

@external("rjk:policy/system@0.1.0", "now-ms") declare function _nowMs(): u64;
@external("rjk:policy/system@0.1.0", "monotonic-us") declare function _monotonicUs(): u64;
@external("rjk:policy/system@0.1.0", "random") declare function _random(): u64;
@external("rjk:policy/system@0.1.0", "log") declare function _log(level: u32, text: usize, length: usize): void;
@external("rjk:policy/system@0.1.0", "fail") declare function _fail(reason: usize, length: usize): void;

export const enum Level { Trace, Debug, Info, Warn, Error }

export namespace system {
  export function nowMs(): u64 {
    return _nowMs();
  }
  export function monotonicUs(): u64 {
    return _monotonicUs();
  }
  export function random(): u64 {
    return _random();
  }
  export function log(level: Level, text: string): void {
    const utf8 = new Utf8(text);
    _log(level, utf8.address, utf8.length);
  }
}

/** Where `throw`, `assert` and a bad index end: the host logs the message and the place. */
// @ts-ignore: decorator
@global
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  const reason = new Utf8(
    (message === null ? "abort" : message) + " at " + (file === null ? "?" : file) + ":" + line.toString()
  );
  _fail(reason.address, reason.length);
  unreachable();
}

function text(): string {
  return takeText(load<u32>(RESULT), load<u32>(RESULT, 4));
}

function optionalText(): string | null {
  return isSome() ? takeText(load<u32>(RESULT, 4), load<u32>(RESULT, 8)) : null;
}

function optionalNumber(): i64 {
  return isSome() ? <i64>load<u32>(RESULT, 4) : NONE;
}
