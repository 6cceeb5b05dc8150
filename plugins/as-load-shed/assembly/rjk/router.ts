// What the host tells a policy, and what it decides.

/** The balancer that the policy decides for. */
export class Balancer {
  constructor(
    readonly name: string,
    /** Its balancing method: "Request", for instance. */
    readonly method: string,
    readonly sticky: bool,
    readonly stickyForce: bool
  ) {}
}

/** A member of the balancer; its position in the list is its number. */
export class Member {
  constructor(
    readonly name: string,
    readonly route: string,
    readonly domain: string | null
  ) {}
}

/** How one attempt ended; plugins/wit/policy.wit explains the numbers. */
export class Outcome {
  constructor(
    readonly member: u32,
    readonly ended: u32,
    readonly status: u32,
    readonly attempt: u32,
    readonly decided: bool,
    readonly token: u64,
    readonly headUs: u64,
    readonly totalUs: u64,
    readonly bytes: u64
  ) {}
}

/** A decision, as a number so that it takes no memory: its case above, its value below. */
export type Decision = u64;

/** The built-in rules decide. */
export const BUILTIN: Decision = 0;

/** This candidate takes the request. */
export function worker(member: u32): Decision {
  return (1 << 32) | <u64>member;
}

/** The client gets this status, 400 to 599. */
export function reject(status: u32): Decision {
  return (2 << 32) | <u64>status;
}
