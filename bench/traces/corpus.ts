import { randomUUID } from 'node:crypto';

/** Runs of about 1 KB each: half of the text is one of a few system prompts, the other half nobody said before. */
const PROMPTS = 20;
const PROMPT_CHARS = 400;
const UNIQUE_CHARS = 180;
const WORDS =
  'the a of to and in is it for on that with as was at by an be this are from or had not but what all were when we there can your which their said if do will each about how up out them then she many some so these would other into has more her two like him see time could no make than first been its who now people my made over did down only way find use may water long little very after words called just where most know get through back much before go good new write our used me man too any day same right look think also around another came come work three word must because does part even place well such here take why things help put years different away again off went old number great tell men say small every found still between name should home big give air line set own under read last never us left end along while might next sound below saw something thought both few those always looked show large often together asked house world going want school important until form food keep children feet land side without boy once animals life enough took sometimes four head above kind began almost live page got earth need far hand high year mother light parts country father let night following picture being study second eyes soon times story boys since white days ever paper hard near sentence better best across during today others however sure means knew try told young miles sun ways thing whole hear example heard several change answer room sea against top turned learn point city play toward five using himself usually'.split(
    ' ',
  );

/** Numbers from a seed: the same corpus on every machine (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function textOf(random: () => number, chars: number): string {
  let text = '';
  while (text.length < chars) text += `${WORDS[Math.floor(random() * WORDS.length)] ?? ''} `;
  return text.slice(0, chars);
}

export interface CorpusRun {
  readonly id: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly inputs: object;
  readonly outputs: object;
  readonly extra: object;
}

/** Makes runs as an application sends them that calls a model: one root a run, in `session_name` bench. */
export class Corpus {
  readonly #random: () => number;
  readonly #prompts: readonly string[];

  constructor(seed = 1) {
    this.#random = seeded(seed);
    this.#prompts = Array.from({ length: PROMPTS }, () => textOf(this.#random, PROMPT_CHARS));
  }

  next(at = Date.now()): CorpusRun {
    const random = this.#random;
    const id = randomUUID();
    const start = new Date(at).toISOString();
    const stamp = `${start.replaceAll(/[-:.]/g, '').slice(0, -1)}001Z`;
    return {
      id,
      fields: {
        id,
        name: 'ChatOpenAI',
        run_type: 'llm',
        start_time: start.replace('Z', '001Z'),
        end_time: at + Math.round(random() * 2_000),
        trace_id: id,
        dotted_order: `${stamp}${id}`,
        session_name: 'bench',
      },
      inputs: {
        messages: [
          { role: 'system', content: this.#prompts[Math.floor(random() * PROMPTS)] },
          { role: 'user', content: textOf(random, UNIQUE_CHARS) },
        ],
      },
      outputs: { role: 'assistant', content: textOf(random, UNIQUE_CHARS) },
      extra: {
        metadata: {
          ls_provider: 'openai',
          ls_model_name: 'gpt-4o-mini',
          usage_metadata: { input_tokens: 120, output_tokens: 40, total_tokens: 160 },
        },
      },
    };
  }
}

const BOUNDARY = '----LangSmithFormBoundaryBench';
export const MULTIPART = `multipart/form-data; boundary=${BOUNDARY}`;

/** One request of the multipart door: uncompressed the SDK merges post and patch, compressed it sends both. */
export function multipartOf(runs: readonly CorpusRun[], { separate }: { readonly separate: boolean }): Buffer {
  const parts: string[] = [];
  const add = (name: string, value: unknown): void => {
    const json = JSON.stringify(value);
    parts.push(
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\nContent-Type: application/json; length=${Buffer.byteLength(json)}\r\n\r\n${json}\r\n`,
    );
  };
  for (const { id, fields, inputs, outputs, extra } of runs) {
    const { end_time: end, ...begun } = fields;
    add(`post.${id}`, separate ? begun : fields);
    add(`post.${id}.inputs`, inputs);
    if (separate) add(`patch.${id}`, { ...fields, end_time: end });
    add(`${separate ? 'patch' : 'post'}.${id}.outputs`, outputs);
    add(`${separate ? 'patch' : 'post'}.${id}.extra`, extra);
  }
  return Buffer.from(`${parts.join('')}--${BOUNDARY}--\r\n`);
}
