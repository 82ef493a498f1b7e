import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** A mail server on loopback that speaks as much SMTP as a client needs, and answers as it is told to. */
export class MailServer implements AsyncDisposable {
  /** Mails as they came: headers and text. */
  readonly mails: string[] = [];
  /** What it says to the end of a mail, first ones first; 250 after that. */
  first: string[] = [];
  /** What it says to a login. */
  login = '235 2.7.0 Welcome';
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  port = 0;

  async start(): Promise<this> {
    const server = createServer((socket) => this.#converse(socket));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
    return this;
  }

  #converse(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => undefined);
    const say = (text: string): void => void socket.write(`${text}\r\n`);
    let buffered = '';
    let mail: string | undefined;
    say('220 mail.test ESMTP');
    socket.on('data', (part) => {
      buffered += part.toString('utf8');
      for (;;) {
        if (mail !== undefined) {
          const end = buffered.indexOf('\r\n.\r\n');
          if (end < 0) return;
          this.mails.push(buffered.slice(0, end));
          buffered = buffered.slice(end + 5);
          mail = undefined;
          say(this.first.shift() ?? '250 2.0.0 Queued');
        }
        const end = buffered.indexOf('\r\n');
        if (end < 0) return;
        const line = buffered.slice(0, end);
        buffered = buffered.slice(end + 2);
        const verb = line.slice(0, 4).toUpperCase();
        if (verb === 'EHLO') say('250-mail.test\r\n250 AUTH PLAIN');
        else if (verb === 'AUTH') say(this.login);
        else if (verb === 'DATA') {
          say('354 Go on');
          mail = '';
        } else if (verb === 'QUIT') {
          say('221 Bye');
          socket.end();
        } else say('250 2.0.0 OK');
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server?.close(resolve));
  }
}
