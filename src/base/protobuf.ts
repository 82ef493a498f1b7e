/** The bytes are no protobuf message, or not the one that was expected. */
export class ProtobufBreak extends Error {}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;
const TWO_32 = 4_294_967_296;

/**
 * The fields of a message, in order, and of the messages in it. One reader walks the whole body: `message` narrows it to a message inside
 * and widens it again, so that nothing is made for a message but what its reader makes. All its methods throw ProtobufBreak.
 */
export class Fields {
  readonly #bytes: Buffer;
  #at = 0;
  #end: number;
  #wire = VARINT;
  /** The last number read: 64 bits in two halves, both unsigned. */
  #low = 0;
  #high = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#end = bytes.length;
  }

  /** The number of the next field; 0 at the end of the message. */
  next(): number {
    if (this.#at >= this.#end) return 0;
    const tag = this.#varint();
    this.#wire = tag & 7;
    const number = tag >>> 3;
    if (number === 0 || this.#high !== 0) throw new ProtobufBreak('a field has no number');
    return number;
  }

  /**
   * What `read` makes of a message within. Whatever it leaves unread, or throws, the reader goes on behind that message. What `read` needs
   * to know is passed on: a closure a message is most of what a reader would allocate.
   */
  message<T>(read: (fields: Fields) => T): T;
  message<T, Known>(read: (fields: Fields, known: Known) => T, known: Known): T;
  message<T, Known>(read: (fields: Fields, known?: Known) => T, known?: Known): T {
    const length = this.#length();
    const outer = this.#end;
    const end = this.#at + length;
    this.#end = end;
    try {
      return read(this, known);
    } finally {
      this.#at = end;
      this.#end = outer;
    }
  }

  /** The bytes of the message it stands in, from here on. */
  rest(): Buffer {
    return this.#bytes.subarray(this.#at, this.#end);
  }

  bytes(): Buffer {
    const length = this.#length();
    const from = this.#at;
    this.#at += length;
    return this.#bytes.subarray(from, this.#at);
  }

  hex(): string {
    const length = this.#length();
    const from = this.#at;
    this.#at += length;
    return this.#bytes.toString('hex', from, this.#at);
  }

  /** What is not UTF-8 becomes U+FFFD. */
  text(): string {
    const length = this.#length();
    const from = this.#at;
    this.#at += length;
    return this.#bytes.toString('utf8', from, this.#at);
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#fixed(FIXED64, 8));
  }

  bool(): boolean {
    this.#expect(VARINT);
    this.#varint();
    return this.#low !== 0 || this.#high !== 0;
  }

  uint32(): number {
    this.#expect(VARINT);
    return this.#varint();
  }

  fixed32(): number {
    return this.#bytes.readUInt32LE(this.#fixed(FIXED32, 4));
  }

  /** Rounded beyond 2^53. */
  int64(): number {
    this.#expect(VARINT);
    this.#varint();
    return (this.#high | 0) * TWO_32 + this.#low;
  }

  /** A number where it is exact, else its decimal digits. */
  exactInt64(): number | string {
    const near = this.int64();
    return Number.isSafeInteger(near) ? near : String(BigInt.asIntN(64, (BigInt(this.#high) << 32n) | BigInt(this.#low)));
  }

  /** Nanoseconds since 1970 as whole microseconds, without the rounding of a double. */
  nanosAsMicros(): number {
    const at = this.#fixed(FIXED64, 8);
    const low = this.#bytes.readUInt32LE(at);
    const high = this.#bytes.readUInt32LE(at + 4);
    // 2^32 is 4,294,967 thousand and 296.
    return high * 4_294_967 + Math.floor((high * 296 + low) / 1_000);
  }

  skip(): void {
    switch (this.#wire) {
      case VARINT:
        this.#varint();
        return;
      case FIXED64:
        this.#advance(8);
        return;
      case FIXED32:
        this.#advance(4);
        return;
      default: {
        const length = this.#length();
        this.#at += length;
      }
    }
  }

  #length(): number {
    this.#expect(BYTES);
    const length = this.#varint();
    if (this.#high !== 0 || this.#at + length > this.#end) throw new ProtobufBreak('it ends early');
    return length;
  }

  #fixed(wire: number, size: number): number {
    this.#expect(wire);
    return this.#advance(size);
  }

  #expect(wire: number): void {
    if (this.#wire !== wire) throw new ProtobufBreak(`a field is of another kind at byte ${this.#at}`);
  }

  #advance(count: number): number {
    const from = this.#at;
    if (from + count > this.#end) throw new ProtobufBreak('it ends early');
    this.#at = from + count;
    return from;
  }

  /** Answers the low half. Up to four bytes, which nearly all are, need no more than shifts. */
  #varint(): number {
    let low = 0;
    let high = 0;
    for (let n = 0; n < 10; n += 1) {
      const byte = this.#bytes[this.#advance(1)] ?? 0;
      const bits = byte & 0x7f;
      if (n < 4) low |= bits << (7 * n);
      else if (n === 4) {
        low |= (bits & 0x0f) << 28;
        high = bits >>> 4;
      } else high |= bits << (7 * n - 32);
      if (byte < 0x80) {
        this.#low = low >>> 0;
        this.#high = high >>> 0;
        return this.#low;
      }
    }
    throw new ProtobufBreak('a number is too long');
  }
}

/** Writes a message: each call a field. What is empty is left out, as proto3 has it, but by `bytes` and `message`. */
export class FieldWriter {
  readonly #chunks: Buffer[] = [];

  varint(field: number, value: number): this {
    if (value !== 0) this.#chunks.push(varint(field * 8 + VARINT), varint(value));
    return this;
  }

  fixed64(field: number, value: bigint): this {
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeBigUInt64LE(value);
    this.#chunks.push(varint(field * 8 + FIXED64), bytes);
    return this;
  }

  double(field: number, value: number): this {
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeDoubleLE(value);
    this.#chunks.push(varint(field * 8 + FIXED64), bytes);
    return this;
  }

  /** Signed, up to 2^53 either way. */
  int64(field: number, value: number): this {
    this.#chunks.push(varint(field * 8 + VARINT), varint64(BigInt.asUintN(64, BigInt(value))));
    return this;
  }

  bool(field: number, value: boolean): this {
    this.#chunks.push(varint(field * 8 + VARINT), varint(value ? 1 : 0));
    return this;
  }

  text(field: number, value: string): this {
    return value === '' ? this : this.bytes(field, Buffer.from(value, 'utf8'));
  }

  bytes(field: number, value: Buffer): this {
    this.#chunks.push(varint(field * 8 + BYTES), varint(value.length), value);
    return this;
  }

  message(field: number, write: (fields: FieldWriter) => void): this {
    const inner = new FieldWriter();
    write(inner);
    return this.bytes(field, inner.end());
  }

  end(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}

const varint = (value: number): Buffer => (value < 0x80 ? Buffer.of(value) : varint64(BigInt(value)));

function varint64(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}
