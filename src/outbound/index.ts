export { createOutbound, type Outbound, type OutboundSettings } from './outbound.ts';
export { isNetwork } from './networks.ts';
export type { OutboundResponse } from './request.ts';
export type { OutboundStream } from './stream.ts';
