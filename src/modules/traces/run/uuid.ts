const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** In lower case; undefined where it is none. */
export const uuidOf = (text: unknown): string | undefined => (typeof text === 'string' && UUID.test(text) ? text.toLowerCase() : undefined);

/** Its 16 bytes, into `target` at `at`. */
export function writeUuid(target: Buffer, uuid: string, at: number): void {
  let digit = 0;
  for (let byte = 0; byte < 16; byte += 1) {
    if (uuid.charCodeAt(digit) === 0x2d /* - */) digit += 1;
    target[at + byte] = (nibble(uuid.charCodeAt(digit)) << 4) | nibble(uuid.charCodeAt(digit + 1));
    digit += 2;
  }
}

/** 0-9 and a-f, in either case. */
const nibble = (code: number): number => (code & 15) + (code >> 6) * 9;

export function readUuid(source: Buffer, at: number): string {
  const hex = source.toString('hex', at, at + 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
