import type { RubricItem } from './queries.ts';

export interface Choice {
  readonly score: number;
  readonly label: string;
}

/** What somebody said to one key: a choice or a number, or words. */
export interface Answer {
  readonly score?: number;
  readonly value?: string;
}

export type Answers = Readonly<Record<string, Answer>>;

/** Asked where a queue does not say what it wants. */
export const usual: RubricItem = { key: 'quality', description: null, is_required: false, meaning: null };

const judgements: readonly Choice[] = [
  { score: 0, label: 'Bad' },
  { score: 0.5, label: 'So-so' },
  { score: 1, label: 'Good' },
];
/** More whole numbers than keys on the keyboard are typed. */
const mostChoices = 9;

/** What may be answered to a key; undefined: a number that is typed, or words. */
export function choicesOf({ meaning }: RubricItem): readonly Choice[] | undefined {
  if (meaning === null) return judgements;
  const { categories, max, min, type } = meaning;
  if (type === 'categorical') return categories.map(({ label, value }) => ({ score: value, label }));
  if (type === 'freeform' || min === null || max === null || !Number.isInteger(min) || !Number.isInteger(max)) return undefined;
  const steps = max - min + 1;
  return steps < 3 || steps > mostChoices
    ? undefined
    : Array.from({ length: steps }, (_, step) => ({ score: min + step, label: String(min + step) }));
}

export const isAnswered = (answer: Answer | undefined): boolean =>
  answer !== undefined && (answer.score !== undefined || (answer.value ?? '') !== '');

/** The first key without an answer that has choices: what a digit answers. */
export const openQuestion = (rubric: readonly RubricItem[], answers: Answers): RubricItem | undefined =>
  rubric.find((item) => choicesOf(item) !== undefined && !isAnswered(answers[item.key]));

/** What a digit chooses: the number it is where the choices are numbers, else the place. */
export function chosenBy(digit: string, choices: readonly Choice[]): Choice | undefined {
  const areNumbers = choices.every(({ label, score }) => label === String(score));
  return areNumbers ? choices.find(({ label }) => label === digit) : choices[Number(digit) - 1];
}

export const missingOf = (rubric: readonly RubricItem[], answers: Answers): readonly string[] =>
  rubric.filter(({ is_required: required, key }) => required && !isAnswered(answers[key])).map(({ key }) => key);

export interface Given {
  readonly key: string;
  readonly score?: number;
  readonly value?: string;
  readonly comment?: string;
}

/** The feedback that answers come to: the comment goes with the first of them, and stands alone where there is none. */
export function feedbackOf(rubric: readonly RubricItem[], answers: Answers, comment: string): readonly Given[] {
  const said = comment.trim();
  const given = rubric.flatMap((item): readonly Given[] => {
    const answer = answers[item.key];
    if (answer === undefined || !isAnswered(answer)) return [];
    const category = item.meaning?.type === 'categorical' ? choicesOf(item)?.find(({ score }) => score === answer.score) : undefined;
    return [{ key: item.key, ...answer, ...(category === undefined ? {} : { value: category.label }) }];
  });
  if (said === '') return given;
  const [first, ...rest] = given;
  return [{ ...(first ?? { key: 'note' }), comment: said }, ...rest];
}
