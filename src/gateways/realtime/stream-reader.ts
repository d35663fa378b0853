import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { MissingCredentials, type Principal } from '../../shared/auth/index.js';
import { InvalidInput } from '../../shared/errors/index.js';

/** Who asks for a stream, and the connection that it goes to. */
export interface StreamReader {
  caller: Principal;
  stillAllowed: () => Promise<void>;
  credentials: string;
  /** The number of the last event that a stream before this one gave. */
  lastEventId: number | undefined;
  reply: FastifyReply;
}

const LAST_EVENT_ID = 'Last-Event-ID';

/** `@Reader() reader: StreamReader`. @throws InvalidInput when `Last-Event-ID` is not one of ours */
export const Reader: () => ParameterDecorator = createParamDecorator(
  (_: unknown, context: ExecutionContext): StreamReader => {
    const http = context.switchToHttp();
    const { caller, stillAllowed, headers } = http.getRequest<FastifyRequest>();
    if (!caller || !stillAllowed) throw new MissingCredentials();
    const { authorization: credentials = '', 'last-event-id': lastEventId } = headers;
    return { caller, stillAllowed, credentials, lastEventId: parseId(lastEventId), reply: http.getResponse() };
  },
  [
    (target, key) => {
      const method = key === undefined ? undefined : Object.getOwnPropertyDescriptor(target, key);
      const describe = ApiHeader({
        name: LAST_EVENT_ID,
        required: false,
        description: 'The id of the last event that was received; it goes before `after`.',
        schema: { type: 'integer', minimum: 0 },
      });
      if (key !== undefined && method) describe(target, key, method);
    },
  ],
);

function parseId(given: string | string[] | undefined): number | undefined {
  if (given === undefined || given === '') return undefined;
  if (typeof given === 'string' && /^\d{1,15}$/.test(given)) return Number(given);
  throw InvalidInput.of(LAST_EVENT_ID, 'isInt', `${LAST_EVENT_ID} must be the number of an event, or 0.`);
}
