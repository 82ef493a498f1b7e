import { CodeFolder, hashOf, importCode } from '../agent/code/index.ts';
import { rememberSource } from '../agent/source.ts';
import type { AnyAgentDefinition } from '../agent/definition.ts';
import { MusterError } from '../base/errors.ts';
import type { AgentRecord } from '../state/agents.ts';
import type { Implementations } from '../state/implementations.ts';
import { look } from './isolated/look.ts';
import { standIn } from './isolated/outline.ts';

export interface SlotCodeOptions {
  readonly implementations: Implementations;
  /** Where the code lies as files; hosts of one machine may share it. */
  readonly folder: string;
  /** The file that plays the side of a thread. */
  readonly entry: URL;
}

type Metadata = AgentRecord['metadata'];

/**
 * The code of slots on this host: fetched by its hash, and looked at once. It is the code of others that every host runs, so it
 * has a thread of its own and the host knows its outline alone, unless it or its slot names another isolation: with `none` it
 * is loaded into the host.
 */
export class SlotCode {
  readonly #options: SlotCodeOptions;
  readonly #folder: CodeFolder;
  readonly #apart = new Map<string, AnyAgentDefinition>();
  readonly #here = new Map<string, AnyAgentDefinition>();
  readonly #loading = new Map<string, Promise<AnyAgentDefinition>>();
  readonly #attempts = new Map<string, number>();

  constructor(options: SlotCodeOptions) {
    this.#options = options;
    this.#folder = new CodeFolder(options.folder);
  }

  /** What was loaded before, for a slot with these metadata. */
  get(hash: string, metadata: Metadata): AnyAgentDefinition | undefined {
    const outlined = this.#apart.get(hash);
    return outlined === undefined || isApart(outlined, metadata) ? outlined : this.#here.get(hash);
  }

  /** Throws AGENT_INVALID where the code cannot run, anything else where it could not be fetched or kept. */
  async load(hash: string, metadata: Metadata): Promise<AnyAgentDefinition> {
    const outlined = await this.#once(`${hash} apart`, () => this.#look(hash));
    return isApart(outlined, metadata) ? outlined : this.#once(`${hash} here`, () => this.#import(hash));
  }

  #once(key: string, load: () => Promise<AnyAgentDefinition>): Promise<AnyAgentDefinition> {
    const known = this.#loading.get(key);
    if (known !== undefined) return known;
    const loading = load().catch((error: unknown) => {
      this.#loading.delete(key);
      throw error;
    });
    this.#loading.set(key, loading);
    return loading;
  }

  async #look(hash: string): Promise<AnyAgentDefinition> {
    const url = await this.#fetch(hash);
    const outline = await look(url, this.#options.entry);
    const definition = standIn({ ...outline, isolation: outline.isolation ?? 'thread' });
    rememberSource(definition, { url: url.href });
    this.#apart.set(hash, definition);
    return definition;
  }

  async #import(hash: string): Promise<AnyAgentDefinition> {
    const url = await this.#fetch(hash);
    const attempt = this.#attempts.get(hash) ?? 0;
    this.#attempts.set(hash, attempt + 1);
    const definition = await importCode(url, attempt);
    this.#here.set(hash, definition);
    return definition;
  }

  async #fetch(hash: string): Promise<URL> {
    const code = await this.#options.implementations.code(hash);
    if (code === undefined) throw new MusterError('AGENT_INVALID', `its code ${hash.slice(0, 12)} is no longer registered`);
    if (hashOf(code) !== hash) {
      throw new MusterError('AGENT_INVALID', `its code is not what was registered: its hash is not ${hash.slice(0, 12)}…`, {
        remedy: 'Register the implementation again, and find out who changed the table muster.implementations.',
      });
    }
    return this.#folder.keep({ code, hash });
  }
}

const isApart = ({ isolation }: AnyAgentDefinition, metadata: Metadata): boolean => (metadata['isolation'] ?? isolation) !== 'none';
