import { randomFillSync } from 'node:crypto';
import { FieldWriter } from '../../src/base/protobuf.ts';
import { seeded, textOf } from './corpus.ts';

const TEMPLATES = 20;
const PROMPTS = 20;
/** Stand in a template where each span says something of its own. */
const MARK = 'unique-text-of-32-characters-000';

/**
 * Exports of spans, a chat of about 1 KB each: half of the text is one of a few system prompts. Ids, times and the words nobody said before
 * are written anew each time, in place, so that the sender costs little.
 */
export class SpanTemplates {
  readonly #bodies: {
    readonly body: Buffer;
    readonly ids: readonly number[];
    readonly times: readonly number[];
    readonly words: readonly number[];
  }[] = [];
  #next = 0;

  constructor(spans: number) {
    const random = seeded(1);
    const prompts = Array.from({ length: PROMPTS }, () => textOf(random, 400));
    for (let n = 0; n < TEMPLATES; n += 1) {
      const body = exportOf(spans, random, prompts);
      this.#bodies.push({
        body,
        ids: placesOf(body, ID),
        times: placesOf(body, START),
        words: placesOf(body, Buffer.from(MARK)),
      });
    }
  }

  next(): Buffer {
    const template = this.#bodies[this.#next++ % this.#bodies.length];
    if (template === undefined) throw new Error('there are no templates');
    const body = Buffer.from(template.body);
    for (const at of template.ids) randomFillSync(body, at, 8);
    const now = BigInt(Date.now()) * 1_000_000n;
    for (const at of template.times) body.writeBigUInt64LE(now, at);
    for (const at of template.words) body.write(randomFillSync(Buffer.allocUnsafe(16)).toString('hex'), at, 'latin1');
    return body;
  }
}

/** Eight bytes that no text holds. */
const ID = Buffer.from('fffefdfcfbfaf9f8', 'hex');
const START = Buffer.from('f0f1f2f3f4f5f6f7', 'hex');

function exportOf(spans: number, random: () => number, prompts: readonly string[]): Buffer {
  const trace = randomFillSync(Buffer.allocUnsafe(16));
  return new FieldWriter()
    .message(1, (resource) =>
      resource
        .message(1, (fields) => attribute(fields, 1, 'service.name', 'bench'))
        .message(2, (scope) => {
          scope.message(1, (fields) => fields.text(1, '@opentelemetry/instrumentation-openai').text(2, '0.1.0'));
          for (let n = 0; n < spans; n += 1) scope.message(2, (span) => writeSpan(span, trace, random, prompts));
        }),
    )
    .end();
}

function writeSpan(span: FieldWriter, trace: Buffer, random: () => number, prompts: readonly string[]): void {
  const prompt = prompts[Math.floor(random() * prompts.length)] ?? '';
  span.bytes(1, trace).bytes(2, ID).bytes(4, Buffer.from('0102030405060708', 'hex')).text(5, 'chat gpt-4o-mini').varint(6, 3);
  span.fixed64(7, START.readBigUInt64LE()).fixed64(8, START.readBigUInt64LE());
  for (const [name, value] of [
    ['gen_ai.operation.name', 'chat'],
    ['gen_ai.provider.name', 'openai'],
    ['gen_ai.request.model', 'gpt-4o-mini'],
    ['gen_ai.response.model', 'gpt-4o-mini-2024-07-18'],
    ['gen_ai.usage.input_tokens', Math.round(random() * 500)],
    ['gen_ai.usage.output_tokens', Math.round(random() * 200)],
    ['gen_ai.system_instructions', JSON.stringify([{ type: 'text', content: prompt }])],
    ['gen_ai.input.messages', messages('user', textOf(random, 130))],
    ['gen_ai.output.messages', messages('assistant', textOf(random, 130))],
  ] as const)
    attribute(span, 9, name, value);
  span.message(15, (status) => status.varint(3, 1));
}

const messages = (role: string, text: string): string => JSON.stringify([{ role, parts: [{ type: 'text', content: `${MARK} ${text}` }] }]);

function attribute(fields: FieldWriter, field: number, name: string, value: string | number): void {
  fields.message(field, (pair) =>
    pair.text(1, name).message(2, (any) => (typeof value === 'number' ? any.int64(3, value) : any.text(1, value))),
  );
}

function placesOf(body: Buffer, bytes: Buffer): readonly number[] {
  const places: number[] = [];
  for (let at = body.indexOf(bytes); at !== -1; at = body.indexOf(bytes, at + 1)) places.push(at);
  return places;
}
