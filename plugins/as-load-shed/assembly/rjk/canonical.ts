// How texts and lists lie in memory where host and policy meet: the canonical ABI of the component model, as far
// as the contract uses it. A text is UTF-8, an address and a length in bytes; a list is an address and a number of
// elements; an option begins with a byte that says whether there is something.

/** Where the host writes results that are more than one number. Each call uses it anew. */
export const RESULT: usize = memory.data(16, 8);

/** Whether the option at `RESULT` holds something. */
export function isSome(): bool {
  return load<u8>(RESULT) != 0;
}

/** The text at an address in memory, which is freed: the host made it with `cabi_realloc`. */
export function takeText(address: usize, length: usize): string {
  const text = String.UTF8.decodeUnsafe(address, length);
  if (length > 0) heap.free(address);
  return text;
}

/** A text for the host. Keep it alive until the host has read it. */
export class Utf8 {
  constructor(text: string, private readonly bytes: ArrayBuffer = String.UTF8.encode(text)) {}

  get address(): usize {
    return changetype<usize>(this.bytes);
  }

  get length(): usize {
    return this.bytes.byteLength;
  }
}

/** The host takes memory for what it hands over. Exported; not to be called. */
export function cabi_realloc(old: usize, oldLength: usize, align: usize, length: usize): usize {
  if (length == 0) return align;
  return oldLength == 0 ? heap.alloc(length) : heap.realloc(old, length);
}
