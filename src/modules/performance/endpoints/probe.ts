import { lookup } from 'node:dns/promises';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { durationMs } from '../../../base/duration.ts';
import { messageOf, MusterError } from '../../../base/errors.ts';
import type { Outbound } from '../../../outbound/index.ts';
import type { ProbeConfig } from './config.ts';
import type { EndpointMetric } from './metrics.ts';

/** What a probe found: it is up where there is no reason against it. */
export interface ProbeResult {
  readonly reason: string | null;
  readonly values: Partial<Record<EndpointMetric, number>>;
}

type Of<Type extends ProbeConfig['type']> = Extract<ProbeConfig, { readonly type: Type }>;

/** Asks once, within the time-out, through the guard of outbound calls. Never throws: what goes wrong is the finding. */
export async function runProbe(probe: ProbeConfig, outbound: Outbound, signal: AbortSignal, now: () => number): Promise<ProbeResult> {
  const startedAt = performance.now();
  let result: ProbeResult;
  try {
    result = await ask(probe, outbound, AbortSignal.any([signal, AbortSignal.timeout(durationMs(probe.timeout))]), now);
  } catch (error) {
    result = { reason: reasonOf(error, probe), values: {} };
  }
  return { ...result, values: { ...result.values, probe_duration_seconds: (performance.now() - startedAt) / 1_000 } };
}

const reasonOf = (error: unknown, { timeout }: ProbeConfig): string =>
  error instanceof DOMException && error.name === 'TimeoutError' ? `no answer within ${timeout}` : messageOf(error);

function ask(probe: ProbeConfig, outbound: Outbound, signal: AbortSignal, now: () => number): Promise<ProbeResult> {
  switch (probe.type) {
    case 'http':
      return askHttp(probe, outbound, signal);
    case 'tcp':
      return askTcp(probe, outbound, signal);
    case 'tls':
      return askTls(probe, outbound, signal, now);
    case 'dns':
      return askDns(probe, signal);
  }
}

async function askHttp(
  { url, method, status, contains, timeout }: Of<'http'>,
  outbound: Outbound,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const answer = await outbound.request({ method, url, timeoutMs: durationMs(timeout), signal });
  const values = { probe_http_status: answer.status };
  const expected = status === undefined ? answer.status >= 200 && answer.status < 300 : status.includes(answer.status);
  if (!expected) return { reason: `it answered with status ${answer.status}`, values };
  if (contains !== undefined && !answer.body.includes(contains)) return { reason: 'the answer does not hold the expected text', values };
  return { reason: null, values };
}

async function askTcp({ host, port }: Of<'tcp'>, outbound: Outbound, signal: AbortSignal): Promise<ProbeResult> {
  const { address } = await untilAborted(outbound.resolve(host), signal);
  const socket = connectTcp({ host: address, port });
  try {
    await opened(socket, 'connect', signal);
  } finally {
    socket.destroy();
  }
  return { reason: null, values: {} };
}

async function askTls({ host, port }: Of<'tls'>, outbound: Outbound, signal: AbortSignal, now: () => number): Promise<ProbeResult> {
  const { address } = await untilAborted(outbound.resolve(host), signal);
  // Whether the certificate is trusted is part of what is found out.
  const socket: TLSSocket = connectTls({
    host: address,
    port,
    rejectUnauthorized: false,
    ...(isIP(host) === 0 ? { servername: host } : {}),
  });
  try {
    await opened(socket, 'secureConnect', signal);
    const remaining = (Date.parse(socket.getPeerCertificate().valid_to) - now()) / 1_000;
    const values = {
      probe_tls_trusted: socket.authorized ? 1 : 0,
      ...(Number.isFinite(remaining) ? { probe_tls_remaining_seconds: remaining } : {}),
    };
    if (remaining < 0) return { reason: 'the certificate has expired', values };
    if (!socket.authorized) return { reason: `the certificate is not trusted: ${String(socket.authorizationError)}`, values };
    return { reason: null, values };
  } finally {
    socket.destroy();
  }
}

/** Only looks up: nothing is called, so there is nothing to guard. */
async function askDns({ host }: Of<'dns'>, signal: AbortSignal): Promise<ProbeResult> {
  const found = await untilAborted(lookup(host, { all: true }), signal).catch((error: unknown) => {
    if (signal.aborted) throw error;
    throw new MusterError('OUTBOUND_FAILED', `the name ${host} cannot be looked up: ${messageOf(error)}`, { cause: error });
  });
  return { reason: found.length === 0 ? 'the name has no address' : null, values: { probe_dns_addresses: found.length } };
}

function opened(socket: Socket, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<void> {
  return untilAborted(
    new Promise<void>((resolve, reject) => {
      socket.once(event, resolve);
      // It stays: an error after the end of the probe must not end the process.
      socket.on('error', reject);
    }),
    signal,
  );
}

/** The promise, or the signal's reason where that comes first. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)));
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}
