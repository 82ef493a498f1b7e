import { FieldWriter } from '../../../base/protobuf.ts';
import type { Refused } from '../intake/intake.ts';

/** How many were not kept, and why, for the sender's log: each reason with a count. */
export function refusalText(refused: readonly Refused[], count: number): string {
  const byMessage = new Map<string, number>();
  for (const { message } of refused) byMessage.set(message, (byMessage.get(message) ?? 0) + 1);
  const told = [...byMessage].slice(0, 10).map(([message, times]) => `${times} × ${message}`);
  const others = count - refused.length;
  if (others > 0) told.push(`${others} × see the quarantine`);
  return told.join('; ');
}

/** `ExportTraceServiceResponse`: empty where all was kept. */
export function protobufReply(rejected: number, message: string): Buffer {
  const fields = new FieldWriter();
  if (rejected > 0) fields.message(1, (partial) => partial.varint(1, rejected).text(2, message));
  return fields.end();
}

export const jsonReply = (rejected: number, message: string): string =>
  JSON.stringify(rejected === 0 ? {} : { partialSuccess: { rejectedSpans: String(rejected), errorMessage: message } });
