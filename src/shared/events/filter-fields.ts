import { applyDecorators } from '@nestjs/common';
import { ArrayMaxSize, IsArray, Matches, MaxLength } from 'class-validator';
import { SUBJECT_FILTER, TYPE_FILTER } from './event-filter.js';
import { SUBSCRIBER_NAME, SUBSCRIBER_NAME_RULE } from './subscribers.js';

/** Names that a filter may hold. */
export const MAX_FILTERS = 50;
const MAX_LENGTH = 100;

const filters = (pattern: RegExp, message: string): PropertyDecorator =>
  applyDecorators(
    ArrayMaxSize(MAX_FILTERS),
    MaxLength(MAX_LENGTH, { each: true }),
    Matches(pattern, { each: true, message: `each of $property must be ${message}` }),
    IsArray(),
  );

/** A list of types, as `EventFilter` takes them. */
export const IsTypeFilter = (): PropertyDecorator => filters(TYPE_FILTER, 'a type, such as task.created, or task.*');

/** A list of subjects, as `EventFilter` takes them. */
export const IsSubjectFilter = (): PropertyDecorator => filters(SUBJECT_FILTER, 'an id, task/<id>, or task/*');

/** The name of a subscriber, as `Subscribers` takes it. */
export const IsSubscriberName = (): PropertyDecorator =>
  Matches(SUBSCRIBER_NAME, { message: `$property must be ${SUBSCRIBER_NAME_RULE}` });
