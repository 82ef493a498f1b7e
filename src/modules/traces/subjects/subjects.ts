import type { Database } from '../../../db/database.ts';
import type { Wake } from '../../../base/wake.ts';
import { sql, type Sql } from '../../../db/sql.ts';
import type { SharedState } from '../../../state/shared-state.ts';
import { ndjsonLine } from '../export/exported-run.ts';
import { cursorOf, readRuns } from '../export/read-runs.ts';
import { pseudonymOf } from '../redaction/index.ts';
import { SETTINGS_TOPIC, SettingsStore } from '../settings/index.ts';
import { eraseSubject, eraseTraces, whereItStands, type Removed } from './erase.ts';
import { findTraces, valuesOf, type Subject } from './find.ts';
import { ErasureLedger, type Erasure } from './ledger.ts';

/** What is asked for about somebody: to see it, or to have it gone. */
export class Subjects {
  readonly #db: Database;
  readonly #secrets: SharedState['secrets'];
  readonly #wake: Pick<Wake, 'hint'>;
  readonly #settings: SettingsStore;
  readonly ledger: ErasureLedger;

  constructor({ database, secrets }: Pick<SharedState, 'database' | 'secrets'>, wake: Pick<Wake, 'hint'>) {
    this.#db = database;
    this.#secrets = secrets;
    this.#wake = wake;
    this.#settings = new SettingsStore(database);
    this.ledger = new ErasureLedger(database);
  }

  /** What there is of a subject, as NDJSON: its traces whole, each run with its feedback. */
  async *export(subject: Subject): AsyncGenerator<string> {
    const traces = [...(await findTraces(this.#db, subject, await this.#key()))];
    if (traces.length === 0) return;
    const conditions = (): readonly Sql[] => [sql`r.trace_id = any(${traces}::uuid[])`];
    for await (const page of readRuns(this.#db, { conditions, fromDay: null, toDay: null, after: undefined })) {
      yield page.map((run) => ndjsonLine(run, cursorOf(run))).join('');
      const { rows } = await this.#db.query<{ feedback: string }>(sql`
        select (to_jsonb(f) - 'project_no' || '{"type": "feedback"}')::text as feedback from muster.trace_feedback f
        where run_id = any(${page.map(({ run_id }) => run_id)}::uuid[]) order by run_id, created_at`);
      for (const { feedback } of rows) yield `${feedback}\n`;
      const { rows: attachments } = await this.#db.query<{ attachment: string }>(sql`
        select jsonb_build_object('type', 'attachment', 'run_id', run_id, 'name', name, 'mime_type', mime_type, 'size', size,
          'base64', translate(encode(body, 'base64'), E'\\n', ''))::text as attachment
        from muster.trace_attachments where run_id = any(${page.map(({ run_id }) => run_id)}::uuid[]) order by run_id, name limit 1000`);
      for (const { attachment } of attachments) yield `${attachment}\n`;
    }
  }

  /** What would go. */
  async rehearse(subject: Subject, signal?: AbortSignal): Promise<{ readonly traces: number; readonly removed: Removed }> {
    const { traces, removed } = await eraseSubject(this.#db, subject, { pseudonymKey: await this.#key(), dry: true, ...optional(signal) });
    return { traces: traces.size, removed };
  }

  /** Erases it, and keeps a receipt that says nothing of whom it was about. */
  async erase(subject: Subject, by: string, signal?: AbortSignal): Promise<Erasure> {
    const pseudonymKey = await this.#key();
    const pseudonym = pseudonymOf(pseudonymKey, 'secret', `${subject.kind}\0${subject.value}`);
    const erasureId = await this.ledger.begin(subject.kind, pseudonym, by);
    const { traces, removed } = await eraseSubject(this.#db, subject, { pseudonymKey, dry: false, ...optional(signal) });
    // Whoever remembers parts of texts that are stored hears that they may be gone.
    this.#wake.hint(SETTINGS_TOPIC);
    return this.ledger.finish(erasureId, [...traces], removed);
  }

  /** Erases traces again that a ledger names: after a backup from before was restored. */
  async reapply(traces: readonly string[], by: string, signal?: AbortSignal): Promise<Erasure> {
    const erasureId = await this.ledger.begin('run', 'reapplied', by);
    const removed = new Map<string, number>();
    await eraseTraces(this.#db, new Set(traces), { removed, dry: false, ...optional(signal) });
    this.#wake.hint(SETTINGS_TOPIC);
    return this.ledger.finish(erasureId, traces, Object.fromEntries(removed));
  }

  /** Where it still stands, in whatever table. */
  async whereItStands(subject: Pick<Subject, 'value'>): Promise<Removed> {
    return whereItStands(this.#db, valuesOf(subject, await this.#key()));
  }

  #key(): Promise<Buffer> {
    return this.#settings.pseudonymKey(this.#secrets);
  }
}

const optional = (signal: AbortSignal | undefined): { readonly signal?: AbortSignal } => (signal === undefined ? {} : { signal });
