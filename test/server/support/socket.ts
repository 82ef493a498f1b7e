import { connect } from 'node:net';

/** Sends bytes over a socket of its own and gives back everything that came, once the other side has ended it. */
export async function exchange(base: string, send: (write: (text: string) => void) => void, withinMs = 15_000): Promise<string> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(Number(port), hostname, () => send((text) => socket.write(text)));
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`the connection was still open after ${withinMs} ms; received: ${received}`));
    }, withinMs);
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      received += chunk;
    });
    socket.on('error', () => undefined); // a reset is an end too
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(received);
    });
  });
}
