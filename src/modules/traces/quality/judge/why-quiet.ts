import type { Evaluator } from './evaluators.ts';

type Quiet = Pick<Evaluator, 'enabled' | 'filter' | 'modelJudged' | 'project' | 'share' | 'today' | 'waiting'>;

const runsOf = (n: number): string => `${n} ${n === 1 ? 'run' : 'runs'}`;

/** Why an evaluator has asked nothing today, for whoever set it and waits. Undefined: it has, or is about to. */
export function whyQuiet({ enabled, filter, modelJudged, project, share, today, waiting }: Quiet): string | undefined {
  const { calls, errors, leftOut, noAnswer, passedOver, scores } = today;
  if (calls + errors + scores + waiting > 0) return undefined;
  if (!enabled) return 'It is switched off';
  if (share === 0) return 'Its share is 0';
  if (leftOut > 0) return `Its budget lets nothing through: ${runsOf(leftOut)} left out`;
  const { notDrawn, notFitting, otherModel, otherProject } = passedOver;
  const runs = notDrawn + notFitting + otherModel + otherProject + noAnswer;
  if (runs === 0) return 'No run of a model has come today (UTC)';
  const reasons = [
    { n: otherProject, said: `of other projects than ${project ?? 'any'}` },
    { n: otherModel, said: `of other models than ${modelJudged ?? 'any'}` },
    { n: notDrawn, said: `not drawn by its share of ${Number((share * 100).toPrecision(3))} %` },
    { n: notFitting, said: `do not fit ${filter ?? 'its filter'}` },
    { n: noAnswer, said: 'hold no answer to judge: failed, silent or too large' },
  ];
  const told = reasons.filter(({ n }) => n > 0).map(({ n, said }) => `${n} ${said}`);
  return `Of ${runsOf(runs)} of models today (UTC) it judged none: ${told.join(', ')}`;
}
