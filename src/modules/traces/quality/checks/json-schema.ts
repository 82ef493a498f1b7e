type Schema = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Schema => typeof value === 'object' && value !== null && !Array.isArray(value);
const DEEPEST = 40;

/**
 * What of a value breaks a JSON Schema, in words; undefined: nothing. It reads what providers' strict modes allow (type, properties, required,
 * additionalProperties, items, enum, const, anyOf, oneOf, allOf, $ref into the same document); what else a schema says is not judged.
 */
export const breachOf = (schema: unknown, value: unknown): string | undefined => breach(schema, value, 'it', schema, 0);

function breach(schema: unknown, value: unknown, place: string, root: unknown, depth: number): string | undefined {
  if (schema === false) return `${place} may not be there`;
  if (!isObject(schema) || depth > DEEPEST) return undefined;
  const ref = schema['$ref'];
  if (typeof ref === 'string') return breach(resolve(root, ref), value, place, root, depth + 1);
  const types = [schema['type']].flat().filter((type) => typeof type === 'string');
  if (types.length > 0 && !types.some((type) => isOf(type, value))) return `${place} is ${typeOf(value)}, not ${types.join(' or ')}`;
  if (schema['nullable'] === true && value === null) return undefined;
  if ('const' in schema && !same(schema['const'], value)) return `${place} is not ${JSON.stringify(schema['const'])}`;
  const allowed = schema['enum'];
  if (Array.isArray(allowed) && !allowed.some((one) => same(one, value))) return `${place} is none of the values allowed`;
  for (const one of listOf(schema['allOf'])) {
    const found = breach(one, value, place, root, depth + 1);
    if (found !== undefined) return found;
  }
  const choices = [...listOf(schema['anyOf']), ...listOf(schema['oneOf'])];
  if (choices.length > 0 && choices.every((one) => breach(one, value, place, root, depth + 1) !== undefined))
    return `${place} fits none of the forms allowed`;
  if (Array.isArray(value)) return inList(schema, value, place, root, depth);
  return isObject(value) ? inObject(schema, value, place, root, depth) : undefined;
}

function inObject(schema: Schema, value: Schema, place: string, root: unknown, depth: number): string | undefined {
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  for (const name of listOf(schema['required']))
    if (typeof name === 'string' && !Object.hasOwn(value, name)) return `${place === 'it' ? name : `${place}.${name}`} is missing`;
  for (const [name, field] of Object.entries(value)) {
    const at = place === 'it' ? name : `${place}.${name}`;
    const found = Object.hasOwn(properties, name)
      ? breach(properties[name], field, at, root, depth + 1)
      : breach(schema['additionalProperties'], field, at, root, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

function inList(schema: Schema, value: readonly unknown[], place: string, root: unknown, depth: number): string | undefined {
  for (const [index, item] of value.entries()) {
    const found = breach(schema['items'], item, `${place}[${index}]`, root, depth + 1);
    if (found !== undefined) return found;
  }
  const fewest = schema['minItems'];
  return typeof fewest === 'number' && value.length < fewest ? `${place} has fewer than ${fewest} items` : undefined;
}

function resolve(root: unknown, ref: string): unknown {
  if (!ref.startsWith('#')) return undefined;
  let node: unknown = root;
  for (const step of ref.slice(1).split('/').filter(Boolean)) {
    const name = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
    node = isObject(node) && Object.hasOwn(node, name) ? node[name] : undefined;
  }
  return node;
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const typeOf = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);
const isOf = (type: string, value: unknown): boolean =>
  type === 'integer' ? Number.isInteger(value) : type.toLowerCase() === typeOf(value) || (type === 'number' && typeof value === 'number');
const same = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);
