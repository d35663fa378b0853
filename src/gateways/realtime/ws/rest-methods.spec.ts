import { REST_METHODS } from './rest-methods.js';
import openapi from '../../../../docs/openapi.json';

interface Route {
  parameters?: { name: string; in: string }[];
  requestBody?: unknown;
  responses: Record<string, { content?: object }>;
}

/** What no request and one answer cannot do: streams, and what is no API. */
const isStream = ({ responses }: Route): boolean =>
  '101' in responses || Object.values(responses).some(({ content = {} }) => 'text/event-stream' in content);

const routes = Object.entries(openapi.paths as unknown as Record<string, Record<string, Route>>).flatMap(
  ([path, item]) =>
    Object.entries(item).map(([verb, route]): [string, Route] => [`${verb.toUpperCase()} ${path}`, route]),
);
const api = new Map(routes.filter(([name, route]) => name.includes(' /v1/') && !isStream(route)));

describe('the methods that call routes', () => {
  it('are as many as there are routes, each under one name', () => {
    const called = [...REST_METHODS.values()].map(({ verb, path }) => `${verb} ${path}`);
    expect([...called].sort()).toEqual([...api.keys()].sort());
  });

  it.each([...REST_METHODS])('%s takes what its route takes', (_, { verb, path, ids, rest, versioned }) => {
    const { parameters = [], requestBody } = api.get(`${verb} ${path}`) as Route;
    const named = (place: string): string[] => parameters.filter((one) => one.in === place).map(({ name }) => name);
    expect(ids).toEqual(named('path'));
    expect(rest).toBe(requestBody ? 'body' : named('query').length > 0 ? 'query' : undefined);
    expect(versioned).toBe(named('header').includes('If-Match'));
  });
});
