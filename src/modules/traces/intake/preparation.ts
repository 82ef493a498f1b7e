import { MusterError } from '../../../base/errors.ts';
import type { Repeats } from '../blobs/repeats.ts';
import type { TracePartitions } from '../partitions/partitions.ts';
import { DEFAULT_PROJECT, type Project, type Projects } from '../projects/projects.ts';
import { dayOf } from '../run/days.ts';
import { parseDottedOrder, pathOf, type Segment } from '../run/dotted-order.ts';
import type { Micros, RunOperation } from '../run/operation.ts';
import type { NewFeedback, Refused, Submission } from './intake.ts';
import type { Orphan } from './orphans.ts';
import { arrayText, cleanText } from './pg-text.ts';
import { dayOfStart, type Places } from './places.ts';
import { keyOf, RunRow, type NewBlob, type Place } from './run-row.ts';
import type { Seams } from './seams.ts';

/** What one submission becomes before it is written. */
export interface Prepared {
  readonly rows: readonly RunRow[];
  readonly refused: readonly Refused[];
  readonly orphans: readonly Orphan[];
}

interface Rooms {
  readonly projects: Projects;
  readonly partitions: TracePartitions;
  readonly places: Places;
  readonly repeats: Repeats;
  readonly seams: Seams;
  /** Microseconds since 1970. */
  readonly now: () => Micros;
}

/** One operation, once its project and day are known. */
interface Placed {
  readonly operation: RunOperation;
  readonly place: Place;
  readonly segments: readonly Segment[] | undefined;
}

/**
 * What is said of a run that nobody has begun yet: its project and day show with its beginning, which SDKs send on another connection and may
 * send again.
 */
const waitsForItsRun = ({ kind, project, startTime, dottedOrder }: RunOperation): boolean =>
  kind === 'patch' && (project === undefined || (startTime === undefined && dottedOrder === undefined));

