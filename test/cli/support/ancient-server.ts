import { createServer, type Socket } from 'node:net';

/**
 * Speaks as much of the protocol as a client needs to learn that this is PostgreSQL 12: no server that old runs on a machine
 * of today. Answers every statement with one row of its version.
 */
export async function startAncientServer(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    let greeted = false;
    socket.on('data', (chunk) => {
      if (!greeted) {
        if (chunk.readInt32BE(4) === 80_877_103) return void socket.write('N'); // no TLS
        greeted = true;
        socket.write(Buffer.concat([message('R', int32(0)), message('K', int32(1), int32(1)), ready()]));
        return;
      }
      if (chunk.includes(Buffer.from('S\0\0\0\x04', 'latin1')))
        socket.write(Buffer.concat([message('1'), message('2'), description(), row(), message('C', text('SELECT 1')), ready()]));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `postgresql://u:p@127.0.0.1:${port}/d?sslmode=disable`,
    stop: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

const COLUMNS = [
  ['pid', 23, '1'],
  ['own', 16, 't'],
  ['version', 23, '120022'],
  ['standby', 16, 'f'],
] as const;

const description = (): Buffer =>
  message(
    'T',
    int16(COLUMNS.length),
    ...COLUMNS.map(([name, type]) => Buffer.concat([text(name), int32(0), int16(0), int32(type), int16(-1), int32(-1), int16(0)])),
  );
const row = (): Buffer =>
  message('D', int16(COLUMNS.length), ...COLUMNS.map(([, , value]) => Buffer.concat([int32(value.length), Buffer.from(value)])));
const ready = (): Buffer => message('Z', Buffer.from('I'));

function message(type: string, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32BE(value);
  return buffer;
}

function int16(value: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeInt16BE(value);
  return buffer;
}

const text = (value: string): Buffer => Buffer.from(`${value}\0`);
