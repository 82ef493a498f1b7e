import { randomUUID } from 'node:crypto';

declare const brand: unique symbol;
type Branded<T, B extends string> = T & { readonly [brand]: B };

/** A fleet-wide name of an agent, 1 to 255 characters. */
export type AgentId = Branded<string, 'AgentId'>;
/** One process of Muster: a fresh UUID at every start, never a hostname. */
export type HostId = Branded<string, 'HostId'>;
/** Counts the holders of a lease: the fencing token. A plain number: 2^53 moves outlast any fleet. */
export type Epoch = Branded<number, 'Epoch'>;

export const agentId = (value: string): AgentId => value as AgentId;
export const hostId = (value: string): HostId => value as HostId;
export const epoch = (value: number): Epoch => value as Epoch;
export const newHostId = (): HostId => hostId(randomUUID());

/** A UUID of version 7: 48 bits of time before the random ones, so that an index of them grows at one end. */
export function newRunId(now: number): string {
  const time = Math.trunc(now).toString(16).padStart(12, '0');
  // Of a version 4 the last 20 digits are random, but for the two bits of the variant, which are the same here.
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
