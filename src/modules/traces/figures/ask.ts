import type { Database } from '../../../db/database.ts';
import { OTHER } from './dimension.ts';
import { figureView, type Figures } from './figure-view.ts';
import { answerFromRollups, dimensionFor, type Answer, type Question } from './from-rollups.ts';
import { answerFromRuns } from './from-runs.ts';
import { provenanceOfRollups, provenanceOfRuns, type Provenance } from './provenance.ts';
import type { NamedProject } from './visible-projects.ts';

export interface Asked extends Omit<Question, 'projects'> {
  readonly projects: readonly NamedProject[];
  /** In the language of LangSmith. */
  readonly filter?: string | undefined;
}

export interface Told {
  readonly from: number;
  readonly to: number;
  readonly total: Figures;
  readonly items: ({ readonly group: string | null } & Figures)[];
  readonly groups: number;
  readonly provenance: Provenance;
}

const HOUR_MS = 3_600_000;

/** Answers from what was added up already where that can say it, else from the runs themselves. Throws INVALID_INPUT for a bad filter. */
export async function ask(database: Database, asked: Asked): Promise<Told> {
  const question: Question = { ...asked, projects: asked.projects.map(({ no }) => no) };
  const dimension = asked.filter === undefined ? dimensionFor(question) : undefined;
  if (dimension === undefined) {
    const { isTruncated, ...answer } = await answerFromRuns(database, question, {
      filters: asked.filter === undefined ? {} : { filter: asked.filter },
    });
    return told(answer, asked, provenanceOfRuns(answer.total, isTruncated));
  }
  const answer = await answerFromRollups(database, question, dimension);
  const isTruncated = answer.groups !== null && answer.groupCount > answer.groups.size;
  return told(answer, asked, await provenanceOfRollups(database, answer.total, asked.now, isTruncated));
}

function told(answer: Answer, { projects, groupBy, now }: Asked, provenance: Provenance): Told {
  const hours = (Math.min(answer.to, now) - answer.from) / HOUR_MS;
  const total = figureView(answer.total, hours);
  const name = groupNames(projects, groupBy);
  const groups =
    answer.groups === null
      ? [{ group: null, ...total }]
      : [...answer.groups].map(([key, tally]) => ({ group: name(key), ...figureView(tally, hours) }));
  return { from: answer.from, to: answer.to, total, items: groups, groups: answer.groupCount, provenance };
}

/** What a group is called, by its key. */
export function groupNames(projects: readonly NamedProject[], groupBy: Question['groupBy']): (key: string) => string | null {
  if (groupBy !== 'project') return (key) => (key === OTHER ? null : key);
  const names = new Map(projects.map(({ no, name }) => [String(no), name]));
  return (key) => names.get(key) ?? null;
}