/** Turns operations into rows: finds their project and day, hides what must be hidden, reads what they say, and takes out what repeats. */
export class Preparation {
  readonly #rooms: Rooms;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  async prepare({ operations, refused = [], mayWrite }: Submission): Promise<Prepared> {
    const turnedAway: Refused[] = [...refused];
    const orphans: Orphan[] = [];
    const placed: Placed[] = [];
    const wandering: RunOperation[] = [];
    for (const operation of operations) {
      const found = await this.#place(operation, mayWrite);
      if (found === undefined) wandering.push(operation);
      else if ('reason' in found) turnedAway.push(found);
      else placed.push(found);
    }
    if (wandering.length > 0) {
      const places = await this.#rooms.places.find(wandering.map(({ runId }) => runId));
      for (const operation of wandering) {
        const place = places.get(operation.runId);
        if (place !== undefined) placed.push({ operation, place: saidBy(operation, place), segments: undefined });
        else if (!waitsForItsRun(operation)) placed.push(await this.#placeToday(operation));
        else orphans.push({ operation: redacted(operation, this.#rooms.seams), mayWrite });
      }
      if (mayWrite !== null) await this.#turnAwayStrangers(placed, turnedAway, mayWrite);
    }
    return { rows: this.#rowsOf(placed), refused: turnedAway, orphans };
  }

  /** Feedback on runs of projects that the key may not write to is turned away; on a run that is not there yet it is not known whose it is. */
  async ownFeedback(
    feedback: readonly NewFeedback[],
    mayWrite: readonly string[] | null,
  ): Promise<{ readonly kept: readonly NewFeedback[]; readonly refused: readonly Refused[] }> {
    if (mayWrite === null || feedback.length === 0) return { kept: feedback, refused: [] };
    const own = await this.#numbersOf(mayWrite);
    const places = await this.#rooms.places.find(feedback.flatMap(({ runId }) => (runId === undefined ? [] : [runId])));
    const isOwn = ({ runId }: NewFeedback): boolean => runId !== undefined && own.has(places.get(runId)?.projectNo ?? -1);
    const refused = feedback.filter((one) => !isOwn(one));
    return {
      kept: feedback.filter(isOwn),
      refused: refused.map((one) => ({
        reason: 'wrong_project',
        message: 'the key may not write to the project of this run, or nobody has begun it',
        runId: one.runId,
        body: JSON.stringify(one),
      })),
    };
  }

  /** Undefined where the operation does not say when its run began, or says a time that cannot be. */
  async #place(operation: RunOperation, mayWrite: readonly string[] | null): Promise<Placed | Refused | undefined> {
    const { projects, places, partitions, now } = this.#rooms;
    const { project: key, kind } = operation;
    if (key === undefined && kind === 'patch') return undefined;
    const named = key ?? { name: DEFAULT_PROJECT };
    if (mayWrite !== null && 'name' in named && !mayWrite.includes(named.name)) return strange(operation, named.name);
    const project = projects.cached(named) ?? (await projects.resolve(named));
    if (project === undefined)
      return refuse(operation, 'unknown_project', `no project has the id ${'id' in named ? named.id : named.name}`);
    if (mayWrite !== null && !mayWrite.includes(project.name)) return strange(operation, project.name);
    const segments = operation.dottedOrder === undefined ? undefined : parseDottedOrder(operation.dottedOrder);
    const start = startOf(operation, segments);
    if (start === undefined) return undefined;
    const keepDays = projects.knownKeepDays(project, dayOf(start)) ?? (await projects.keepDays(project, dayOf(start)));
    const day = dayOfStart(segments?.at(-1)?.at ?? start, now(), keepDays);
    if (day === undefined) return undefined;
    if (!partitions.has(keepDays, day)) await partitions.ensure(keepDays, day);
    const traceId = operation.traceId ?? segments?.[0]?.runId ?? this.#traceOfParent(operation) ?? operation.runId;
    const place = { projectNo: project.projectNo, keepDays, day, startTime: start, traceId };
    places.remember(operation.runId, place);
    return { operation, place, segments };
  }

  /** A run without a time, or whose clock is far off: it lies on the day it arrived. */
  async #placeToday(operation: RunOperation): Promise<Placed> {
    const { projects, places, partitions, now } = this.#rooms;
    const project = await projects.resolve(operation.project ?? { name: DEFAULT_PROJECT });
    if (project === undefined) throw new MusterError('INTERNAL', 'a project went away while its run was placed');
    const segments = operation.dottedOrder === undefined ? undefined : parseDottedOrder(operation.dottedOrder);
    const day = dayOf(now());
    const keepDays = await projects.keepDays(project, day);
    await partitions.ensure(keepDays, day);
    const traceId = operation.traceId ?? segments?.[0]?.runId ?? this.#traceOfParent(operation) ?? operation.runId;
    const place = { projectNo: project.projectNo, keepDays, day, startTime: startOf(operation, segments) ?? now(), traceId };
    places.remember(operation.runId, place);
    return { operation, place, segments };
  }

  #traceOfParent({ parentRunId, runId }: RunOperation): string | undefined {
    if (parentRunId === undefined || parentRunId === runId) return undefined;
    return this.#rooms.places.remembered(parentRunId)?.traceId ?? parentRunId;
  }

  /** A patch that names no project belongs to that of its run: whose it is shows only now. */
  async #turnAwayStrangers(placed: Placed[], turnedAway: Refused[], mayWrite: readonly string[]): Promise<void> {
    const own = await this.#numbersOf(mayWrite);
    for (let index = placed.length - 1; index >= 0; index -= 1) {
      const one = placed[index];
      if (one === undefined || own.has(one.place.projectNo)) continue;
      placed.splice(index, 1);
      turnedAway.push(strange(one.operation, undefined));
    }
  }

  async #numbersOf(names: readonly string[]): Promise<ReadonlySet<number>> {
    const numbers = new Set<number>();
    for (const name of names) {
      const project: Project | undefined = this.#rooms.projects.cached({ name }) ?? (await this.#rooms.projects.byName(name));
      if (project !== undefined) numbers.add(project.projectNo);
    }
    return numbers;
  }

  /** What was said of one run in one submission becomes one row. */
  #rowsOf(placed: readonly Placed[]): readonly RunRow[] {
    const rows = new Map<string, RunRow>();
    const { keeps, redactText } = this.#rooms.seams;
    for (const one of placed) {
      const { projectNo, traceId } = one.place;
      if (keeps !== undefined && !keeps(projectNo, traceId, one.operation.error !== undefined)) continue;
      const row = bareRow(one, (tag) => redactText(tag, projectNo));
      const key = keyOf(row);
      const there = rows.get(key);
      if (there === undefined) rows.set(key, row);
      else there.add(row);
    }
    for (const row of rows.values()) this.#finish(row);
    return [...rows.values()];
  }

  #finish(row: RunRow): void {
    const { seams, repeats } = this.#rooms;
    const { projectNo } = row;
    row.inputs = row.inputs && seams.redactJson(row.inputs, 'inputs', projectNo);
    row.outputs = row.outputs && seams.redactJson(row.outputs, 'outputs', projectNo);
    row.extra = row.extra && seams.redactJson(row.extra, 'extra', projectNo);
    row.error = row.error && seams.redactJson(row.error, 'error', projectNo);
    row.events = row.events && seams.redactJson(row.events, 'events', projectNo);
    row.serialized = row.serialized && seams.redactJson(row.serialized, 'serialized', projectNo);
    row.rest = row.rest && seams.redactJson(row.rest, 'rest', projectNo);
    row.name = row.name && seams.redactText(row.name, projectNo);
    if (row.attachments.length > 0) row.attachments = row.attachments.flatMap((one) => seams.redactAttachment(one, projectNo) ?? []);
    const said = {
      runType: row.typeSaid,
      startTime: row.startTime,
      inputs: row.inputs,
      outputs: row.outputs,
      extra: row.extra,
      events: row.events,
      kept: seams.kept?.(projectNo, row.traceId),
    };
    row.learn(seams.factsOf(said));
    const place = placeNumber(row);
    const blobs: NewBlob[] = [];
    if (row.inputs !== undefined) row.inputs = repeats.inputs(row.inputs, place, blobs);
    if (row.outputs !== undefined) row.outputs = repeats.strings(row.outputs, place, blobs);
    if (row.extra !== undefined) row.extra = repeats.members(row.extra, place, blobs);
    if (row.serialized !== undefined) row.serialized = repeats.whole(row.serialized, place, blobs);
    if (blobs.length > 0) row.blobs = blobs;
  }
}

