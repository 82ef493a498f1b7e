import { connect } from 'node:net';
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { Connection } from './connection.ts';

/** PostgreSQL's SSLRequest: length 8, code 80877103. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/** How to connect. `prefer` asks the server once, because the driver would take a refusal for an error. */
export async function tlsFor(connection: Connection, timeoutMs: number): Promise<TlsOptions | false> {
  if (connection.tls === undefined) return false;
  if (connection.sslMode !== 'prefer') return connection.tls;
  return (await offersTls(connection, timeoutMs)) ? connection.tls : false;
}

/** Rejects as a failed connection does. */
function offersTls({ host, port }: Connection, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host);
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error('timeout expired')));
    socket.once('connect', () => socket.write(SSL_REQUEST));
    socket.once('data', (answer: Buffer) => {
      resolve(answer[0] === 0x53); // S; N and an error message of an old pooler both mean no
      socket.destroy();
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('Connection terminated unexpectedly')));
  });
}
