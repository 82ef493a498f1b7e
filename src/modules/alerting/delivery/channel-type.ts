import type { z } from 'zod';
import type { Outbound } from '../../../outbound/index.ts';
import type { Message } from './message.ts';
import type { Outcome } from './outcome.ts';

/** What a channel is given to send with. */
export interface Delivery<Settings> {
  readonly message: Message;
  readonly settings: Settings;
  readonly outbound: Outbound;
  /** Aborts when the attempt must end. */
  readonly signal: AbortSignal;
}

/** One kind of channel: what it is set up with, and how a message leaves by it. */
export interface ChannelType<Schema extends z.ZodObject = z.ZodObject> {
  readonly type: string;
  readonly summary: string;
  readonly settings: Schema;
  /** Of the settings, those that are kept sealed and never shown. */
  readonly secrets: readonly (keyof z.output<Schema> & string)[];
  /** Settings that are made where they are not given. */
  readonly made?: () => Readonly<Record<string, string>>;
  /** Where it leads, for people: without secrets. */
  target(settings: z.output<Schema>): string;
  /** The host that it calls, to be checked when it is set up. */
  host?(settings: z.output<Schema>): { readonly host: string; readonly plain: boolean };
  /** One attempt. What it throws counts as no answer. */
  send(delivery: Delivery<z.output<Schema>>): Promise<Outcome>;
}

/** A kind of channel whose settings only it knows. */
export type AnyChannelType = Omit<ChannelType, 'target' | 'host' | 'send' | 'secrets'> & {
  readonly secrets: readonly string[];
  target(settings: never): string;
  host?(settings: never): { readonly host: string; readonly plain: boolean };
  send(delivery: Delivery<never>): Promise<Outcome>;
};

export const defineChannel = <Schema extends z.ZodObject>(definition: ChannelType<Schema>): ChannelType<Schema> => definition;
