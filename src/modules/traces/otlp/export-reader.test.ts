import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FieldWriter } from '../../../base/protobuf.ts';
import { ExportReader } from './export-reader.ts';
import { readExport } from './read-export.ts';

const TRACE = Buffer.from('0af7651916cd43dd8448eb211c80319c', 'hex');
const text = (span: FieldWriter, key: string, value: string): void =>
  void span.message(9, (pair) => pair.text(1, key).message(2, (any) => any.text(1, value)));

/** Spans of every kind that crosses: a chat, one with an attachment, one that is judged, one that failed, and one that cannot be kept. */
function exported(spans: number): Buffer {
  return new FieldWriter()
    .message(1, (resource) =>
      resource.message(2, (scope) => {
        for (let n = 0; n < spans; n += 1)
          scope.message(2, (span) => {
            const id = Buffer.alloc(8);
            id.writeUInt32BE(n + 1);
            span
              .bytes(1, n === 7 ? Buffer.alloc(16) : TRACE)
              .bytes(2, id)
              .text(5, `span ${n}`);
            span.fixed64(7, 1_795_677_264_000_000_000n).fixed64(8, 1_795_677_265_000_000_000n);
            text(span, 'gen_ai.operation.name', 'chat');
            text(span, 'gen_ai.input.messages', JSON.stringify([{ role: 'user', parts: [{ type: 'text', content: `ü 日本 ${n}` }] }]));
            if (n === 3) text(span, 'langsmith.attachments', JSON.stringify([{ name: 'a', mime_type: 'text/plain', content: 'aGVsbG8=' }]));
            if (n === 4)
              span.message(11, (event) => {
                event.text(2, 'gen_ai.evaluation.result');
                event.message(3, (pair) => pair.text(1, 'gen_ai.evaluation.name').message(2, (any) => any.text(1, 'good')));
              });
            if (n === 5) span.message(15, (status) => status.text(2, 'it broke').varint(3, 2));
          });
      }),
    )
    .end();
}

describe('the reader of exports', () => {
  it('reads a large export in its thread as it would itself', async () => {
    await using reader = new ExportReader();
    const bytes = exported(600);
    const itself = readExport({ bytes: Buffer.from(bytes), isJson: false, project: 'shop' });
    const [first, second] = await Promise.all(
      [bytes, Buffer.from(bytes)].map((each) => reader.read({ bytes: each, isJson: false, project: 'shop' })),
    );
    expect(reader.isStarted).toBe(true);
    expect(first).toEqual(itself);
    expect(second).toEqual(itself);
    expect([itself.operations.length, itself.refused.length, itself.feedback.length]).toEqual([599, 1, 1]);
    expect(Buffer.isBuffer(first?.operations[3]?.attachments?.[0]?.body)).toBe(true);
  });

  it('reads a small one without a thread', async () => {
    await using reader = new ExportReader();
    expect((await reader.read({ bytes: exported(3), isJson: false, project: undefined })).operations).toHaveLength(3);
    expect(reader.isStarted).toBe(false);
  });

  it('says what is wrong with a large one as it does of a small one, and goes on', async () => {
    await using reader = new ExportReader();
    const broken = (size: number) => reader.read({ bytes: Buffer.alloc(size, 0xff), isJson: false, project: undefined });
    const [small, large] = await Promise.allSettled([broken(100), broken(100_000)]);
    expect(large).toMatchObject({ status: 'rejected', reason: { code: 'MALFORMED', remedy: expect.stringContaining('OTLP') } });
    expect((large as PromiseRejectedResult).reason.message).toBe((small as PromiseRejectedResult).reason.message);
    expect((await reader.read({ bytes: exported(600), isJson: false, project: undefined })).operations).toHaveLength(599);
  });

  it('asks to send again what its thread broke under, and reads the next in a new one', async () => {
    const entry = join(mkdtempSync(join(tmpdir(), 'reader-')), 'thread.mjs');
    writeFileSync(entry, "import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => process.exit(3));");
    await using reader = new ExportReader(pathToFileURL(entry));
    for (const _ of [1, 2])
      await expect(reader.read({ bytes: exported(600), isJson: false, project: undefined })).rejects.toMatchObject({ code: 'OVERLOADED' });
  });
});
