import type { Command } from 'commander';
import type { Invocation } from '../invocation.ts';

/** What the file of a command gives: it gets the invocation, its options and its arguments, and may return an exit code. */
export type Run = (invocation: Invocation, options: never, ...args: never[]) => Promise<number | void>;

/** What the parts of the tree of commands hang their commands on. */
export interface Tree {
  readonly program: Command;
  /** An action that loads the file of its command when it runs. */
  readonly lazily: (load: () => Promise<Run>) => (...parameters: unknown[]) => Promise<void>;
  /** A command of commands. Alone it does what its first one does; a word that is none of them gets a suggestion. */
  readonly group: (name: string, description: string, load: () => Promise<Run>) => Command;
}
