import { FieldWriter } from '../../../../base/protobuf.ts';
import type { Micros } from '../../run/operation.ts';
import type { AttributeValue, OutgoingSpan } from './span-of.ts';

const SCOPE = 'muster';

/** An export of OTLP in JSON: ids in hex, integers of 64 bits as digits. */
export function jsonExport(service: string, spans: readonly OutgoingSpan[]): string {
  return JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: [jsonAttribute(['service.name', service])] },
        scopeSpans: [
          {
            scope: { name: SCOPE },
            spans: spans.map((span) => ({
              traceId: span.traceId,
              spanId: span.spanId,
              ...(span.parentSpanId === undefined ? {} : { parentSpanId: span.parentSpanId }),
              name: span.name,
              kind: span.kind,
              startTimeUnixNano: `${span.start}000`,
              endTimeUnixNano: `${span.end}000`,
              attributes: span.attributes.map(jsonAttribute),
              events: span.events.map(({ name, time, attributes }) => ({
                name,
                timeUnixNano: `${time}000`,
                attributes: attributes.map(jsonAttribute),
              })),
              status: span.failed ? { code: 2, message: span.message } : { code: 1 },
            })),
          },
        ],
      },
    ],
  });
}

const jsonAttribute = ([key, value]: readonly [string, AttributeValue]): object => ({ key, value: jsonValue(value) });

function jsonValue(value: AttributeValue): object {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  return { arrayValue: { values: value.map((item) => ({ stringValue: item })) } };
}

/** The same in protobuf. */
export function protobufExport(service: string, spans: readonly OutgoingSpan[]): Buffer {
  return new FieldWriter()
    .message(1, (resource) =>
      resource
        .message(1, (fields) => attributes(fields, 1, [['service.name', service]]))
        .message(2, (scope) => {
          scope.message(1, (fields) => fields.text(1, SCOPE));
          for (const span of spans) scope.message(2, (fields) => writeSpan(fields, span));
        }),
    )
    .end();
}

const nanos = (time: Micros): bigint => BigInt(time) * 1_000n;

function writeSpan(fields: FieldWriter, span: OutgoingSpan): void {
  fields.bytes(1, Buffer.from(span.traceId, 'hex')).bytes(2, Buffer.from(span.spanId, 'hex'));
  if (span.parentSpanId !== undefined) fields.bytes(4, Buffer.from(span.parentSpanId, 'hex'));
  fields.text(5, span.name).varint(6, span.kind).fixed64(7, nanos(span.start)).fixed64(8, nanos(span.end));
  attributes(fields, 9, span.attributes);
  for (const event of span.events)
    fields.message(11, (inner) => {
      inner.fixed64(1, nanos(event.time)).text(2, event.name);
      attributes(inner, 3, event.attributes);
    });
  fields.message(15, (status) => (span.failed ? status.text(2, span.message).varint(3, 2) : status.varint(3, 1)));
}

function attributes(fields: FieldWriter, field: number, all: readonly (readonly [string, AttributeValue])[]): void {
  for (const [key, value] of all) fields.message(field, (pair) => pair.text(1, key).message(2, (any) => writeValue(any, value)));
}

function writeValue(any: FieldWriter, value: AttributeValue): void {
  if (typeof value === 'string') any.bytes(1, Buffer.from(value, 'utf8'));
  else if (typeof value === 'boolean') any.bool(2, value);
  else if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) any.int64(3, value);
    else any.double(4, value);
  } else
    any.message(5, (list) => {
      for (const item of value) list.message(1, (inner) => inner.bytes(1, Buffer.from(item, 'utf8')));
    });
}
