import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsString, Length } from 'class-validator';
import { IsIds, Omittable } from '../shared/http/index.js';

/** Names of one kind in one request at most. */
const MAX_NAMES = 100;

/** What is asked for only in these workspaces: a list of ids that is not empty. */
export const OfWorkspaces = (): PropertyDecorator =>
  applyDecorators(
    Omittable(),
    ArrayMinSize(1),
    ArrayMaxSize(MAX_NAMES),
    IsIds(),
    ApiProperty({ minItems: 1, maxItems: MAX_NAMES }),
  );

/** What is asked for only of these types: a list that is not empty. */
export const OfTypes = (): PropertyDecorator =>
  applyDecorators(
    Omittable(),
    IsArray(),
    ArrayMinSize(1),
    ArrayMaxSize(MAX_NAMES),
    IsString({ each: true }),
    Length(1, 200, { each: true }),
    ApiProperty({
      type: 'array',
      items: { type: 'string', minLength: 1, maxLength: 200 },
      minItems: 1,
      maxItems: MAX_NAMES,
    }),
  );
