import type { Micros } from '../run/operation.ts';

/** An attribute's value, as JSON would have it: bytes are base64, integers beyond 2^53 their decimal digits. */
export type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value };

export type Attributes = Map<string, Value>;

export interface SpanEvent {
  readonly name: string;
  readonly time: Micros;
  readonly attributes: Attributes;
}

export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: Attributes;
}

/** A span as both encodings of OTLP say it. */
export interface Span {
  /** Ids are hex in lower case; empty where none was sent. */
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  readonly kind: number;
  readonly start: Micros;
  readonly end: Micros;
  readonly attributes: Attributes;
  readonly events: readonly SpanEvent[];
  readonly links: readonly SpanLink[];
  readonly status: { readonly code: number; readonly message: string };
  /** What the sender left out itself: attributes, events and links. */
  readonly dropped: number;
}

export interface Scope {
  readonly name: string;
  readonly version: string;
}

/** Spans of one process and one instrumentation. */
export interface SpanGroup {
  readonly resource: Attributes;
  readonly scope: Scope;
  readonly spans: readonly (Span | BadSpan)[];
}

/** A span that was sent and cannot be read: its neighbours can. */
export interface BadSpan {
  readonly problem: string;
  readonly body: Buffer | string;
}

/** An export is bounded by these; what exceeds one of a span's costs that span alone. */
export const LIMITS = {
  /** Exporters send 512 at once, collectors up to 8,192. */
  spans: 20_000,
  /** A long chat is flattened to thousands by OpenInference; OpenTelemetry's own limit is 128. */
  attributes: 10_000,
  events: 10_000,
  links: 1_000,
  depth: 32,
  key: 1_024,
} as const;

/** Why one span cannot be kept. */
export class SpanProblem extends Error {}

/** JSON has no NaN and no infinity: their names stand for them. */
export const finite = (value: number): number | string => (Number.isFinite(value) ? value : String(value));
