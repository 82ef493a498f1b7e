import { MusterError } from '../base/errors.ts';
import { runCommand, type CommandResult, type OutboundCommand } from './command.ts';
import { parseNetworks } from './networks.ts';
import { requestOnce, type OutboundRequest, type OutboundResponse } from './request.ts';
import { resolveHost, type Destination, type Lookup } from './resolve.ts';
import { Streams, type OutboundStream, type StreamRequest } from './stream.ts';

/** What this installation lets out. */
export interface OutboundSettings {
  /** Networks besides the public internet, as `10.1.0.0/16`: inside them plain HTTP and bare addresses are allowed too. */
  readonly allowedNetworks: readonly string[];
  /** Whether channels and actions may run shell commands. */
  readonly allowCommands: boolean;
}

/** The way to the outside: every call of a URL, a host or a command that people or agents have named goes through it. */
export interface Outbound {
  readonly settings: OutboundSettings;
  /** Throws OUTBOUND_REFUSED, OUTBOUND_FAILED or OUTBOUND_TIMEOUT. */
  request(request: OutboundRequest): Promise<OutboundResponse>;
  /** The same for an answer that is read as it comes, over connections that are kept for the next. */
  stream(request: StreamRequest): Promise<OutboundStream>;
  /** The address to connect to, for whoever speaks another protocol. Throws OUTBOUND_REFUSED or OUTBOUND_FAILED. */
  resolve(host: string): Promise<Destination>;
  /** Throws OUTBOUND_REFUSED where commands are not allowed, OUTBOUND_FAILED or OUTBOUND_TIMEOUT. */
  run(command: OutboundCommand): Promise<CommandResult>;
}

const NOTHING_OPENED: OutboundSettings = { allowedNetworks: [], allowCommands: false };

/** Throws CONFIG_INVALID for what is no network. */
export function createOutbound(settings: OutboundSettings = NOTHING_OPENED, lookup?: Lookup): Outbound {
  const allowed = parseNetworks(settings.allowedNetworks);
  const streams = new Streams({ allowed, lookup });
  return {
    settings,
    request: (request) => requestOnce(request, { allowed, lookup }),
    stream: (request) => streams.open(request),
    resolve: (host) => resolveHost(host, allowed, lookup),
    async run(command) {
      if (settings.allowCommands) return runCommand(command);
      throw new MusterError('OUTBOUND_REFUSED', 'commands are not allowed here', {
        remedy: 'Set MUSTER_ALLOW_COMMANDS=true on every host that may run them.',
      });
    },
  };
}
