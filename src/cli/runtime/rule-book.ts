import { readFile, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Service } from '../../base/service.ts';
import type { Config } from '../../config/config.ts';
import { examineConfig } from '../../config/load.ts';
import { createRuleStore, DEFAULT_RULES, forgetRefused, noteRefused, type RuleStore } from '../../modules/alerting/rules/index.ts';
import { ruleList } from '../../modules/alerting/rules/rule-file.ts';
import type { SharedState } from '../../state/shared-state.ts';
import { knownToModules } from './check-names.ts';

/** A look is one system call, and works on every file system and with every editor. */
const LOOK_MS = 1_000;
const BY = 'monitoring.yml';

export interface RuleBookOptions {
  readonly config: Pick<Config, 'configDir' | 'monitoring'>;
  readonly state: SharedState;
  readonly wake: { hint(topic: string): void };
  readonly log: Logger;
  /** Whether monitoring.yml is watched: hosts do. */
  readonly watches: boolean;
  readonly environment?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

interface RefusalReason {
  /** With line and column. */
  readonly where: string;
  readonly message: string;
  readonly remedy?: string | null | undefined;
}

const emptyFile = (path: string): RefusalReason => ({
  where: `${path}:1:1`,
  message: 'the file is empty',
  remedy: 'Write `rules: []` to have no rules of it.',
});

/**
 * Brings the rules that ship, and those of monitoring.yml, into the table that is evaluated; the file again whenever it changes. While
 * it is half written or wrong the last good rules stay in force; log, event, alert and `muster status` say what is wrong with it.
 */
export class RuleBook implements Service {
  readonly #options: RuleBookOptions;
  readonly #store: RuleStore;
  readonly #over = new AbortController();
  readonly #path: string | undefined;
  #watching: Promise<void> = Promise.resolve();

  constructor(options: RuleBookOptions) {
    this.#options = options;
    this.#store = createRuleStore(options.state.database, options.wake);
    const { configDir } = options.config;
    this.#path = configDir === undefined ? undefined : join(configDir, 'monitoring.yml');
  }

  async start(): Promise<void> {
    const seen = await this.#look();
    // A host without the file says nothing about rules: another may have them.
    const isCut = await this.#isCut();
    if (seen === 'none' || isCut) await this.#store.replaceSource('default', DEFAULT_RULES, 'muster');
    else await this.#apply(this.#options.config.monitoring.rules);
    if (!this.#options.watches || this.#path === undefined) return;
    // It was read to get here: whatever else was wrong with it before is mended.
    if (isCut) await this.#refuse(emptyFile(this.#path));
    else await forgetRefused(this.#options.state.database, hostname(), this.#path);
    this.#watching = this.#watch(seen);
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await this.#watching;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #watch(first: string): Promise<void> {
    let applied = first;
    let before = first;
    const { signal } = this.#over;
    while (!signal.aborted) {
      await delay(LOOK_MS, undefined, { signal, ref: false }).catch(() => undefined); // stopped: the loop ends
      if (signal.aborted) return;
      const seen = await this.#look();
      // An editor may be in the middle of writing: a change counts once the file has stayed the same for a look.
      const isSettled = seen === before;
      before = seen;
      if (seen === applied || !isSettled) continue;
      try {
        await this.#reread(seen);
        applied = seen;
      } catch (error) {
        // The database is away: the same again at the next look.
        this.#options.log.warn({ error: messageOf(error) }, 'the rules of monitoring.yml could not be brought into force; trying again');
      }
    }
  }

  /** What the file looks like from outside. */
  async #look(): Promise<string> {
    if (this.#path === undefined) return 'none';
    const found = await stat(this.#path).catch(() => undefined); // not there, or not readable: examined as such
    return found === undefined ? 'none' : `${found.mtimeMs} ${found.size} ${found.ino}`;
  }

  async #reread(seen: string): Promise<void> {
    const { config, log, state, environment = process.env, cwd = process.cwd() } = this.#options;
    if (seen === 'none' || this.#path === undefined) {
      // An editor that replaces a file may leave a moment without one; and nobody deletes rules by losing a file.
      log.warn('monitoring.yml is gone: its rules stay in force');
      return;
    }
    if (await this.#isCut()) {
      await this.#refuse(emptyFile(this.#path));
      return;
    }
    const examined = examineConfig({ environment, cwd, overrides: { configDir: config.configDir }, ...knownToModules() });
    const fault = examined.findings.find(({ severity }) => severity === 'error');
    if (examined.config === undefined || fault !== undefined) {
      await this.#refuse(fault ?? { where: this.#path, message: 'cannot be read' });
      return;
    }
    await this.#apply(examined.config.monitoring.rules);
    await forgetRefused(state.database, hostname(), this.#path);
    await state.events.append([{ type: 'rules:applied', data: { source: 'file', rules: examined.config.monitoring.rules.length } }]);
    log.info({ rules: examined.config.monitoring.rules.length }, 'the rules of monitoring.yml are in force');
  }

  /** Whether a file that held rules is empty now, as by a full disk or an editor that was killed: nobody deletes rules that way. */
  async #isCut(): Promise<boolean> {
    if (this.#path === undefined) return false;
    const text = await readFile(this.#path, 'utf8').catch(() => undefined); // not readable: examined as such
    return text?.trim() === '' && (await this.#store.list({ source: 'file' }, { limit: 1 })).length > 0;
  }

  async #refuse({ message, remedy = null, where }: RefusalReason): Promise<void> {
    const { log, state, wake } = this.#options;
    log.warn({ where, finding: message, remedy }, 'monitoring.yml is not valid: the rules that were in force stay so');
    await noteRefused(state.database, { hostname: hostname(), path: this.#path ?? where, where, message, remedy });
    await state.events.append([{ type: 'rules:refused', data: { where, message, remedy } }]);
    wake.hint('events');
  }

  async #apply(rules: readonly unknown[]): Promise<void> {
    await this.#store.replaceSource('file', ruleList.parse(rules), BY);
    // One that ships comes back where the file no longer stands before it.
    await this.#store.replaceSource('default', DEFAULT_RULES, 'muster');
  }
}
