#!/usr/bin/env node
import { parse } from './program.ts';

// Whoever read our output is gone (`muster events | head`): that asks for an end as a TERM does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.kill(process.pid, 'SIGTERM');
  else throw error;
});

// Only light modules are reachable from here: `muster --help` must not wait for the database driver or the web server.
process.exitCode = await parse(process.argv.slice(2));

// What is still open now is not worth waiting for: a socket in its closing handshake, an idle keep-alive connection.
setTimeout(() => process.exit(), 1_000).unref();