/** An orphan waits in the database as well: nothing lies there that would not lie in a run. */
function redacted(operation: RunOperation, { redactAttachment, redactJson, redactText }: Seams): RunOperation {
  const { name, inputs, outputs, error, extra, events, serialized, rest, tags, attachments } = operation;
  return {
    ...operation,
    name: name && redactText(name),
    inputs: inputs && redactJson(inputs, 'inputs'),
    outputs: outputs && redactJson(outputs, 'outputs'),
    error: error && redactJson(error, 'error'),
    extra: extra && redactJson(extra, 'extra'),
    events: events && redactJson(events, 'events'),
    serialized: serialized && redactJson(serialized, 'serialized'),
    rest: rest && redactJson(rest, 'rest'),
    tags: tags?.map((tag) => redactText(tag)),
    attachments: attachments?.flatMap((one) => redactAttachment(one) ?? []),
  };
}

/** keepDays and day in one number. */
export const placeNumber = ({ keepDays, day }: Pick<RunRow, 'keepDays' | 'day'>): number => keepDays * 1_000_000 + day;

/** The run's own word first; its place in the tree says the same to the microsecond. */
const startOf = ({ startTime }: RunOperation, segments: readonly Segment[] | undefined): Micros | undefined =>
  startTime ?? segments?.at(-1)?.at;

const saidBy = (operation: RunOperation, place: Place): Place => ({
  ...place,
  traceId: operation.traceId ?? place.traceId,
  startTime: operation.startTime ?? place.startTime,
});

function bareRow({ operation, place, segments }: Placed, redactTag: (tag: string) => string): RunRow {
  const row = new RunRow(operation.runId, place, operation);
  row.endTime = operation.endTime;
  row.name = operation.name === undefined ? undefined : cleanText(operation.name);
  const parent = segments?.at(-2)?.runId;
  row.parentRunId = operation.parentRunId ?? parent;
  // A root whose time and id say its place need not keep it.
  const only = segments?.length === 1 ? segments[0] : undefined;
  if (segments !== undefined && !(only?.runId === operation.runId && only.at === place.startTime)) row.path = pathOf(segments);
  row.tags = operation.tags === undefined ? undefined : arrayText(operation.tags.map(redactTag));
  row.referenceExampleId = operation.referenceExampleId;
  row.inputs = operation.inputs;
  row.outputs = operation.outputs;
  row.error = operation.error;
  row.extra = operation.extra;
  row.events = operation.events;
  row.serialized = operation.serialized;
  row.rest = operation.rest;
  if (operation.attachments !== undefined) row.attachments = operation.attachments;
  return row;
}

function refuse(operation: RunOperation, reason: Refused['reason'], message: string, project?: string): Refused {
  const { attachments, ...said } = operation;
  const body = JSON.stringify({
    ...said,
    ...(attachments === undefined ? {} : { attachments: attachments.map(({ name, mimeType }) => ({ name, mimeType })) }),
  });
  return { reason, message, runId: operation.runId, project, body };
}

const strange = (operation: RunOperation, project: string | undefined): Refused =>
  refuse(
    operation,
    'wrong_project',
    project === undefined ? 'the key may not write to the project of this run' : `the key may not write to ${project}`,
    project,
  );
