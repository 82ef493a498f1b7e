import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a Prometheus scrapes to learn of faults: a gauge of 1 for each, with its number. */
export class Exporter {
  readonly #server: Server;
  readonly #faults = new Set<number>();

  private constructor() {
    this.#server = createServer((_, response) => {
      const lines = [...this.#faults].map((n) => `bench_fault{n="${n}"} 1\n`);
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(`# TYPE bench_fault gauge\n${lines.join('')}`);
    });
  }

  static async listen(): Promise<Exporter> {
    const exporter = new Exporter();
    exporter.#server.listen(0, '127.0.0.1');
    await once(exporter.#server, 'listening');
    return exporter;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  begin(fault: number): void {
    this.#faults.add(fault);
  }

  end(fault: number): void {
    this.#faults.delete(fault);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
