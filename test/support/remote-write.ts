/** A write request as Prometheus sends it, for tests: protobuf by hand, and snappy that compresses nothing. */
export interface SentSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly samples: readonly (readonly [value: number, at: number])[];
}

export const writeRequest = (series: readonly SentSeries[]): Buffer =>
  Buffer.concat(
    series.map(({ labels, samples }) =>
      bytes(
        1,
        Buffer.concat([
          ...Object.entries(labels).map(([name, value]) =>
            bytes(1, Buffer.concat([bytes(1, Buffer.from(name)), bytes(2, Buffer.from(value))])),
          ),
          ...samples.map(([value, at]) => {
            const double = Buffer.alloc(9);
            double[0] = (1 << 3) | 1;
            double.writeDoubleLE(value, 1);
            return bytes(2, Buffer.concat([double, varint(2 << 3), varint(BigInt.asUintN(64, BigInt(at)))]));
          }),
        ]),
      ),
    ),
  );

/** Snappy with literals alone. */
export function literalSnappy(body: Buffer): Buffer {
  const parts = [varint(body.length)];
  for (let at = 0; at < body.length; at += 65_536) {
    const piece = body.subarray(at, at + 65_536);
    const head = Buffer.alloc(3);
    head[0] = 61 << 2;
    head.writeUInt16LE(piece.length - 1, 1);
    parts.push(head, piece);
  }
  return Buffer.concat(parts);
}

const bytes = (field: number, body: Buffer): Buffer => Buffer.concat([varint((field << 3) | 2), varint(body.length), body]);

function varint(value: number | bigint): Buffer {
  const out: number[] = [];
  let rest = BigInt(value);
  for (; rest > 0x7fn; rest >>= 7n) out.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...out, Number(rest)]);
}
