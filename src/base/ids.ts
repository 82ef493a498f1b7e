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
