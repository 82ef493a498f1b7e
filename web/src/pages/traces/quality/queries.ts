import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { call } from '../../../api/client.ts';

export interface Score {
  readonly project: string;
  readonly key: string;
  readonly source: string;
  readonly n: number;
  readonly mean: number;
  readonly failures: number;
  readonly failure_share: number;
}

export interface Scores {
  readonly from: string;
  readonly to: string;
  readonly items: readonly Score[];
}

export interface ScoreSeries {
  readonly step_ms: number;
  readonly items: readonly (Pick<Score, 'project' | 'key' | 'source'> & {
    /** Where a step begins, how many scores, their mean, and the share that failed. */
    readonly points: readonly (readonly [number, number, number, number])[];
  })[];
}

export interface GivenJudge {
  readonly prompt: string;
  readonly model: string;
  readonly scale: { readonly lowest: number; readonly highest: number };
  /** null: runs of all projects. */
  readonly project: string | null;
  readonly model_judged: string | null;
  /** In LangSmith's language. */
  readonly filter: string | null;
  readonly share: number;
  readonly budget_usd: number;
  readonly budget_runs: number;
  readonly enabled: boolean;
}

export interface Judge extends GivenJudge {
  readonly name: string;
  readonly created_by: string;
  readonly created_at: string;
  readonly waiting: number;
  /** Why it has asked nothing today; null: it has. */
  readonly quiet_because: string | null;
  readonly today: {
    readonly calls: number;
    readonly scores: number;
    readonly errors: number;
    readonly left_out: number;
    readonly no_answer: number;
    readonly cost_usd: number;
    readonly last_error: string | null;
  };
}

/** Which runs are judged by rules, and by which. */
export interface Judging {
  readonly share: number;
  readonly checks: readonly string[];
  readonly keep_passes: boolean;
}

/** And what they did with the runs of a day. */
export interface Judged extends Judging {
  readonly last_day: {
    readonly left_out: number;
    readonly rules: readonly { readonly key: string; readonly judged: number; readonly nothing_to_judge: number }[];
  };
}

const everyMs = 30_000;

export const qualityQueries = {
  scores: (project: string, seconds: number) =>
    queryOptions({
      queryKey: ['traces', 'scores', project, seconds],
      queryFn: ({ signal }) => call<Scores>('/traces/scores', { query: { project, from: `now-${seconds}s` }, signal }),
      refetchInterval: everyMs,
      placeholderData: keepPreviousData,
    }),

  series: (project: string, seconds: number) =>
    queryOptions({
      queryKey: ['traces', 'score-series', project, seconds],
      queryFn: ({ signal }) =>
        call<ScoreSeries>('/traces/scores/series', { query: { project, from: `now-${seconds}s`, points: 60 }, signal }),
      refetchInterval: everyMs,
      placeholderData: keepPreviousData,
    }),

  judges: () =>
    queryOptions({
      queryKey: ['judges'],
      queryFn: ({ signal }) => call<{ readonly items: readonly Judge[] }>('/traces/evaluators', { signal }),
      refetchInterval: 15_000,
    }),

  judging: (project: string) =>
    queryOptions({
      queryKey: ['judging', project],
      queryFn: ({ signal }) => call<Judged>('/traces/judging', { query: { project }, signal }),
      refetchInterval: everyMs,
    }),
};

/** What can be given of a judge, whatever that is: less what the server adds. */
export function givenOf({
  created_at: _at,
  created_by: _by,
  name: _name,
  quiet_because: _quiet,
  today: _today,
  waiting: _waiting,
  ...given
}: Judge): GivenJudge {
  return given;
}

export const putJudge = (name: string, judge: GivenJudge): Promise<Judge> =>
  call<Judge>(`/traces/evaluators/${encodeURIComponent(name)}`, { method: 'PUT', body: judge });
export const dropJudge = (name: string): Promise<void> =>
  call<undefined>(`/traces/evaluators/${encodeURIComponent(name)}`, { method: 'DELETE' });
export const putJudging = (project: string, judging: Judging): Promise<Judging> =>
  call<Judging>('/traces/judging', { method: 'PUT', query: { project }, body: judging });
