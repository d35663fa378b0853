import { Inject, Injectable, Logger } from '@nestjs/common';
import { RateLimits } from '../../../shared/auth/index.js';
import { InvalidInput, type JsonObject, type JsonValue } from '../../../shared/errors/index.js';
import { TooManyItems } from '../../../shared/http/index.js';
import { type Outcome, OwnMethods } from './own-methods.js';
import { RestCalls } from './rest-calls.js';
import { REST_METHODS, type RestMethod } from './rest-methods.js';
import { RefusedCall, type RpcError, toRpcError } from './rpc-errors.js';
import { idOf, isObject, type RpcId, requestOf, type RpcRequest } from './rpc-request.js';
import type { SocketConnection } from './socket-connection.js';
import { limitsOf, SOCKET_OPTIONS, type SocketLimits, type SocketOptions } from './socket.options.js';
import { BatchAnswerTooLarge, IdInUse, InvalidRequest, MethodNotFound } from './ws.errors.js';

/** What is to be sent, if anything, and what begins then. */
interface Reply {
  bytes?: Buffer;
  afterwards?: (() => void) | undefined;
}

/** Requests of one batch that are worked on at the same time. */
const ABREAST = 16;
/** From so many bytes of answers on, what is left of a batch is refused. */
const MAX_BATCH_ANSWER = 4 * 1024 * 1024;

/** JSON-RPC 2.0: reads what a connection sends, has it done, and answers. */
@Injectable()
export class Rpc {
  private readonly logger = new Logger('sockets');
  private readonly limits: SocketLimits;

  constructor(
    private readonly rest: RestCalls,
    private readonly own: OwnMethods,
    private readonly rates: RateLimits,
    @Inject(SOCKET_OPTIONS) options: SocketOptions,
  ) {
    this.limits = limitsOf(options);
  }

  /** Never fails: what goes wrong is answered. */
  async receive(connection: SocketConnection, bytes: Buffer, binary: boolean): Promise<void> {
    const { bytes: answer, afterwards } = await this.replyTo(connection, bytes, binary);
    if (answer) connection.send(answer);
    afterwards?.();
  }

  private async replyTo(connection: SocketConnection, bytes: Buffer, binary: boolean): Promise<Reply> {
    try {
      const message = decode(connection, bytes, binary);
      return Array.isArray(message) ? await this.batch(connection, message) : await this.one(connection, message);
    } catch (error) {
      return this.refuse(connection, null, error);
    }
  }

  /** Together but not all at once; the answers stand in the order of the requests. */
  private async batch(connection: SocketConnection, messages: readonly JsonValue[]): Promise<Reply> {
    if (messages.length === 0) throw new InvalidRequest('A batch must hold a request.');
    if (messages.length > this.limits.batch) throw new TooManyItems('requests', this.limits.batch);
    const replies: Reply[] = [];
    let held = 0;
    const work = async (indexes: readonly number[]): Promise<void> => {
      const left = indexes.values();
      const lane = async (): Promise<void> => {
        for (const index of left) {
          const message = messages[index] ?? null;
          // What is answered waits for the rest of the batch, and nobody else can take it from memory.
          const reply =
            held < MAX_BATCH_ANSWER
              ? await this.one(connection, message)
              : await this.refuse(connection, idOf(message), new BatchAnswerTooLarge(MAX_BATCH_ANSWER));
          held += reply.bytes?.length ?? 0;
          replies[index] = reply;
        }
      };
      await Promise.all(Array.from({ length: ABREAST }, lane));
    };
    // A subscription fills up until the batch is answered, so nothing is waited for once it is open.
    const indexes = [...messages.keys()];
    await work(indexes.filter((index) => !isSubscribe(messages[index])));
    await work(indexes.filter((index) => isSubscribe(messages[index])));
    const answers = replies.flatMap(({ bytes }) => bytes ?? []);
    return {
      ...(answers.length > 0 && { bytes: connection.encoding.batch(answers) }),
      afterwards: () => replies.forEach(({ afterwards }) => afterwards?.()),
    };
  }

