/** PostgreSQL counts microseconds from 2000-01-01 UTC. Up to 2255 they are exact in a double. */
export const POSTGRES_EPOCH_MS = 946_684_800_000;

export const microsecondsOf = (ms: number): number => Math.round((ms - POSTGRES_EPOCH_MS) * 1000);
export const millisecondsOf = (microseconds: number): number => microseconds / 1000 + POSTGRES_EPOCH_MS;

/** The column `hour` of a sample; muster.hour_of in SQL. */
export const hourOf = (ms: number): number => Math.floor(ms / 3_600_000);

/** A time as a parameter of type timestamptz, to the microsecond. */
export function timestampOf(ms: number): string {
  const whole = Math.floor(ms);
  const rest = Math.round((ms - whole) * 1000);
  return rest === 0 ? new Date(whole).toISOString() : new Date(whole).toISOString().replace('Z', `${String(rest).padStart(3, '0')}Z`);
}

/** What timestamptz_send and float8send give, sixteen bytes a sample, as two columns. */
export function columnsOf(bytes: Buffer): { readonly times: Float64Array; readonly values: Float64Array } {
  const count = bytes.length / 16;
  const times = new Float64Array(count);
  const values = new Float64Array(count);
  for (let i = 0; i < count; i += 1) {
    times[i] = bytes.readInt32BE(i * 16) * 4_294_967_296 + bytes.readUInt32BE(i * 16 + 4);
    values[i] = bytes.readDoubleBE(i * 16 + 8);
  }
  return { times, values };
}
