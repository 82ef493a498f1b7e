export { addGatewayDoor } from './door.ts';
export { Gateway } from './gateway.ts';
export { addGatewayRoutes } from './routes.ts';
export { GivenProvider, ProviderName, putProvider, testProvider, type Tested } from './set-up.ts';
export { noProvider, Providers } from './providers.ts';
export { KINDS } from './provider.ts';
export { providerView } from './views.ts';