  private async one(connection: SocketConnection, message: JsonValue): Promise<Reply> {
    let request: RpcRequest;
    try {
      request = requestOf(message);
    } catch (error) {
      return this.refuse(connection, idOf(message), error);
    }
    const { id } = request;
    try {
      const { result, afterwards } = await this.run(connection, request);
      return { ...(id !== undefined && { bytes: connection.encoding.answer(id, result) }), afterwards };
    } catch (error) {
      const isCounted = error instanceof RefusedCall || !REST_METHODS.has(request.method);
      const failed = this.errorOf(
        connection,
        isCounted ? error : await this.counted(connection, error),
        request.method,
      );
      if (id === undefined) return {};
      // Under its id it would be taken for the answer to the first request.
      return { bytes: encodeError(connection, error instanceof IdInUse ? null : id, failed) };
    }
  }

  /** Routes count their requests; what passes none is counted here. */
  private async run(connection: SocketConnection, { id, method, params }: RpcRequest): Promise<Outcome> {
    const route = REST_METHODS.get(method);
    if (!route) await this.rates.take(connection.peer.caller);
    if (method === 'cancel') return this.cancel(connection, params.id);
    using call = connection.begin(id);
    if (!route) return await this.runOwn(connection, method, params);

    const { progressToken, ...asked } = params;
    using _progress = this.progress(connection, progressToken);
    using _turn = isLongRead(route, asked) ? await connection.turnToRead() : undefined;
    return { result: await this.rest.call(route, asked, call.origin) };
  }

  private runOwn(connection: SocketConnection, method: string, params: JsonObject): Outcome | Promise<Outcome> {
    const own = this.own.find(method);
    if (!own) throw new MethodNotFound(method);
    return own(connection, params);
  }

  /** Takes no place among the requests under way: it ends one of them. */
  private cancel(connection: SocketConnection, id: JsonValue | undefined): Outcome {
    if (typeof id !== 'string' && typeof id !== 'number') {
      throw InvalidInput.of('id', 'isId', 'id must be that of a request under way, a string or a number.');
    }
    return { result: JSON.stringify({ cancelled: connection.cancel(id) }) };
  }

  /** Tells from time to time that a request is still waited for, if it asked for that. */
  private progress(connection: SocketConnection, token: JsonValue | undefined): Disposable {
    if (token === undefined) return { [Symbol.dispose]: () => undefined };
    if (typeof token !== 'string' && typeof token !== 'number') {
      throw InvalidInput.of('progressToken', 'isToken', 'progressToken must be a string or a number.');
    }
    const begun = performance.now();
    const timer = setInterval(() => {
      const elapsedSeconds = Math.round(performance.now() - begun) / 1_000;
      connection.notify('progress', { token, elapsedSeconds });
    }, this.limits.progressMs);
    return { [Symbol.dispose]: () => clearInterval(timer) };
  }

  /** Of what is no request. */
  private async refuse(connection: SocketConnection, id: RpcId, error: unknown): Promise<Reply> {
    return { bytes: encodeError(connection, id, this.errorOf(connection, await this.counted(connection, error))) };
  }

  /** What is refused before its route counts as a request: nobody may send rubbish without end. @returns the refusal */
  private async counted(connection: SocketConnection, refusal: unknown): Promise<unknown> {
    try {
      await this.rates.take(connection.peer.caller);
      return refusal;
    } catch (limited) {
      return limited;
    }
  }

  private errorOf(connection: SocketConnection, error: unknown, method?: string): RpcError {
    const failed = toRpcError(error, connection.nextCallId());
    if (failed.data.code === 'internal') this.logger.error({ msg: 'call failed', method, err: error });
    return failed;
  }
}

const isSubscribe = (message: JsonValue | undefined): boolean => isObject(message) && message.method === 'subscribe';

/** Pages can be large, those of feeds only up to a limit of their own: who waits for events takes nobody's turn. */
const isLongRead = ({ reads }: RestMethod, { wait }: JsonObject): boolean => reads && wait === undefined;

function decode({ encoding }: SocketConnection, bytes: Buffer, binary: boolean): JsonValue {
  if (binary === encoding.binary) return encoding.decode(bytes);
  throw new InvalidRequest(
    `${encoding.subprotocol} is spoken here, in ${encoding.binary ? 'binary' : 'text'} frames only.`,
  );
}

const encodeError = ({ encoding }: SocketConnection, id: RpcId, error: RpcError): Buffer =>
  encoding.encode({ jsonrpc: '2.0', id, error });
