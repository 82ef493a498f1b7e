import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A TCP proxy that can lose the network: `blackHole` keeps connections open and passes nothing on, as a cut cable does. */
export interface Proxy extends AsyncDisposable {
  readonly port: number;
  /** Stops passing bytes, in both directions, on connections old and new. */
  blackHole(): void;
  /** Passes bytes again, those held back first. */
  heal(): void;
  /** Resets every connection. */
  cut(): void;
  readonly connections: number;
}

export async function startProxy(target: { readonly host: string; readonly port: number }): Promise<Proxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let passing = true;
  const server = createServer((inner) => {
    const outer = connect(target.port, target.host);
    const pair = [inner, outer] as const;
    pairs.add(pair);
    for (const [from, to] of [pair, [outer, inner] as const]) {
      from.on('data', (chunk: Buffer) => to.write(chunk));
      from.on('error', () => to.destroy()); // the point of a proxy that breaks connections
      from.on('close', () => {
        pairs.delete(pair);
        to.destroy();
      });
      if (!passing) from.pause();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const each = (act: (socket: Socket) => void): void => {
    for (const pair of pairs) pair.forEach(act);
  };
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return pairs.size;
    },
    blackHole: () => {
      passing = false;
      each((socket) => socket.pause());
    },
    heal: () => {
      passing = true;
      each((socket) => socket.resume());
    },
    cut: () => each((socket) => socket.resetAndDestroy()),
    [Symbol.asyncDispose]: async () => {
      each((socket) => socket.destroy());
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The same database through a proxy. */
export function throughProxy(url: string, proxy: Proxy): string {
  const changed = new URL(url);
  changed.hostname = '127.0.0.1';
  changed.port = `${proxy.port}`;
  return changed.href;
}
