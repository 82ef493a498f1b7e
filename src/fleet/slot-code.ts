import { CodeFolder, hashOf, importCode } from '../agent/code/index.ts';
import { rememberSource } from '../agent/source.ts';
import type { AnyAgentDefinition } from '../agent/definition.ts';
import { MusterError } from '../base/errors.ts';
import type { Implementations } from '../state/implementations.ts';

export interface SlotCodeOptions {
  readonly implementations: Implementations;
  /** Where the code lies as files; hosts of one machine may share it. */
  readonly folder: string;
}

/** The code of slots on this host: fetched by its hash, and loaded once a process. */
export class SlotCode {
  readonly #implementations: Implementations;
  readonly #folder: CodeFolder;
  readonly #loaded = new Map<string, AnyAgentDefinition>();
  readonly #loading = new Map<string, Promise<AnyAgentDefinition>>();
  readonly #attempts = new Map<string, number>();

  constructor({ implementations, folder }: SlotCodeOptions) {
    this.#implementations = implementations;
    this.#folder = new CodeFolder(folder);
  }

  /** What was loaded before. */
  get(hash: string): AnyAgentDefinition | undefined {
    return this.#loaded.get(hash);
  }

  /** Throws AGENT_INVALID where the code cannot run, anything else where it could not be fetched or kept. */
  load(hash: string): Promise<AnyAgentDefinition> {
    const known = this.#loading.get(hash);
    if (known !== undefined) return known;
    const loading = this.#load(hash).catch((error: unknown) => {
      this.#loading.delete(hash);
      throw error;
    });
    this.#loading.set(hash, loading);
    return loading;
  }

  async #load(hash: string): Promise<AnyAgentDefinition> {
    const code = await this.#implementations.code(hash);
    if (code === undefined) throw new MusterError('AGENT_INVALID', `its code ${hash.slice(0, 12)} is no longer registered`);
    if (hashOf(code) !== hash) {
      throw new MusterError('AGENT_INVALID', `its code is not what was registered: its hash is not ${hash.slice(0, 12)}…`, {
        remedy: 'Register the implementation again, and find out who changed the table muster.implementations.',
      });
    }
    const url = await this.#folder.keep({ code, hash });
    const attempt = this.#attempts.get(hash) ?? 0;
    this.#attempts.set(hash, attempt + 1);
    const definition = await importCode(url, attempt);
    rememberSource(definition, { url: url.href });
    this.#loaded.set(hash, definition);
    return definition;
  }
}
