import { messageOf } from '../../../base/errors.ts';
import type { Logger } from '../../../base/logger.ts';
import type { Database } from '../../../db/database.ts';
import type { Wake } from '../../../base/wake.ts';
import type { SharedState } from '../../../state/shared-state.ts';
import { createRedactor, DEFAULT_REDACTION, redactedAttachment, type RedactedField, type Redactor } from '../redaction/index.ts';
import type { JsonText, NewAttachment } from '../run/operation.ts';
import { effective, traceSettings, type TraceSettingsDocument } from './documents.ts';
import { keepsTrace } from './sampling.ts';
import { SettingsStore } from './store.ts';
import { addTally, type Tally } from './tally.ts';

export const SETTINGS_TOPIC = 'traces:settings';
/** How long what was read stands where no hint comes. */
const FRESH_MS = 10_000;

interface InForce {
  readonly settings: TraceSettingsDocument;
  readonly redactor: Redactor;
}

/**
 * The settings as this server knows them, for paths that cannot ask the database for every run: `fresh()` now and then, and the rest
 * answers at once. A change is known within ten seconds, and where hints arrive at once. Before anything was read nothing is taken in.
 */
export class CurrentSettings {
  readonly #store: SettingsStore;
  readonly #database: Database;
  readonly #secrets: SharedState['secrets'];
  readonly #log: Pick<Logger, 'warn'>;
  #general: InForce;
  #projects = new Map<number, InForce>();
  #readAt = Number.NEGATIVE_INFINITY;
  /** Counts hints: what was begun to be read before one does not know what it tells of. */
  #changes = 0;
  #reading: Promise<void> | undefined;
  #written = '';
  #deletion: string | undefined;
  readonly #onDeletion: (() => void)[] = [];
  #sampledOut = 0;
  #attachmentsDropped = 0;

  constructor(state: Pick<SharedState, 'database' | 'secrets'>, wake: Pick<Wake, 'on'>, log: Pick<Logger, 'warn'>) {
    this.#store = new SettingsStore(state.database);
    this.#database = state.database;
    this.#secrets = state.secrets;
    this.#log = log;
    this.#general = { settings: traceSettings.parse({}), redactor: createRedactor(DEFAULT_REDACTION) };
    wake.on(SETTINGS_TOPIC, () => {
      this.#changes += 1;
      this.#readAt = Number.NEGATIVE_INFINITY;
    });
  }

  /** Reads again what is older than ten seconds. Throws where nothing was ever read; later the last that was known holds. */
  async fresh(): Promise<void> {
    if (performance.now() - this.#readAt < FRESH_MS) return;
    try {
      do {
        this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
        await this.#reading;
      } while (this.#readAt === Number.NEGATIVE_INFINITY);
    } catch (error) {
      if (this.#written === '') throw error;
      this.#log.warn({ error: messageOf(error) }, 'the settings of conversations could not be read again; those known before hold');
    }
  }

  of(projectNo?: number): TraceSettingsDocument {
    return this.#inForce(projectNo).settings;
  }

  json(text: JsonText, field: RedactedField, projectNo?: number): JsonText {
    return this.#inForce(projectNo).redactor.json(text, field);
  }

  /** Undefined where it is not to be kept. */
  attachment(attachment: NewAttachment, projectNo?: number): NewAttachment | undefined {
    const { settings, redactor } = this.#inForce(projectNo);
    if (settings.redaction.attachments === 'keep') return redactedAttachment(attachment, redactor);
    this.#attachmentsDropped += 1;
    return undefined;
  }

  text(text: string, projectNo?: number): string {
    return this.#inForce(projectNo).redactor.text(text);
  }

  /** Whether a run is kept, as its project samples. What is not kept is counted. */
  keeps(projectNo: number, traceId: string, hasFailed: boolean): boolean {
    const { rate, keep_errors: keepErrors } = this.of(projectNo).sampling;
    if (keepsTrace(traceId, rate) || (hasFailed && keepErrors)) return true;
    this.#sampledOut += 1;
    return false;
  }

  /** What share of runs a project keeps, for a run that is kept for its id; undefined: all, or this one is kept because it failed. */
  kept(projectNo: number, traceId: string): { readonly share: number; readonly keepsErrors: boolean } | undefined {
    const { rate, keep_errors: keepsErrors } = this.of(projectNo).sampling;
    return rate < 1 && keepsTrace(traceId, rate) ? { share: rate, keepsErrors } : undefined;
  }

  /** Calls back when something was erased, or parts of texts deleted: what is remembered of what is stored holds no more. */
  onDeletion(listener: () => void): void {
    this.#onDeletion.push(listener);
  }

  #inForce(projectNo: number | undefined): InForce {
    return (projectNo === undefined ? undefined : this.#projects.get(projectNo)) ?? this.#general;
  }

  /** What was counted since this was asked last. */
  #takeTally(): readonly Tally[] {
    const tally = [this.#general, ...this.#projects.values()].flatMap(({ redactor }) =>
      Object.entries(redactor.takeCounts()).map(([label, count]) => ({ name: 'redacted' as const, label, count })),
    );
    const sampledOut = this.#sampledOut;
    this.#sampledOut = 0;
    // One entry a kind: several projects may have found the same.
    const kinds = new Map<string, number>();
    for (const { label, count } of [...tally, { label: 'attachment', count: this.#attachmentsDropped }])
      kinds.set(label, (kinds.get(label) ?? 0) + count);
    this.#attachmentsDropped = 0;
    return [
      ...[...kinds].map(([label, count]) => ({ name: 'redacted' as const, label, count })),
      { name: 'sampled_out', label: '', count: sampledOut },
    ];
  }

  async #read(): Promise<void> {
    const at = performance.now();
    const changes = this.#changes;
    const [general, projects, deletion] = await Promise.all([this.#store.general(), this.#store.ofProjects(), this.#store.lastDeletion()]);
    await addTally(this.#database, this.#takeTally());
    const written = JSON.stringify([general, projects]);
    if (written !== this.#written) {
      const all = [general, ...projects.map(({ settings }) => effective(general, settings))];
      const pseudonyms = all.some(({ redaction }) => redaction.pseudonyms.length > 0);
      const pseudonymKey = pseudonyms ? await this.#store.pseudonymKey(this.#secrets) : undefined;
      const inForce = (settings: TraceSettingsDocument): InForce => ({
        settings,
        redactor: createRedactor(settings.redaction, { pseudonymKey }),
      });
      this.#general = inForce(general);
      this.#projects = new Map(projects.map(({ projectNo, settings }) => [projectNo, inForce(effective(general, settings))]));
      this.#written = written;
    }
    if (this.#deletion !== undefined && this.#deletion !== deletion) for (const listener of this.#onDeletion) listener();
    this.#deletion = deletion;
    if (changes === this.#changes) this.#readAt = at;
  }
}

const known = new WeakMap<object, CurrentSettings>();

/** The settings as this server knows them: one for all who ask. */
export function currentSettings({
  state,
  wake,
  log,
}: {
  readonly state: Pick<SharedState, 'database' | 'secrets'>;
  readonly wake: Pick<Wake, 'on'>;
  readonly log: Pick<Logger, 'warn'>;
}): CurrentSettings {
  const there = known.get(state);
  if (there !== undefined) return there;
  const made = new CurrentSettings(state, wake, log);
  known.set(state, made);
  return made;
}
