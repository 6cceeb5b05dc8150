// What the host calls. The functions get the names of the contract after the compiler, in exports.mjs.

import { choose as decide, configure as prepare } from "../policy";
import { Utf8, takeText } from "./canonical";
import { Balancer, Member } from "./router";

export { cabi_realloc } from "./canonical";

/** Bytes of a member in memory. */
const MEMBER: usize = 28;
/** Where results lie until the host has read them. */
const ANSWER: usize = memory.data(12, 4);

let message: Utf8 | null = null;

/** router.configure */
export function configure(
  name: usize, nameLength: usize, method: usize, methodLength: usize, sticky: bool, stickyForce: bool,
  members: usize, memberCount: i32, config: usize, configLength: usize
): usize {
  const balancer = new Balancer(takeText(name, nameLength), takeText(method, methodLength), sticky, stickyForce);
  const error = prepare(balancer, takeMembers(members, memberCount), takeText(config, configLength));
  store<u8>(ANSWER, error === null ? 0 : 1);
  if (error !== null) {
    const text = new Utf8(error);
    message = text;
    store<u32>(ANSWER, <u32>text.address, 4);
    store<u32>(ANSWER, <u32>text.length, 8);
  }
  return ANSWER;
}

/** router.choose */
export function choose(some: bool, sticky: u32): usize {
  const decision = decide(some ? <i64>sticky : -1);
  store<u8>(ANSWER, <u8>(decision >> 32));
  store<u32>(ANSWER, <u32>decision, 4);
  return ANSWER;
}

function takeMembers(list: usize, count: i32): Member[] {
  const members = new Array<Member>();
  for (let i = 0; i < count; i++) {
    const at = list + MEMBER * i;
    const name = takeText(load<u32>(at), load<u32>(at, 4));
    const route = takeText(load<u32>(at, 8), load<u32>(at, 12));
    const domain = load<u8>(at, 16) != 0 ? takeText(load<u32>(at, 20), load<u32>(at, 24)) : null;
    members.push(new Member(name, route, domain));
  }
  if (count > 0) heap.free(list);
  return members;
}
