export { conversationOf, type RunTexts } from './conversation.ts';
export type { Conversation, Message, Part } from './message.ts';
