import { added, usageOf, type Usage } from './usage.ts';
import { listOf, nameOf, objectOf, type Json } from './values.ts';

/** A batch of prompts, or the keys of what a function returned: more than this many are not looked through. */
const MOST_PLACES = 64;

/** Where the SDKs put what a call used, the most deliberate place first: what the application said itself, then what its model client returned. */
export function usageIn(metadata: Json | undefined, outputs: Json | undefined): Usage | undefined {
  const said = usageOf(metadata?.['usage_metadata']);
  if (said !== undefined || outputs === undefined) return said;
  return (
    usageOf(outputs['usage_metadata']) ??
    usageOfMember(outputs) ??
    usageOfGenerations(outputs) ??
    usageOf(objectOf(outputs['llmOutput'])?.['tokenUsage']) ??
    usageOf(objectOf(outputs['llm_output'])?.['token_usage']) ??
    usageOf(outputs['usage']) ??
    usageOf(outputs['usageMetadata']) ??
    usageOf(objectOf(outputs['output'])?.['usage'])
  );
}

/** `{ message: { usage_metadata } }` under any name, plain or as LangChain serialises a message. */
function usageOfMember(outputs: Json): Usage | undefined {
  let seen = 0;
  for (const key in outputs) {
    if (++seen > MOST_PLACES) return undefined;
    const member = objectOf(outputs[key]);
    if (member === undefined) continue;
    const usage = usageOf(member['usage_metadata']) ?? usageOf(objectOf(member['kwargs'])?.['usage_metadata']);
    if (usage !== undefined) return usage;
  }
  return undefined;
}

/** LangChain: a list of answers for each prompt of the batch. Of several answers to one prompt, the first carries what the call used. */
function usageOfGenerations(outputs: Json): Usage | undefined {
  let sum: Usage | undefined;
  for (const message of firstMessages(outputs)) sum = added(sum, usageOf(message['usage_metadata']));
  return sum;
}

function* firstMessages(outputs: Json): Iterable<Json> {
  for (const answers of listOf(outputs['generations']).slice(0, MOST_PLACES)) {
    for (const answer of Array.isArray(answers) ? listOf(answers).slice(0, MOST_PLACES) : [answers]) {
      const message = objectOf(objectOf(answer)?.['message']);
      const fields = objectOf(message?.['kwargs']) ?? message;
      if (fields === undefined) continue;
      yield fields;
      break;
    }
  }
}

/** The model that answered, by its own words: `gpt-4o-2024-08-06` where `gpt-4o` was asked. */
export function answeringModel(outputs: Json | undefined): string | undefined {
  if (outputs === undefined) return undefined;
  const said = nameOf(outputs['model']) ?? nameOf(objectOf(outputs['llm_output'])?.['model_name']);
  if (said !== undefined) return said;
  for (const message of firstMessages(outputs)) {
    const about = objectOf(message['response_metadata']);
    const model = nameOf(about?.['model_name']) ?? nameOf(about?.['model']);
    if (model !== undefined) return model;
  }
  return undefined;
}
