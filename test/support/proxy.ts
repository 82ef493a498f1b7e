import { setTimeout as sleep } from 'node:timers/promises';
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
  /** Passes nothing on any more on the connections that are open now; new ones are served. Nobody is told. */
  forget(): void;
  /** Holds every piece of data back for so long, each way. */
  delay(ms: number): void;
  /** Whether new connections are reset as they come. */
  refuse(refusing: boolean): void;
  /** How many were. */
  readonly refused: number;
  readonly connections: number;
}

export async function startProxy(target: { readonly host: string; readonly port: number }): Promise<Proxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const forgotten = new Set<Socket>();
  let passing = true;
  let refusing = false;
  let refused = 0;
  let delayMs = 0;
  const server = createServer((inner) => {
    if (refusing) {
      refused += 1;
      inner.resetAndDestroy();
      return;
    }
    const outer = connect(target.port, target.host);
    const pair = [inner, outer] as const;
    pairs.add(pair);
    for (const [from, to] of [pair, [outer, inner] as const]) {
      let line = Promise.resolve();
      let queued = 0;
      from.on('data', (chunk: Buffer) => {
        if (delayMs === 0 && queued === 0) return void to.write(chunk);
        const due = performance.now() + delayMs;
        queued += 1;
        line = line.then(async () => {
          await sleep(Math.max(0, due - performance.now()));
          queued -= 1;
          if (to.writable) to.write(chunk);
        });
      });
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
    forget: () => {
      each((socket) => forgotten.add(socket.pause()));
      pairs.clear();
    },
    delay: (ms) => void (delayMs = ms),
    refuse: (whether) => void (refusing = whether),
    get refused() {
      return refused;
    },
    [Symbol.asyncDispose]: async () => {
      each((socket) => socket.destroy());
      for (const socket of forgotten) socket.destroy();
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
