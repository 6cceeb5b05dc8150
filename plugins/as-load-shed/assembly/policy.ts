// Routing policy: when all members are busy, requests that can wait are turned away. See README.md.

import { Utf8 } from "./rjk/canonical";
import { Matching, Metric, NONE, Source, cells, members, notes, sources } from "./rjk/host";
import { Json } from "./rjk/json";
import { BUILTIN, Balancer, Decision, Member, reject } from "./rjk/router";

/** The counter of the status page. */
const SHED: u32 = 0;
const LABEL = new Utf8("shed");
const METRICS: StaticArray<u32> = [Metric.Busy];

/** The host's table of paths that can wait. */
let paths: u32 = 0;
/** Requests in flight from which a member is too busy for them. */
let busy: u64 = 0;
let retryAfter: u32 = 5;
/** One number for each member. */
let rows = new StaticArray<u64>(0);

/** Null, or what is wrong with the table [policy.NAME.config]. */
export function configure(balancer: Balancer, all: Member[], config: string): string | null {
  let list = new Array<string>();
  const json = new Json(config);
  json.open();
  for (let key = json.key(); key !== null; key = json.key()) {
    if (key == "paths") list = json.strings();
    else if (key == "busy") busy = json.number();
    else if (key == "retry_after") retryAfter = json.number();
    else return `unknown key "${key}"; there are paths, busy and retry_after`;
    const error = json.error;
    if (error !== null) return `${key}: write ${error}`;
  }
  if (json.error !== null) return "write paths = [\"/path/\"] and busy = NUMBER";
  if (list.length == 0) return "paths: write at least one, for instance paths = [\"/reports/\"]";
  if (busy == 0) return "busy: write the number of requests in flight, from 1 on";
  paths = sources.table(sources.source(Source.Path), Matching.LongestPrefix, list);
  rows = new StaticArray<u64>(all.length);
  return null;
}

/** Takes no memory but that of the host's list. */
export function choose(sticky: i64): Decision {
  if (sources.lookUp(paths) == NONE || hasRoom(sticky)) return BUILTIN;
  notes.retryAfter(retryAfter);
  notes.label(LABEL);
  cells.count(SHED);
  return reject(503);
}

/** Whether the member of the session, or without one any candidate, is not too busy. */
function hasRoom(sticky: i64): bool {
  if (sticky != NONE) return members.value(<u32>sticky, Metric.Busy) < busy;
  const count = members.candidates(METRICS, rows);
  for (let i = 0; i < count; i++) {
    if (unchecked(rows[i]) < busy) return true;
  }
  return false;
}
