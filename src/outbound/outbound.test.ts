import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createOutbound } from './outbound.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const loopback = { allowedNetworks: ['127.0.0.0/8'], allowCommands: false };
const opened = createOutbound(loopback);
const closed = createOutbound();

describe('the guard', () => {
  it.each([
    'http://127.0.0.1/',
    'http://localhost/',
    'https://0x7f.1/',
    'https://2130706433/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::1]/',
    'http://169.254.169.254/latest/meta-data/',
    'https://10.0.0.1/',
    'https://1.1.1.1/',
    'file:///etc/passwd',
    'gopher://example.com/',
    'https://user:password@example.com/',
    'nonsense',
  ])('refuses %s where nothing is opened', async (url) => {
    await expect(closed.request({ url })).rejects.toMatchObject({ code: 'OUTBOUND_REFUSED' });
  });

  it('refuses a public name that leads inside, and plain HTTP to a public one', async () => {
    const inside = createOutbound(undefined, async () => [{ address: '127.0.0.1', family: 4 }]);
    await expect(inside.request({ url: 'https://innocent.example/' })).rejects.toMatchObject({ code: 'OUTBOUND_REFUSED' });
    const outside = createOutbound(undefined, async () => [{ address: '1.1.1.1', family: 4 }]);
    await expect(outside.request({ url: 'http://innocent.example/' })).rejects.toThrow('only be called with https');
  });

  it('connects to the address it has checked, and looks a name up once', async () => {
    const port = await serve((request, response) => response.end(request.headers.host));
    let asked = 0;
    const rebinding = createOutbound(loopback, async () => {
      asked += 1;
      return [{ address: asked === 1 ? '127.0.0.1' : '10.0.0.1', family: 4 }];
    });
    const answer = await rebinding.request({ url: `http://rebinding.example:${port}/` });
    expect(answer).toMatchObject({ status: 200, body: `rebinding.example:${port}`, truncated: false });
    expect(asked).toBe(1);
  });

  it('takes the address that may be called where a name has several', async () => {
    const port = await serve((_, response) => response.end());
    const both = createOutbound(loopback, async () => [
      { address: '::1', family: 6 },
      { address: '127.0.0.1', family: 4 },
    ]);
    expect((await both.request({ url: `http://both.example:${port}/` })).status).toBe(200);
  });
});

describe('a request', () => {
  it('sends method, headers and body, and brings back what was answered', async () => {
    const port = await serve((request, response) => {
      let body = '';
      request.on('data', (part: Buffer) => (body += part.toString()));
      request.on('end', () => response.writeHead(201, { 'x-seen': `${request.method} ${String(request.headers['x-own'])}` }).end(body));
    });
    const answer = await opened.request({ method: 'POST', url: `http://127.0.0.1:${port}/`, headers: { 'x-own': 'a' }, body: 'grüße' });
    expect(answer).toMatchObject({ status: 201, body: 'grüße' });
    expect(answer.headers['x-seen']).toBe('POST a');
  });

  it('does not follow a redirect', async () => {
    let inner = 0;
    const port = await serve((request, response) => {
      if (request.url === '/inner') inner += 1;
      response.writeHead(307, { location: '/inner' }).end();
    });
    expect((await opened.request({ url: `http://127.0.0.1:${port}/` })).status).toBe(307);
    expect(inner).toBe(0);
  });

  it('reads so much of an endless answer and no more', async () => {
    const port = await serve((_, response) => {
      response.writeHead(200);
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536, 'x')));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    const answer = await opened.request({ url: `http://127.0.0.1:${port}/`, mostBytes: 1_000 });
    expect(answer).toMatchObject({ status: 200, truncated: true });
    expect(answer.body).toHaveLength(1_000);
  });

  it('gives up on one that is never answered, and keeps the status of one that never ends', async () => {
    const silent = await serve(() => undefined);
    await expect(opened.request({ url: `http://127.0.0.1:${silent}/`, timeoutMs: 50 })).rejects.toMatchObject({ code: 'OUTBOUND_TIMEOUT' });
    const endless = await serve((_, response) => response.writeHead(204).flushHeaders());
    const half = await serve((_, response) => void response.writeHead(200).write('half'));
    expect((await opened.request({ url: `http://127.0.0.1:${endless}/`, timeoutMs: 2_000 })).status).toBe(204);
    expect(await opened.request({ url: `http://127.0.0.1:${half}/`, timeoutMs: 300 })).toMatchObject({
      status: 200,
      body: 'half',
      truncated: true,
    });
  });

  it('ends with its signal', async () => {
    const port = await serve(() => undefined);
    const over = new AbortController();
    const asked = opened.request({ url: `http://127.0.0.1:${port}/`, signal: over.signal });
    over.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
  });

  it('says that nobody listens', async () => {
    const port = await serve(() => undefined);
    await new Promise((resolve) => servers.splice(0)[0]?.close(resolve));
    await expect(opened.request({ url: `http://127.0.0.1:${port}/` })).rejects.toMatchObject({ code: 'OUTBOUND_FAILED' });
  });
});

