// The types of clients/typescript, made of the OpenAPI document, of the table of methods that /v1/ws has, so that a call is
// named and typed alike over both, and of the catalogue of events.
import openapiTS, { astToString } from 'openapi-typescript';
import { format, resolveConfig } from 'prettier';

const HEAD = `// Made by scripts/generate-docs.mjs of docs/openapi.json and the methods of /v1/ws.
`;

/**
 * @param methods `{name, verb, path, ids, rest, versioned}` of each method
 * @param events `{type, data}` of each event, `data` being a JSON Schema
 */
export async function clientTypes(openApi, methods, events) {
  const types = await openapiTS(JSON.stringify(withEvents(trimmed(openApi), events)));
  const wanted = types.filter(({ name }) => ['components', 'operations'].includes(name?.text));
  const rows = methods.map((method) => [method.name, rowOf(openApi, method)]);
  const table = `export const METHODS = ${JSON.stringify(Object.fromEntries(rows))} as const;\n`;
  const names = `export type EventType = ${events.map(({ type }) => `'${type}'`).join(' | ')};\n`;
  const source = `${HEAD}\n/** What each method calls, and where its parameters go. */\n${table}\n${names}\n${astToString(wanted)}`;
  return format(source, { ...(await resolveConfig(import.meta.filename)), parser: 'typescript' });
}

function rowOf({ paths }, { verb, path, rest, versioned }) {
  const { operationId: operation, responses } = paths[path][verb.toLowerCase()];
  const empty = '204' in responses;
  return { operation, verb, path, ...(rest && { rest }), ...(versioned && { versioned }), ...(empty && { empty }) };
}

/** Refusals are one class whatever the route; they would be two thirds of the text. */
function trimmed({ paths, ...document }) {
  const lean = Object.entries(paths).map(([path, verbs]) => [path, mapValues(verbs, leanOperation)]);
  return { ...document, paths: Object.fromEntries(lean) };
}

const leanOperation = ({ responses, ...operation }) => ({
  ...operation,
  parameters: (operation.parameters ?? []).filter((one) => one.in !== 'header'),
  responses: Object.fromEntries(Object.entries(responses).filter(([status]) => status < '300')),
});

/** The data of each type of event is a schema of its name. */
function withEvents(document, events) {
  const schemas = Object.fromEntries(events.map(({ type, data }) => [type, data ?? { type: 'null' }]));
  const { components } = document;
  return { ...document, components: { ...components, schemas: { ...components.schemas, ...schemas } } };
}

const mapValues = (object, change) =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