describe('a command', () => {
  const allowed = createOutbound({ allowedNetworks: [], allowCommands: true });

  it('is refused unless commands are allowed', async () => {
    await expect(closed.run({ command: 'true' })).rejects.toMatchObject({ code: 'OUTBOUND_REFUSED' });
  });

  it('gets its input and environment, and nothing of this process', async () => {
    process.env['MUSTER_TEST_PRIVATE'] = 'hidden';
    const { exitCode, output } = await allowed.run({
      command: 'cat; printf "%s/%s" "$GREETING" "$MUSTER_TEST_PRIVATE"; exit 3',
      input: 'hello ',
      environment: { GREETING: 'there' },
    });
    delete process.env['MUSTER_TEST_PRIVATE'];
    expect({ exitCode, output }).toEqual({ exitCode: 3, output: 'hello there/' });
  });

  it('is killed after its time with all it started, and its output is bounded', async () => {
    await expect(allowed.run({ command: 'sleep 60 & sleep 60', timeoutMs: 100 })).rejects.toMatchObject({ code: 'OUTBOUND_TIMEOUT' });
    const { output, truncated } = await allowed.run({ command: 'yes | head -c 100000', mostBytes: 10 });
    expect({ length: output.length, truncated }).toEqual({ length: 10, truncated: true });
  });
});

describe('a stream', () => {
  const textOf = async (body: AsyncIterable<Buffer>): Promise<string> => {
    let text = '';
    for await (const part of body) text += part.toString();
    return text;
  };

  it('is judged by where each connection goes, and no name leads inside', async () => {
    for (const url of ['http://127.0.0.1/', 'https://[::1]/', 'https://10.0.0.1/', 'file:///etc/passwd'])
      await expect(closed.stream({ url }), url).rejects.toMatchObject({ code: 'OUTBOUND_REFUSED' });
    const inside = createOutbound(undefined, async () => [{ address: '127.0.0.1', family: 4 }]);
    await expect(inside.stream({ url: 'https://innocent.example/' })).rejects.toMatchObject({ code: 'OUTBOUND_REFUSED' });
    const outside = createOutbound(undefined, async () => [{ address: '1.1.1.1', family: 4 }]);
    await expect(outside.stream({ url: 'http://innocent.example/' })).rejects.toThrow('only be called with https');
  });

  it('comes as it is sent, and the next uses the same connection without another look-up', async () => {
    const port = await serve((request, response) => {
      response.write(`${request.method} `);
      setTimeout(() => response.end('end'), 20);
    });
    let asked = 0;
    const ports: (number | undefined)[] = [];
    servers.at(-1)?.on('connection', (socket) => ports.push(socket.remotePort));
    const rebinding = createOutbound(loopback, async () => {
      asked += 1;
      return [{ address: asked === 1 ? '127.0.0.1' : '10.0.0.1', family: 4 }];
    });
    for (const method of ['POST', 'GET'] as const) {
      const { body, status } = await rebinding.stream({ url: `http://kept.example:${port}/`, method });
      expect([status, await textOf(body)]).toEqual([200, `${method} end`]);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect([asked, ports.length]).toEqual([1, 1]);
  });

  it('ends with its time-outs and its signal, before the answer and within it', async () => {
    const silent = await serve(() => undefined);
    await expect(opened.stream({ url: `http://127.0.0.1:${silent}/`, firstByteTimeoutMs: 50 })).rejects.toMatchObject({
      code: 'OUTBOUND_TIMEOUT',
    });
    const half = await serve((_, response) => void response.writeHead(200).write('half'));
    const { body } = await opened.stream({ url: `http://127.0.0.1:${half}/`, idleTimeoutMs: 50 });
    await expect(textOf(body)).rejects.toMatchObject({ code: 'OUTBOUND_TIMEOUT' });
    const over = new AbortController();
    const second = await opened.stream({ url: `http://127.0.0.1:${half}/`, signal: over.signal });
    over.abort(new Error('enough'));
    await expect(textOf(second.body)).rejects.toThrow('enough');
  });

  it('is sent again where the other side had just closed the kept connection', async () => {
    let requests = 0;
    const port = await serve((request, response) => {
      requests += 1;
      if (requests === 2) return void request.socket.resetAndDestroy();
      response.end(String(requests));
    });
    const ask = async (): Promise<string> => textOf((await opened.stream({ url: `http://127.0.0.1:${port}/`, body: 'x' })).body);
    expect(await ask()).toBe('1');
    await new Promise((resolve) => setImmediate(resolve));
    expect(await ask()).toBe('3');
  });
});
